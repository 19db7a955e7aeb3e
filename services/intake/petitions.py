"""``POST /v1/petitions``: from anybody, without an account; in the store before its sender hears 202.

The event on the bus carries neither what was told nor who told it: both lie sealed in a table of their own. It does not
carry the client's ``report_id`` either, only what follows from it, so that nobody who handles the petition can send it
again and be given the petitioner's secret.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import insert, select

from escalation_policies.opening import opening_deadlines
from events.base import Utc
from events.ids import case_id_of_report, derived, fact_event_id
from events.petition import PetitionFiled
from events.receipt import receipt_of
from services.intake.attempts import Attempts, address_of
from services.intake.body import JsonObject, read_model, read_object
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import request_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.metrics import PETITIONS
from services.intake.petition_report import FALLBACK_KIND, PetitionReport
from services.intake.problems import Problem, invalid, too_soon
from services.intake.report import Rules
from services.intake.rows import append_fact, insert_once
from services.intake.seal import Sealed, hash_secret
from services.intake.security import PUBLIC
from services.runtime.store import UnitOfWork
from services.runtime.tables import petitions, sealed_identities

ROUTES = APIRouter(tags=["petitions"])


class PetitionReceived(BaseModel):
    """The petition is stored, and its clocks run against the office. Keep the receipt and the secret together."""

    case_id: str
    receipt: str = Field(description="A short number for people; it opens nothing.")
    secret: str = Field(description="With the receipt it shows how the petition stands. It is shown here only.")
    received_at: Utc = Field(description="When it reached us; clocks start here.")
    deadlines: Mapping[str, Utc] = Field(description="The clocks that started, by name, with their deadlines.")
    notices: tuple[str, ...] = Field(default=(), description="What the petitioner should know.")


@ROUTES.post(
    "/v1/petitions",
    status_code=202,
    response_model=PetitionReceived,
    summary="File a petition",
    dependencies=[PUBLIC],
    openapi_extra=request_body(PetitionReport),
)
async def file_petition(
    request: Request,
    deps: Parts,
    shared: Shared,
    key: IdempotencyKey,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Store a petition and open its case. No account is needed; a token that comes with it is not looked at.

    The same `report_id` with the same content is the same petition: it gets the same answer, the secret included, and
    nothing is written. With other content it is a conflict (409). One address is heard thirty times a minute; then 429
    with `Retry-After`.
    """
    sent = await read_object(request, deps.settings.max_body_bytes)
    received_at = deps.clock.now()
    _check_rate(shared.petitions, request)
    report = _read(deps, sent, received_at)
    named = ("report", report.report_id) if report.report_id else ("key", key or deps.new_id())
    fact = _fact(deps, report, derived("petition", *named), received_at)
    async with deps.store.transaction() as unit:
        if not await insert_once(unit.connection, petitions, _row(deps, report, fact, sent)):
            return Response(await _earlier(deps, unit, fact.report_id, sent), 202, media_type="application/json")
        await _seal(deps, unit, report, fact)
        event_id = fact_event_id(fact.case_id, "filed", fact.report_id)
        await append_fact(deps, unit, fact, event_id, traceparent, family="petition")
    deps.wake()
    PETITIONS.labels(exercise=str(fact.exercise).lower()).inc()
    answer = _answer(_promise(deps, report, fact), deps.seal.secret(fact.case_id))
    return Response(answer, 202, media_type="application/json")


def _check_rate(attempts: Attempts, request: Request) -> None:
    """Count the attempt, whatever comes of it: refusals would tell who is in the directory."""
    address = address_of(request)
    if wait := attempts.seconds_to_wait(address):
        rest = (
            ": many petitions came from your address within a minute. Nothing was stored; if it is urgent, telephone "
            "the office."
        )
        raise too_soon("too-many-petitions", wait, rest)
    attempts.count(address)


def _read(deps: Deps, sent: JsonObject, now: datetime) -> PetitionReport:
    directory, kinds = deps.directory(), deps.policies.kinds_of("petition")
    if FALLBACK_KIND not in kinds:
        raise Problem("no-petitions", "No policy for petitions is in force here. Take it to the office itself.")
    report = read_model(PetitionReport, sent, Rules(now, kinds, (), directory))
    if not directory.is_school(report.school_id):
        raise invalid([{"pointer": "/school_id", "detail": "no school of the directory has this id"}])
    return report


def _fact(deps: Deps, report: PetitionReport, report_id: str, received_at: datetime) -> PetitionFiled:
    known = report.kind in deps.policies.kinds_of("petition")
    return PetitionFiled(
        case_id=case_id_of_report(report_id),
        received_at=received_at,
        report_id=report_id,
        school_id=report.school_id,
        kind=report.kind if report.kind is not None and known else FALLBACK_KIND,
        concerns=report.concerns,
        headcount=report.headcount,
        place=report.place,
        exercise=report.exercise,
    )


def _promise(deps: Deps, report: PetitionReport, fact: PetitionFiled) -> dict[str, object]:
    """Return the answer without the secret: what is kept of it."""
    deadlines = opening_deadlines(fact, deps.policies.for_kind(fact.kind), deps.directory())
    return {
        "case_id": fact.case_id,
        "receipt": receipt_of(fact.case_id),
        "received_at": fact.received_at,
        "deadlines": dict(deadlines),
        "notices": list(_notices(report, fact)),
        "exercise": fact.exercise,
    }


def _notices(report: PetitionReport, fact: PetitionFiled) -> Iterator[str]:
    if report.kind is not None and report.kind != fact.kind:
        yield f"the kind is not one of those in force here; it is taken as `{fact.kind}`"
    if not report.contact:
        yield (
            "you named no way to answer you: nobody can ask you back or send you the answer, and you will find it only "
            "here, by receipt and secret"
        )


def _row(deps: Deps, report: PetitionReport, fact: PetitionFiled, sent: JsonObject) -> dict[str, object]:
    return {
        "report_id": fact.report_id,
        "case_id": fact.case_id,
        "receipt": receipt_of(fact.case_id),
        "secret_hash": hash_secret(deps.seal.secret(fact.case_id)),
        "content_mac": deps.seal.content_mac(sent),
        "school_id": fact.school_id,
        "kind": fact.kind,
        "received_at": fact.received_at,
        "response": orjson.dumps(_promise(deps, report, fact)).decode(),
    }


async def _seal(deps: Deps, unit: UnitOfWork, report: PetitionReport, fact: PetitionFiled) -> None:
    if report.summary or report.contact:
        sealed = Sealed(case_id=fact.case_id, summary=report.summary, contact=report.contact)
        row = {"case_id": fact.case_id, "created_at": fact.received_at}
        await unit.write(insert(sealed_identities), [{**row, "sealed": deps.seal.close(sealed, fact.received_at)}])


async def _earlier(deps: Deps, unit: UnitOfWork, report_id: str, sent: JsonObject) -> bytes:
    """Return the answer that this petition got before; whoever has its id and its content is the petitioner."""
    row = (await unit.connection.execute(select(petitions).where(petitions.c.report_id == report_id))).one()
    secret = deps.seal.secret_again(row.case_id, row.secret_hash)
    if secret is None or not deps.seal.is_content(sent, row.content_mac):
        detail = (
            "This report_id was used before with other content. Nothing was stored: give a new petition a new id, and "
            "follow the earlier one by its receipt and secret."
        )
        raise Problem("different-content", detail)
    return _answer(orjson.loads(row.response), secret)


def _answer(promise: Mapping[str, object], secret: str) -> bytes:
    accepted = PetitionReceived.model_validate({**promise, "secret": secret})
    return orjson.dumps(accepted.model_dump(mode="json", exclude=None if accepted.notices else {"notices"}))
