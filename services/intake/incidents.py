"""``POST /v1/incidents``: the report is in the store before its sender hears 202."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Executable, select, update

from escalation_policies.case import Case
from escalation_policies.opening import opening_deadlines
from events.base import Utc
from events.ids import case_id_of_report, derived, fact_event_id
from events.incident import IncidentFiled, ReportJoined
from events.receipt import receipt_of
from services.intake.body import JsonObject, content_hash, read_object
from services.intake.deps import Deps, Parts
from services.intake.documents import request_body
from services.intake.filing import Reading, filed, notes, read_report
from services.intake.idempotency_key import IdempotencyKey
from services.intake.merging import case_to_join, join, running_deadlines
from services.intake.metrics import FILED, JOINED
from services.intake.problems import Problem, invalid
from services.intake.report import IncidentReport, is_known
from services.intake.rows import append_fact, insert_once
from services.intake.security import Filer, within
from services.intake.visibility import hidden_at_filing, is_hidden
from services.runtime.store import UnitOfWork
from services.runtime.tables import cases, reports
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["incidents"])


class Accepted(BaseModel):
    """The report is stored, and its clocks run."""

    case_id: str = Field(description="The case that it opened, or that of the same event, which it joined.")
    receipt: str = Field(description="A short number for people; it opens nothing.")
    received_at: Utc = Field(description="When it reached us; clocks start here.")
    deadlines: Mapping[str, Utc] = Field(description="The clocks that started, by name, with their deadlines.")
    notices: tuple[str, ...] = Field(default=(), description="What became of it otherwise than the reporter may think.")


@ROUTES.post(
    "/v1/incidents",
    status_code=202,
    response_model=Accepted,
    summary="File an incident",
    openapi_extra=request_body(IncidentReport),
)
async def file_incident(
    request: Request,
    deps: Parts,
    caller: Filer,
    key: IdempotencyKey,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Store a report and open its case; or join it to the open case of the same school and kind, as the policy says.

    The same `report_id` with the same content is the same report: it gets the same answer, and nothing is written.
    With other content it is a conflict (409).
    """
    sent = await read_object(request, deps.settings.max_body_bytes)
    received_at = deps.clock.now()
    school_id = _school(deps, caller, sent)
    reading = read_report({**sent, "school_id": school_id}, received_at, deps.policies, deps.directory(), caller.actor)
    report_id = reading.report.report_id or (derived("report", caller.actor, key) if key else deps.new_id())
    case_id = case_id_of_report(report_id)
    fact = filed(reading, case_id=case_id, report_id=report_id, school_id=school_id, received_at=received_at)
    content = content_hash({**sent, "school_id": school_id})
    async with deps.store.transaction() as unit:
        answer = _answer(deps, reading, fact, _opening(deps, fact))
        if not await insert_once(unit.connection, reports, _row(deps, fact, content, answer)):
            answer = await _earlier(deps, unit, caller, report_id, content)
            return Response(answer, 202, media_type="application/json")
        opening: IncidentFiled | ReportJoined = fact
        joined = await case_to_join(unit, fact, deps.policies.for_kind(fact.kind), separate=reading.report.separate)
        if joined is not None:
            opening = await join(unit, fact, joined)
            answer = _answer(deps, reading, opening, await running_deadlines(unit, joined))
            await unit.write(_joined(report_id, joined, answer))
        await append_fact(deps, unit, opening, _event_id(opening, report_id), traceparent)
        by = caller.person_id or reading.report.reporter or caller.actor
        for number, note in enumerate(notes(reading, case_id=opening.case_id, by=by, received_at=received_at), start=1):
            note_id = fact_event_id(note.case_id, "noted", f"{report_id}/{number}")
            await append_fact(deps, unit, note, note_id, traceparent)
    deps.wake()
    FILED.labels(urgent=str(fact.urgent).lower(), exercise=str(fact.exercise).lower()).inc()
    if isinstance(opening, ReportJoined):
        JOINED.inc()
    return Response(answer, 202, media_type="application/json")


def _row(deps: Deps, fact: IncidentFiled, content: str, answer: bytes) -> dict[str, Any]:
    """Return the report's row, as one that opens its own case; most do."""
    policy = deps.policies.for_kind(fact.kind)
    hidden = hidden_at_filing(deps.directory(), policy, fact.school_id, fact.concerns)
    return {
        "report_id": fact.report_id,
        "content_hash": content,
        "case_id": fact.case_id,
        "school_id": fact.school_id,
        "received_at": fact.received_at,
        "response": answer.decode(),
        "hidden_from": orjson.dumps(hidden).decode(),
    }


def _opening(deps: Deps, fact: IncidentFiled) -> Mapping[str, datetime]:
    policy = deps.policies.for_kind(fact.kind)
    return opening_deadlines(fact, policy, deps.directory())


def _answer(
    deps: Deps, reading: Reading, opening: IncidentFiled | ReportJoined, deadlines: Mapping[str, datetime]
) -> bytes:
    accepted = Accepted(
        case_id=opening.case_id,
        receipt=receipt_of(opening.case_id),
        received_at=opening.received_at,
        deadlines=deadlines,
        notices=tuple(_notices(deps, reading, joined=isinstance(opening, ReportJoined))),
    )
    return orjson.dumps(accepted.model_dump(mode="json", exclude=None if accepted.notices else {"notices"}))


def _joined(report_id: str, case_id: str, answer: bytes) -> Executable:
    """Return the change of the report's row when it joined the case of another."""
    values = {"case_id": case_id, "response": answer.decode()}
    return update(reports).where(reports.c.report_id == report_id).values(**values)


def _event_id(opening: IncidentFiled | ReportJoined, report_id: str) -> str:
    word = "joined" if isinstance(opening, ReportJoined) else "filed"
    return fact_event_id(opening.case_id, word, report_id)


def _notices(deps: Deps, reading: Reading, *, joined: bool) -> Iterator[str]:
    if joined:
        yield (
            "the same event was reported before: this report joined its case; if it is another event, send it again "
            "with a new report_id and `separate: true`"
        )
    for name in reading.moved:
        yield f"{name} could not be used as sent; its text is kept in the summary"
    if reading.rest:
        yield "the summary was longer than 4000 characters; it goes on in notes of the case"
    directory = deps.directory()
    for number, one in enumerate(reading.report.concerns, start=1):
        if not is_known(directory, one):
            yield f"number {number} of `concerns` is no id of the directory: nobody is left out because of it"


def _school(deps: Deps, caller: Caller, sent: JsonObject) -> str:
    directory = deps.directory()
    stated = sent.get("school_id")
    if stated is None:
        if not directory.is_school(caller.unit_id):
            detail = "missing: this token belongs to no school, so say which school it is (its id in the directory)"
            raise invalid([{"pointer": "/school_id", "detail": detail}])
        return caller.unit_id
    if not isinstance(stated, str) or not directory.is_school(stated):
        detail = "no school of the directory has this id"
        if directory.is_school(caller.unit_id):
            detail += "; leave it out to file for the token's own school"
        raise invalid([{"pointer": "/school_id", "detail": detail}])
    if not within(directory, caller, stated):
        detail = "This token may not file for that school. Leave school_id out to file for the token's own school."
        raise Problem("outside-your-units", detail)
    return stated


async def _earlier(deps: Deps, unit: UnitOfWork, caller: Caller, report_id: str, content: str) -> bytes:
    """Return the answer that this report got before, to whoever may know of it."""
    statement = (
        select(reports, cases.c.state)
        .outerjoin(cases, cases.c.case_id == reports.c.case_id)
        .where(reports.c.report_id == report_id)
    )
    row = (await unit.connection.execute(statement)).one()
    may_know = within(deps.directory(), caller, row.school_id)
    if may_know and row.content_hash == content:  # whoever has both is the reporter, though the case be hidden
        return str(row.response).encode()
    judged = Case.model_validate_json(row.state, extra="ignore").excluded if row.state else ()
    may_know = may_know and not is_hidden(deps.directory(), caller, {*judged, *orjson.loads(row.hidden_from)})
    detail = "This report_id was used before with other content. Nothing was stored: give a new report a new id"
    if not may_know:
        raise Problem("different-content", detail + ".")
    detail += f", and add to the earlier one under case {row.case_id}."
    raise Problem("different-content", detail, case_id=row.case_id)
