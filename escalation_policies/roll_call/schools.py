"""The door for what concerns one school: ``decide_school`` takes its day, one event and the directory as it is now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation_policies.roll_call.answering import confirm
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.chasing import chase
from escalation_policies.roll_call.contradicting import note_case
from escalation_policies.roll_call.page import Effect, Page, StepReached
from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.school_day import Excuse, NotedCase, SchoolDay
from escalation_policies.selector import Directory
from events.roll_call import CaseNoted, ReportConfirmed, SchoolExcused

SchoolEvent = ReportConfirmed | SchoolExcused | CaseNoted | StepReached


@dataclass(frozen=True, slots=True)
class SchoolDecision:
    """What an event does: the new state, the effects in order, and the reason in one line, for a no-op, too."""

    state: SchoolDay
    effects: tuple[Effect, ...]
    reason: str


def decide_school(
    day: SchoolDay | None,
    event: SchoolEvent,
    directory: Directory,
    call: RollCall,
    school: School,
    now: datetime,
    known: Sequence[NotedCase] = (),
) -> SchoolDecision:
    """Apply one event to a school's day. ``known``: cases of the school that are open now, or happened that day."""
    day = day or SchoolDay(roll_call_id=call.roll_call_id, school_id=school.unit_id)
    page = Page(call, school, directory, now, day)
    if isinstance(event, ReportConfirmed):
        confirm(page, event, known)
    elif isinstance(event, SchoolExcused):
        _excuse(page, event)
    elif isinstance(event, CaseNoted):
        note_case(page, event)
    else:
        chase(page, event)
    return SchoolDecision(page.day, tuple(page.effects), page.reason)


def _excuse(page: Page, fact: SchoolExcused) -> None:
    at = min(fact.received_at, page.now)
    if not page.holds(page.call.schedule.excuse_by, fact.by, at):
        page.say(at, "excused by somebody who may not: the school must answer", fact.by)
    elif not fact.lifted:
        page.change(excuse=Excuse(by=fact.by, reason=fact.reason, at=at))
        page.say(at, f"excused: {fact.reason}", fact.by)
        page.call_back(at)
    elif page.day.excuse is None:
        page.say(at, "it was not excused: nothing changes", fact.by)
    else:
        page.change(excuse=None)
        page.say(at, f"the excuse is lifted, the school must answer: {fact.reason}", fact.by)
