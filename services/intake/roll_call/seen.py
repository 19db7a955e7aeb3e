"""What a caller sees of roll calls: the schools of their units, and the bureaus."""

from collections.abc import Sequence

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.overview import BureauPart, Overview, overview_of, part_of
from escalation_policies.roll_call.roster import School, asked_schools, school_of
from escalation_policies.roll_call.school_day import SchoolDay
from escalation_policies.roll_call.sheet import Sheet, counts_of, sheet_of
from events.directory import UnitRecorded
from services.intake.deps import Deps
from services.intake.roll_call.asked import day_meant
from services.intake.security import within
from services.runtime.open_calls import LatestCalls, named
from services.runtime.roll_call_rows import RollCallRows
from services.runtime.tokens import Caller


def bureaus_of(deps: Deps, caller: Caller) -> list[UnitRecorded]:
    """Return the bureaus at or below the caller's unit that have roll calls, in directory order."""
    directory = deps.directory()
    return [
        unit
        for unit in directory.bureaus()
        if within(directory, caller, unit.unit_id) and deps.schedules.of(unit.unit_id) is not None
    ]


async def overview_for(
    deps: Deps, calls: LatestCalls, caller: Caller, bureaus: Sequence[UnitRecorded], day: str, name: str | None
) -> Overview:
    """Return the numbers of several bureaus. ``name``: of which roll call of the day; None: each bureau's latest."""
    parts = []
    for unit in bureaus:
        on = await day_meant(deps, calls, unit.unit_id, day)
        call = named(await calls.on(unit.unit_id, on), name, deps.clock.now())
        part = BureauPart(bureau_id=unit.unit_id, bureau_name=unit.name, date=on)
        parts.append(part if call is None else part_of(await sheet_for(deps, caller, call)))
    return overview_of(parts, deps.clock.now())


async def sheet_for(deps: Deps, caller: Caller, call: RollCall) -> Sheet:
    """Return the sheet of the caller's schools: counted anew, so that a district sees its own numbers."""
    directory = deps.directory()
    asked = asked_schools(call.schedule, directory, call.window.bureau_id, call.window.date)
    async with deps.store.database.reading(at_length=True) as connection:
        days = await RollCallRows(connection).days_in(call.roll_call_id)
    mine = [school for school in (*asked, *_unasked(deps, asked, days)) if within(directory, caller, school.unit_id)]
    sheet = sheet_of(call, mine, days, deps.clock.now())
    lines = tuple(line for line in sheet.lines if line.school_id in {school.unit_id for school in asked})
    return sheet.model_copy(update={"counts": counts_of(lines)}) if len(lines) < len(sheet.lines) else sheet


def _unasked(deps: Deps, asked: Sequence[School], days: dict[str, SchoolDay]) -> list[School]:
    """Return schools that answered without being asked: they are shown, and counted nowhere."""
    ids = {school.unit_id for school in asked}
    answered = [school_id for school_id, day in days.items() if day.answer is not None and school_id not in ids]
    found = (school_of(deps.directory(), school_id) for school_id in answered)
    return [school for school in found if school is not None]
