"""A school answers, or corrects its answer; whether it was in time is judged, never stored."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from escalation_policies.durations import format_duration
from escalation_policies.roll_call.contradicting import look_for_contradictions
from escalation_policies.roll_call.page import Page
from escalation_policies.roll_call.school_day import VERSIONS, NotedCase, Version
from events.roll_call import ConfirmedLate, ReportConfirmed


def confirm(page: Page, fact: ReportConfirmed, known: Sequence[NotedCase]) -> None:
    """Keep an answer, and find out what follows from it. ``known``: cases of the school that it must agree with."""
    at, day = min(fact.received_at, page.now), page.day
    if len(day.versions) >= VERSIONS:
        page.reason = f"the school has answered {VERSIONS} times: this answer is not kept"
        return
    before, version = day.answer, _version(fact, at, _why_not(page, fact, at))
    page.change(versions=tuple(sorted((*day.versions, version), key=lambda one: one.received_at)))
    if version.refused is not None:
        page.say(at, version.refused, fact.by)
        return
    page.say(at, _what_it_is(page, version, before), fact.by)
    page.call_back(at)
    if page.day.first is version and at > page.call.cut_off and not page.day.told_late:
        page.change(told_late=True)
        page.effects.append(_late(page, version))
    if known:
        page.change(cases=tuple({case.case_id: case for case in (*page.day.cases, *known)}.values()))
    look_for_contradictions(page, at, "at-the-answer")


def _version(fact: ReportConfirmed, at: datetime, refused: str | None) -> Version:
    return Version(
        status=fact.status,
        by=fact.by,
        via=fact.via,
        received_at=at,
        submitted_at=fact.submitted_at,
        note=fact.note,
        refused=refused,
    )


def _why_not(page: Page, fact: ReportConfirmed, at: datetime) -> str | None:
    opens = page.call.window.opens_at
    if at < opens:
        local = opens.astimezone(ZoneInfo(page.call.window.timezone))
        return f"the roll call opens at {local:%H:%M}: this answer does not count, give it then"
    if not page.holds(page.call.schedule.confirm_by, fact.by, at):
        return "said by somebody who may not answer for this school: kept, and not counted"
    return None


def _what_it_is(page: Page, version: Version, before: Version | None) -> str:
    answer, late = page.day.answer, version.received_at - page.call.cut_off
    how = f"{format_duration(late)} after the cut-off" if late.total_seconds() > 0 else "in time"
    if page.call.closed_at is not None and version.received_at >= page.call.window.closes_at:
        how += ", after the roll call was closed"
    if answer is not None and answer is not version:
        return f"answered {version.status}, {how}; a later answer is known already: {answer.status}"
    if before is None:
        return f"answered {version.status}, {how}"
    again = before.status == version.status
    return f"answered {version.status} again, {how}" if again else f"corrected to {version.status}, {how}"


def _late(page: Page, version: Version) -> ConfirmedLate:
    window = page.call.window
    return ConfirmedLate(
        school_id=page.school.unit_id,
        bureau_id=window.bureau_id,
        date=window.date,
        call=window.call,
        cut_off=window.cut_off,
        exercise=page.call.exercise,
        received_at=version.received_at,
        status=version.status,
        by=version.by,
        late_seconds=int((version.received_at - window.cut_off).total_seconds()),
    )
