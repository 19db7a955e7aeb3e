"""A school says zero, and a case of it says otherwise: it is asked, and its bureau hears."""

from datetime import datetime
from typing import Literal

from escalation_policies.roll_call.messages import Message, Unit
from escalation_policies.roll_call.page import Page
from escalation_policies.roll_call.school_day import NotedCase
from events.roll_call import CaseNoted, ReportContradicted

Found = Literal["at-the-answer", "afterwards"]


def note_case(page: Page, fact: CaseNoted) -> None:
    """Take note of a case of the school that was filed, or taken back.

    One that comes again after it was taken back is on the sheet again, and the school is not asked a second time.
    """
    at = min(fact.received_at, page.now)
    others = tuple(case for case in page.day.cases if case.case_id != fact.case_id)
    if fact.withdrawn:
        known = len(others) < len(page.day.cases)
        page.change(cases=others)
        what = "it speaks against no answer any more" if known else "it was not known here"
        page.say(at, f"a case was taken back: {what}")
        return
    page.change(cases=(*others, NotedCase(case_id=fact.case_id, happened_at=fact.happened_at)))
    page.say(at, "a case was filed")
    look_for_contradictions(page, at, "afterwards")


def look_for_contradictions(page: Page, at: datetime, found: Found) -> None:
    """Ask the school about each case that speaks against its answer, once; tell its bureau if the summary is out."""
    day = page.day
    if day.flagged and day.answer is not None and day.answer.status == "with_cases":
        page.say(at, "the answer agrees with the cases now", day.answer.by)
    fresh = [case for case in day.contradicting if case.case_id not in day.flagged]
    if not fresh:
        return
    page.change(flagged=(*day.flagged, *(case.case_id for case in fresh)))
    page.effects += [_fact(page, case, at, found) for case in fresh]
    unit, step = Unit(page.school.unit_id, page.school.name), f"contradicted:{fresh[0].case_id}"
    rule = page.call.schedule.contradiction
    told = page.tell(Message("roll_call_contradicted", "school", unit, step, rule.channels, at, asks=True), rule.ask)
    page.say(at, f"zero, and {len(fresh)} of its cases say otherwise: {told}")
    if _summary_is_out(page):
        names = (page.school.name,)
        flag = Message("roll_call_flagged", "bureau", unit, step, rule.channels, at, contradicted=names)
        page.say(at, f"the summary has gone already: {page.tell(flag, rule.flag)}")


def _fact(page: Page, case: NotedCase, at: datetime, found: Found) -> ReportContradicted:
    window = page.call.window
    return ReportContradicted(
        school_id=page.school.unit_id,
        bureau_id=window.bureau_id,
        date=window.date,
        call=window.call,
        cut_off=window.cut_off,
        exercise=page.call.exercise,
        received_at=at,
        case_id=case.case_id,
        happened_at=case.happened_at,
        found=found,
    )


def _summary_is_out(page: Page) -> bool:
    steps = page.call.steps(("bureau",))
    return bool(steps) and page.now >= page.call.planned(steps[-1])
