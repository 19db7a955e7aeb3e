"""The door of the machine: ``judge`` takes an event after every deadline before it, ``decide`` that event alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation_policies.case import Case
from escalation_policies.errors import Undecidable
from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import answers, closing, moves, petitions, reminding, reports, severity, unreached
from escalation_policies.machine.ledger import Effect, Ledger
from escalation_policies.machine.open_case import Report, open_case
from escalation_policies.schema import Policy
from escalation_policies.selector import Directory
from events import incident as facts
from events.base import CaseFact
from events.escalation import Cause, DeadlineReached, JournalEntry
from events.petition import (
    PETITION_FACTS,
    ExtensionGranted,
    ObjectionRaised,
    PetitionAccepted,
    PetitionDeclined,
    PetitionFiled,
    PetitionResolved,
    PetitionWithdrawn,
    ReviewAnswered,
    ReviewAsked,
)
from events.unreached import ContactUnreached

DEADLINE_REACHED = "edu.tocsin.escalation.deadline-reached.v1"
Event = CaseFact | DeadlineReached


@dataclass(frozen=True)
class Decision:
    """What an event does: the new state, the effects in order, and the reason in one line.

    ``state`` is None when the event speaks of a case that is not open yet; keep the event until it is.
    """

    state: Case | None
    effects: tuple[Effect, ...]
    reason: str


_SET_THE_RECORD_RIGHT = (
    facts.IncidentAcknowledged,
    facts.UpwardReportFiled,
    facts.UpdateFiled,
    facts.FinalReportFiled,
    PetitionAccepted,
    PetitionDeclined,
    ExtensionGranted,
    PetitionResolved,
    ReviewAsked,
    ReviewAnswered,
    PetitionWithdrawn,
)
"""Facts that are heard in a closed case, too, when they happened before it was closed: they may withdraw a breach, or
show that the case was not at its end."""


_HEARD_AFTER_THE_END = (facts.NoteAdded, facts.IncidentReopened, facts.ReportJoined, facts.ReportSeparated)
_OF_INCIDENTS_ALONE = (facts.IncidentWithdrawn, facts.IncidentReopened, facts.ReportSeparated)
_OPEN_TO_THE_SCHOOL = (facts.NoteAdded, facts.IncidentAmended, facts.IncidentWithdrawn)
"""What people of an excluded unit may still say, as long as they are not concerned themselves: one of them may have
made the report."""


def judge(
    case: Case | None, event: Event, directory: Directory, policies: PolicyLibrary, now: datetime
) -> list[Decision]:
    """Return the decisions for ``event``, after those for every stored deadline before it.

    ``now`` is when the event is judged; ``event`` carries the time it is judged by.

    Raises:
        Undecidable: the report names a school that the directory does not know. To the dead-letter topic.
    """
    decisions: list[Decision] = []
    before = _time_of(event, now)
    while case is not None and (deadline := next_deadline(case, before, now)) is not None:
        decisions.append(_decide_deadline(case, deadline, directory, now))
        case = decisions[-1].state
    decisions.append(decide(case, event, directory, policies, now))
    return decisions


def next_deadline(case: Case, before: datetime, now: datetime) -> DeadlineReached | None:
    """Return the case's earliest stored deadline if it is strictly before ``before``."""
    found = case.next_due()
    if found is None or found[1].at >= before:
        return None
    clock, due = found
    return DeadlineReached(case_id=case.case_id, clock=clock.key, step=due.step, deadline=due.at, fired_at=now)


def decide(
    case: Case | None, event: Event, directory: Directory, policies: PolicyLibrary | Policy, now: datetime
) -> Decision:
    """Apply one event.

    Raises:
        Undecidable: see ``judge``.
    """
    if isinstance(event, DeadlineReached):
        return _decide_deadline(case, event, directory, now)
    if case is None:
        if not isinstance(event, Report):
            return Decision(None, (), "no such case yet: the fact waits for its report")
        return _decide_opening(event, directory, policies, now)
    at = max(_time_of(event, now), case.received_at)  # a client's clock far behind would start what is over by then
    by: str | None = getattr(event, "by", None)
    ledger = Ledger(case, directory, at, now, _cause(event))
    if isinstance(event, Report):
        ledger.write("action-withheld", "the case is open already: the same report by another road")
    elif not _may_be_heard(case, event, at):
        ledger.write("action-withheld", "the case is closed", by=by)
    elif isinstance(event, PETITION_FACTS) and case.petition is None:
        ledger.write("action-withheld", "this case is not a petition", by=by)
    elif isinstance(event, _OF_INCIDENTS_ALONE) and case.petition is not None:
        reason = "this case is a petition: its petitioner alone takes it back, or on by asking for review"
        ledger.write("action-withheld", reason, by=by)
    elif _is_barred(ledger, event, by):
        ledger.write("action-withheld", "said by somebody whom the case concerns", by=by)
    else:
        _HANDLERS[type(event)](ledger, event)
    return _decision(ledger)


def _may_be_heard(case: Case, event: CaseFact, at: datetime) -> bool:
    """Return whether the case hears such a fact: an open one does, a closed one what sets its record right."""
    if case.closed_at is None or isinstance(event, _HEARD_AFTER_THE_END):
        return True
    return at <= case.closed_at and isinstance(event, _SET_THE_RECORD_RIGHT)


def _is_barred(ledger: Ledger, event: CaseFact, by: str | None) -> bool:
    """Return whether the case concerns who says this: nobody acts in a case that they may not hear of."""
    excluded = ledger.case.excluded
    if by is None or not excluded:
        return False
    if by in excluded:
        return True
    if isinstance(event, _OPEN_TO_THE_SCHOOL):
        return False
    found = ledger.directory.recipient(by)
    return found is not None and not ledger.may_hear(found)


def _decide_deadline(case: Case | None, event: DeadlineReached, directory: Directory, now: datetime) -> Decision:
    found = reminding.stored(case, event) if case is not None else None
    if case is None or found is None:
        return Decision(case, (), f"{event.clock} {event.step} is not a stored deadline any more")
    ledger = Ledger(case, directory, event.deadline, now, _cause(event))
    reminding.reach(ledger, *found)
    return _decision(ledger)


def _decide_opening(event: Report, directory: Directory, policies: PolicyLibrary | Policy, now: datetime) -> Decision:
    school = directory.school(event.school_id)
    if school is None:
        raise Undecidable(f"the directory has no school {event.school_id!r}")
    policy = policies if isinstance(policies, Policy) else _policy_for(policies, event)
    cause = _cause(event).model_copy(update={"policy": policy.model_dump(mode="json"), "school_name": school.name})
    return _decision(open_case(event, school, policy, directory, _time_of(event, now), now, cause))


def _policy_for(policies: PolicyLibrary, event: Report) -> Policy:
    return policies.for_any_kind(event.kind, "petition" if isinstance(event, PetitionFiled) else "incident")


def _time_of(event: Event, now: datetime) -> datetime:
    """Return the time an event is judged by: its own, but never one that has not come yet.

    A client's clock that runs ahead would fire deadlines early.
    """
    return event.deadline if isinstance(event, DeadlineReached) else min(event.received_at, now)


def _cause(event: Event) -> Cause:
    event_type = DEADLINE_REACHED if isinstance(event, DeadlineReached) else event.TYPE
    return Cause(type=event_type, data=event.model_dump(mode="json", exclude_none=True))


def _decision(ledger: Ledger) -> Decision:
    effects = ledger.finish()
    first = next(effect for effect in effects if isinstance(effect, JournalEntry))  # nothing is done without a reason
    return Decision(ledger.case, effects, first.reason)


_HANDLERS: Mapping[type[CaseFact], Callable[[Ledger, Any], None]] = {
    facts.IncidentAcknowledged: answers.acknowledge,
    facts.IncidentDeclined: answers.decline,
    facts.UpwardReportFiled: reports.report_upward,
    facts.UpdateFiled: reports.update,
    facts.FinalReportFiled: reports.final,
    facts.IncidentAmended: reports.amend,
    facts.SeverityChanged: severity.change_severity,
    facts.NoteAdded: reports.note,
    facts.IncidentClosed: closing.close,
    facts.IncidentReassigned: moves.reassign,
    facts.IncidentWithdrawn: moves.withdraw,
    facts.IncidentReopened: moves.reopen,
    facts.ReportJoined: moves.join,
    facts.ReportSeparated: moves.separate,
    ContactUnreached: unreached.unreached,
    PetitionAccepted: petitions.accept,
    PetitionDeclined: petitions.decline,
    ObjectionRaised: petitions.object_to,
    ExtensionGranted: petitions.extend,
    PetitionResolved: petitions.resolve,
    ReviewAsked: petitions.ask_review,
    ReviewAnswered: petitions.answer_review,
    PetitionWithdrawn: petitions.withdraw,
}
