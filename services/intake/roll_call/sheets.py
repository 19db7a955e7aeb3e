"""``GET /v1/roll-calls/…``: the day's sheet as data, as a file and to be printed; one school's day; a month."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from escalation_policies.roll_call.call import Note
from escalation_policies.roll_call.overview import Overview
from escalation_policies.roll_call.punctuality import Month, months_of
from escalation_policies.roll_call.roster import asked_schools, school_of
from escalation_policies.roll_call.school_day import Standing, Version, standing
from escalation_policies.roll_call.sheet import Line, Sheet, line_of
from events.directory import UnitRecorded
from services.intake.deps import Deps, Parts, Shared
from services.intake.problems import Problem, invalid
from services.intake.roll_call.asked import DayInPath, bureau_for, day_meant, the_call
from services.intake.roll_call.seen import bureaus_of, overview_for, sheet_for
from services.intake.roll_call.written import printable, printable_overview, written, written_overview
from services.intake.security import Reader, within
from services.runtime.open_calls import LatestCalls
from services.runtime.roll_call_rows import RollCallRows, read_call
from services.runtime.tables import roll_calls
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["roll calls"])
CallName = Annotated[str | None, Query(description="Which of the day's; unset: the latest that has opened.")]
BureauId = Annotated[str | None, Query(description="Whose; unset: that of the token's unit.")]
Format = Annotated[
    Literal["json", "csv", "html"], Query(description="`csv`: for a spreadsheet; `html`: a page to be printed.")
]
_FILES = {200: {"content": {"application/json": {}, "text/csv": {}, "text/html": {}}, "description": "The sheet."}}
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class CallSummary(BaseModel):
    """One roll call of a day."""

    call: str
    opens_at: str
    cut_off: str
    closed: bool
    exercise: bool


class SchoolView(BaseModel):
    """Everything that is known of one school in one roll call, with reasons."""

    line: Line
    versions: tuple[Version, ...] = Field(description="Every answer, those that do not count included.")
    notes: tuple[Note, ...] = Field(description="What happened, and why nobody was told, in the order of time.")


class MonthPage(BaseModel):
    """A month, by school in directory order: nobody is ranked."""

    month: str
    bureau_id: str
    schools: tuple[Month, ...]


@ROUTES.get(
    "/v1/roll-calls/{day}", summary="The day's sheet", response_model=Sheet | Overview, responses={200: _FILES[200]}
)
async def read_sheet(
    day: DayInPath,
    deps: Parts,
    shared: Shared,
    caller: Reader,
    call: CallName = None,
    bureau_id: BureauId = None,
    format: Format = "json",  # noqa: A002 - the parameter's name in the address
) -> Response:
    """Return who has confirmed, is late, missing, contradicted or excused, at the schools of the caller's units.

    A token above several bureaus that names none gets the numbers of each (`Overview`): with `bureau_id`, its sheet.
    """
    if bureau_id is None and len(bureaus := bureaus_of(deps, caller)) > 1:
        return await _overview(deps, shared.calls, caller, bureaus, day, call, format)
    whose = bureau_for(deps, caller, bureau_id)
    on = await day_meant(deps, shared.calls, whose, day)
    found = await the_call(deps, shared.calls, whose, on, call)
    sheet = await sheet_for(deps, caller, found)
    if format == "csv":
        return _file(f"roll-call-{on}-{found.window.call}.csv", written(sheet))
    if format == "html":
        return Response(printable(sheet), media_type="text/html")
    return Response(sheet.model_dump_json(), media_type="application/json")


@ROUTES.get("/v1/roll-calls/{day}/calls", summary="The roll calls of a day")
async def list_calls(
    day: DayInPath, deps: Parts, shared: Shared, caller: Reader, bureau_id: BureauId = None
) -> tuple[CallSummary, ...]:
    """Return the roll calls of a day, those of the schedule that have not opened yet included."""
    whose = bureau_for(deps, caller, bureau_id)
    found = await shared.calls.on(whose, await day_meant(deps, shared.calls, whose, day))
    return tuple(
        CallSummary(
            call=one.window.call,
            opens_at=one.window.opens_at.isoformat(),
            cut_off=one.cut_off.isoformat(),
            closed=one.closed_at is not None,
            exercise=one.exercise,
        )
        for one in found
    )


@ROUTES.get("/v1/roll-calls/{day}/schools/{school_id}", summary="One school's day, with every version and reason")
async def read_school(
    day: DayInPath,
    school_id: Annotated[str, Path(description="The school.")],
    deps: Parts,
    shared: Shared,
    caller: Reader,
    call: CallName = None,
) -> SchoolView:
    """Return every answer that a school gave, who was told, and why nobody was."""
    school, bureau = school_of(deps.directory(), school_id), deps.directory().bureau_of(school_id)
    if school is None or bureau is None or not within(deps.directory(), caller, school_id):
        raise Problem("unknown-roll-call", "No school within your units has this id.")
    on = await day_meant(deps, shared.calls, bureau, day)
    found = await the_call(deps, shared.calls, bureau, on, call)
    async with deps.store.database.reading() as connection:
        days = await RollCallRows(connection).days(on, [school_id])
    known = days.get((found.roll_call_id, school_id))
    return SchoolView(
        line=line_of(found, school, known, deps.clock.now()),
        versions=known.versions if known is not None else (),
        notes=known.notes if known is not None else (),
    )


@ROUTES.get("/v1/roll-call-months/{month}", summary="A month, by school")
async def read_month(
    month: Annotated[str, Path(description="Such as 2026-03.")],
    deps: Parts,
    caller: Reader,
    bureau_id: BureauId = None,
) -> MonthPage:
    """Return how punctual each school was; drills are left out, and nobody is ranked."""
    if not _MONTH.fullmatch(month):
        raise invalid([{"parameter": "month", "detail": "write it as 2026-03"}])
    whose = bureau_for(deps, caller, bureau_id)
    schools = [
        school
        for unit in deps.directory().schools_under(whose)
        if within(deps.directory(), caller, unit.unit_id)
        if (school := school_of(deps.directory(), unit.unit_id)) is not None
    ]
    standings: dict[str, list[tuple[date, Standing]]] = {}
    now = deps.clock.now()
    async with deps.store.database.reading(at_length=True) as connection:
        mine = (roll_calls.c.bureau_id == whose, roll_calls.c.date.startswith(f"{month}-"), ~roll_calls.c.exercise)
        rows = await connection.execute(select(roll_calls).where(*mine).order_by(roll_calls.c.opens_at))
        for stored in map(read_call, rows.all()):
            days = await RollCallRows(connection).days_in(stored.call.roll_call_id)
            for school in asked_schools(stored.call.schedule, deps.directory(), whose, stored.call.window.date):
                found = standing(days.get(school.unit_id), stored.call, now)
                standings.setdefault(school.unit_id, []).append((stored.call.window.date, found))
    return MonthPage(month=month, bureau_id=whose, schools=months_of(schools, standings))


async def _overview(
    deps: Deps,
    calls: LatestCalls,
    caller: Caller,
    bureaus: Sequence[UnitRecorded],
    day: str,
    call: str | None,
    as_format: str,
) -> Response:
    found = await overview_for(deps, calls, caller, bureaus, day, call)
    if as_format == "csv":
        return _file(f"roll-calls-{day}.csv", written_overview(found))
    if as_format == "html":
        return Response(printable_overview(found), media_type="text/html")
    return Response(found.model_dump_json(), media_type="application/json")


def _file(name: str, text: str) -> Response:
    return Response(text, headers={"Content-Disposition": f'attachment; filename="{name}"'}, media_type="text/csv")
