"""``POST /v1/zero-reports``: a school answers its roll call, or a clerk for many schools at once.

Each answer is one fact, stored before its sender hears 202. Whether it came in time is judged by when it was received.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field, ValidationError

from events.base import Utc
from events.ids import derived
from events.roll_call import Answer, ReportConfirmed
from services.intake.body import JsonObject, content_hash, read_bytes, read_object
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import either_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.metrics import ZERO_REPORTS
from services.intake.problems import Problem, fault, invalid
from services.intake.roll_call.asked import Asked, asked_now, check_person, who_answers
from services.intake.roll_call.bodies import ZeroReport, ZeroReports, rows_of_csv
from services.intake.rows import Keyed, append_roll_call_fact, remember
from services.intake.security import RollCallAnswerer, within
from services.runtime.open_calls import LatestCalls
from services.runtime.store import UnitOfWork
from services.runtime.tokens import Caller

CSV = "text/csv"
ROUTES = APIRouter(tags=["roll calls"])
FILE_BYTES = 1_048_576
"""A thousand rows with notes."""


class Taken(BaseModel):
    """One answer that is stored."""

    school_id: str
    date: day
    call: str
    status: Answer
    received_at: Utc = Field(description="The time by which it is judged.")
    cut_off: Utc
    late: bool = Field(description="It came after the cut-off as that stands now.")


class Refused(BaseModel):
    """One answer that is not stored, and why."""

    row: int = Field(description="Line of the file, or number in `reports`, counted from 1.")
    school_id: str | None
    detail: str


class Answered(BaseModel):
    """What became of each answer."""

    taken: tuple[Taken, ...]
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    fields: JsonObject


@ROUTES.post(
    "/v1/zero-reports",
    status_code=202,
    response_model=Answered,
    summary="Answer a roll call, for one school or for many",
    openapi_extra=either_body(ZeroReport, ZeroReports, CSV),
)
async def answer(
    request: Request,
    deps: Parts,
    shared: Shared,
    caller: RollCallAnswerer,
    key: IdempotencyKey,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Take one answer (`ZeroReport`), or many: `reports`, or a file (`Content-Type: text/csv`).

    One that cannot be used stops none of the others: `refused` says why, by row. An answer may be corrected by another
    one; every version is kept.
    """
    at = deps.clock.now()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == CSV:
        content = await read_bytes(request, FILE_BYTES)
        rows = [_Row(number, fields) for number, fields in rows_of_csv(content)]
        hashed: Any = content.decode("utf-8-sig")
        is_one = False
    else:
        hashed = await read_object(request, deps.settings.max_body_bytes)
        is_one = "reports" not in hashed
        rows = list(_rows_of(hashed))
    if not rows:
        raise invalid([{"pointer": "", "detail": "no row says anything"}])
    keyed = Keyed(caller.actor, key or deps.new_id(), content_hash(hashed))
    taken, refused = await _sort(deps, shared.calls, caller, rows, at, is_one=is_one)
    body = Answered(taken=tuple(one for one, _ in taken), refused=tuple(refused))
    said = orjson.dumps(body.model_dump(mode="json")).decode()
    if not taken:
        return Response(said, 422, media_type="application/json")
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, keyed, said, at)
        if earlier is None:
            for number, (_, fact) in enumerate(taken):
                await _store(deps, unit, keyed, number, fact, traceparent)
    deps.wake()
    return Response(earlier or said, 202, media_type="application/json")


def _rows_of(sent: JsonObject) -> Iterator[_Row]:
    if "reports" not in sent:
        yield _Row(1, sent)
        return
    try:
        many = ZeroReports.model_validate(sent)
    except ValidationError as error:
        raise invalid([fault(item) for item in error.errors(include_url=False, include_input=False)]) from error
    for number, fields in enumerate(many.reports, start=1):
        yield _Row(number, fields)


async def _sort(
    deps: Deps, calls: LatestCalls, caller: Caller, rows: list[_Row], at: datetime, *, is_one: bool
) -> tuple[list[tuple[Taken, ReportConfirmed]], list[Refused]]:
    """Return what can be taken, and what cannot. A single answer that cannot be is a problem of its own."""
    taken: list[tuple[Taken, ReportConfirmed]] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            taken.append(await _read(deps, calls, caller, row, at))
        except Problem as problem:
            if is_one:
                raise
            errors = problem.more.get("errors", ())
            detail = "; ".join(f"{one.get('pointer', '')}: {one['detail']}" for one in errors) or problem.detail
            stated = row.fields.get("school_id")
            school_id = stated if isinstance(stated, str) else None
            refused.append(Refused(row=row.number, school_id=school_id, detail=detail))
    return taken, refused


async def _read(
    deps: Deps, calls: LatestCalls, caller: Caller, row: _Row, at: datetime
) -> tuple[Taken, ReportConfirmed]:
    try:
        sent = ZeroReport.model_validate(row.fields)
    except ValidationError as error:
        raise invalid([fault(item) for item in error.errors(include_url=False, include_input=False)]) from error
    school_id = _school(deps, caller, sent.school_id)
    by = who_answers(caller, sent.by)
    asked = await asked_now(deps, calls, school_id, sent.date, sent.call, at)
    check_person(deps, asked, by, at)
    return _taken(asked, sent.status, at), _fact(asked, sent, by, at)


def _school(deps: Deps, caller: Caller, stated: str | None) -> str:
    school_id = stated or caller.unit_id
    if not deps.directory().is_school(school_id):
        raise invalid([{"pointer": "/school_id", "detail": "no school of the directory has this id"}])
    if not within(deps.directory(), caller, school_id):
        raise Problem("outside-your-units", "This token may not answer for that school.")
    return school_id


def _taken(asked: Asked, status: Answer, at: datetime) -> Taken:
    window = asked.call.window
    return Taken(
        school_id=asked.school.unit_id,
        date=window.date,
        call=window.call,
        status=status,
        received_at=at,
        cut_off=window.cut_off,
        late=at > window.cut_off,
    )


def _fact(asked: Asked, sent: ZeroReport, by: str, at: datetime) -> ReportConfirmed:
    return ReportConfirmed(
        school_id=asked.school.unit_id,
        received_at=at,
        status=sent.status,
        by=by,
        via="api",
        date=asked.call.window.date,
        call=asked.call.window.call,
        note=sent.note,
        submitted_at=sent.submitted_at,
    )


async def _store(
    deps: Deps, unit: UnitOfWork, keyed: Keyed, number: int, fact: ReportConfirmed, traceparent: str | None
) -> None:
    event_id = derived("zero-report", keyed.actor, keyed.key, str(number))
    await append_roll_call_fact(deps, unit, fact, event_id, traceparent)
    ZERO_REPORTS.labels(via=fact.via, status=fact.status).inc()
