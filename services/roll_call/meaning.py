"""Which roll calls an event about a school is about, when it names them and when it does not."""

from collections.abc import Sequence
from datetime import date

from escalation_policies.roll_call.call import RollCall
from events.roll_call import CaseNoted, ReportConfirmed, SchoolExcused
from services.runtime.open_calls import CallsOfDays, day_asked, named

OfSchool = ReportConfirmed | SchoolExcused | CaseNoted


async def calls_meant(calls: CallsOfDays, bureau_id: str, body: OfSchool) -> Sequence[RollCall] | str:
    """Return the roll calls of the school's bureau that are meant, or why there is none."""
    today = await day_asked(calls, bureau_id, body.received_at)
    if today is None and isinstance(body, CaseNoted):
        return ()
    if today is None:
        return f"bureau {bureau_id!r} has no schedule of roll calls"
    if isinstance(body, CaseNoted):
        return [call for day in await _days_of(calls, bureau_id, body) for call in await calls.on(bureau_id, day)]
    day = body.date or today
    found = await calls.on(bureau_id, day)
    if isinstance(body, SchoolExcused) and body.call is None:
        return found or f"bureau {bureau_id!r} has no roll call on {day}"
    call = named(found, body.call, body.received_at)
    what = f"roll call {body.call!r}" if body.call else "roll call"
    return [call] if call is not None else f"bureau {bureau_id!r} has no {what} on {day}"


async def _days_of(calls: CallsOfDays, bureau_id: str, case: CaseNoted) -> Sequence[date]:
    """Return the days that a case may speak of: by the calendar, and of the roll call that was asked then."""
    found: dict[date | None, None] = {}
    for moment in (case.happened_at, case.received_at):
        found[calls.day_of(bureau_id, moment)] = None
        found[await day_asked(calls, bureau_id, moment)] = None
    return [day for day in found if day is not None]
