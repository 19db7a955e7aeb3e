"""``POST /v1/incidents``: the report is in the store before its sender hears 202."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select

from escalation_policies.opening import opening_deadlines
from events.base import Utc
from events.ids import case_id_of_report, derived, fact_event_id
from events.receipt import receipt_of
from services.intake.body import JsonObject, content_hash, read_object
from services.intake.deps import Deps, Parts
from services.intake.documents import request_body
from services.intake.filing import Reading, filed, notes, read_report
from services.intake.idempotency_key import IdempotencyKey
from services.intake.metrics import FILED
from services.intake.problems import Problem, invalid
from services.intake.report import IncidentReport
from services.intake.rows import append_fact, insert_once
from services.intake.security import Filer, within
from services.runtime.store import UnitOfWork
from services.runtime.tables import reports
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["incidents"])


class Accepted(BaseModel):
    """The report is stored, and its clocks run."""

    case_id: str
    receipt: str = Field(description="A short number for people; it opens nothing.")
    received_at: Utc = Field(description="When it reached us; clocks start here.")
    deadlines: Mapping[str, Utc] = Field(description="The clocks that started, by name, with their deadlines.")
    notices: tuple[str, ...] = Field(default=(), description="What was kept elsewhere than it was sent (urgent only).")


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
    """Store a report and open its case.

    The same `report_id` with the same content is the same report: it gets the same answer, and nothing is written.
    With other content it is a conflict (409).
    """
    sent = await read_object(request, deps.settings.max_body_bytes)
    received_at = deps.clock.now()
    school_id = _school(deps, caller, sent)
    reading = read_report({**sent, "school_id": school_id}, received_at, deps.policies, caller.actor)
    report_id = reading.report.report_id or (derived("report", caller.actor, key) if key else deps.new_id())
    case_id = case_id_of_report(report_id)
    fact = filed(reading, case_id=case_id, report_id=report_id, school_id=school_id, received_at=received_at)
    answer = _answer(deps, reading, case_id, received_at)
    content = content_hash({**sent, "school_id": school_id})
    row = {
        "report_id": report_id,
        "content_hash": content,
        "case_id": case_id,
        "school_id": school_id,
        "received_at": received_at,
        "response": answer.decode(),
    }
    async with deps.store.transaction() as unit:
        if not await insert_once(unit.connection, reports, row):
            answer = await _earlier(deps, unit, caller, report_id, content)
            return Response(answer, 202, media_type="application/json")
        await append_fact(deps, unit, fact, fact_event_id(case_id, "filed", report_id), traceparent)
        by = caller.person_id or reading.report.reporter or caller.actor
        for number, note in enumerate(notes(reading, case_id=case_id, by=by, received_at=received_at), start=1):
            await append_fact(deps, unit, note, fact_event_id(case_id, "noted", f"{report_id}/{number}"), traceparent)
    deps.wake()
    FILED.labels(urgent=str(fact.urgent).lower(), exercise=str(fact.exercise).lower()).inc()
    return Response(answer, 202, media_type="application/json")


def _school(deps: Deps, caller: Caller, sent: JsonObject) -> str:
    directory = deps.directory()
    stated = sent.get("school_id")
    if stated is None:
        if directory.school(caller.unit_id) is None:
            detail = "missing: this token belongs to no school, so say which school it is (its id in the directory)"
            raise invalid([{"pointer": "/school_id", "detail": detail}])
        return caller.unit_id
    if not isinstance(stated, str) or directory.school(stated) is None:
        detail = "no school of the directory has this id"
        if directory.school(caller.unit_id) is not None:
            detail += "; leave it out to file for the token's own school"
        raise invalid([{"pointer": "/school_id", "detail": detail}])
    if not within(directory, caller, stated):
        detail = "This token may not file for that school. Leave school_id out to file for the token's own school."
        raise Problem("outside-your-units", detail)
    return stated


def _answer(deps: Deps, reading: Reading, case_id: str, received_at: datetime) -> bytes:
    report = reading.report
    policy = deps.policies.for_kind(report.kind)
    severity = policy.severity_of(report.severity, urgent=report.urgent)
    notices = [f"{name} could not be used as sent; its text is kept in the summary" for name in reading.moved]
    if reading.rest:
        notices.append("the summary was longer than 4000 characters; it goes on in notes of the case")
    accepted = Accepted(
        case_id=case_id,
        receipt=receipt_of(case_id),
        received_at=received_at,
        deadlines=opening_deadlines(policy, severity, received_at),
        notices=tuple(notices),
    )
    return orjson.dumps(accepted.model_dump(mode="json", exclude=None if notices else {"notices"}))


async def _earlier(deps: Deps, unit: UnitOfWork, caller: Caller, report_id: str, content: str) -> bytes:
    """Return the answer that this report got before, to whoever may know of it."""
    statement = select(reports).where(reports.c.report_id == report_id)
    row = (await unit.connection.execute(statement)).one()
    may_know = within(deps.directory(), caller, row.school_id)
    if may_know and row.content_hash == content:
        return str(row.response).encode()
    detail = "This report_id was used before with other content. Nothing was stored: give a new report a new id"
    if not may_know:
        raise Problem("different-content", detail + ".")
    detail += f", and add to the earlier one under case {row.case_id}."
    raise Problem("different-content", detail, case_id=row.case_id)
