"""``POST /v1/acknowledge``: the short code of a message is the credential; no account, no token, any client."""

from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from escalation_policies.case import Case, Seat
from escalation_policies.schema import Family
from events.base import Utc
from events.ids import derived
from events.incident import IncidentAcknowledged
from services.intake.attempts import Attempts, address_of
from services.intake.body import content_hash, read_model, read_object
from services.intake.codes import canonical_code
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import request_body
from services.intake.metrics import ACKNOWLEDGED
from services.intake.problems import Problem, too_soon
from services.intake.rows import Keyed, append_fact, remember
from services.intake.security import PUBLIC
from services.intake.visibility import may_hear
from services.runtime.tables import cases, codes

ROUTES = APIRouter(tags=["acknowledgement"])
ACTOR = "code"
"""Whose answers these are in the idempotency table: whoever holds the code."""


class CodeEntry(BaseModel):
    """The code of a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(
        min_length=1, description="As in the message. Case, spaces and dashes do not count; O is 0, I and L are 1."
    )


class CodeAccepted(BaseModel):
    """The acknowledgement is stored: its holder has taken responsibility."""

    case_id: str
    kind: str | None = Field(description="What happened, as the report says.")
    school: str | None = Field(description="Name of the school.")
    accepted_at: Utc = Field(description="The time by which it is judged; the first time, when it was sent before.")
    message: str = Field(description="One sentence to show to the person.")


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose code it is, and what the case is about; None while nobody has judged the case here."""

    code: str
    case_id: str
    person_id: str
    kind: str | None
    school_id: str | None
    case: Case | None

    @property
    def family(self) -> Family:
        """Return where the fact goes. A code is given when its case is judged; nothing else is known before."""
        return self.case.family if self.case is not None else "incident"

    @property
    def standing(self) -> str:
        """Return where the person was told and what they declined since: an answer counts once for each standing.

        So a repeat is the same answer, but one after "cannot take it", or at a second level, is a new one.
        """
        if self.case is None:
            return ""
        seats = [(level.level, seat) for level in self.case.levels for seat in level.seats]
        mine = sorted((level, seat.question, str(seat.declined_at)) for level, seat in seats if self._is_mine(seat))
        return orjson.dumps(mine).decode()

    def _is_mine(self, seat: Seat) -> bool:
        return seat.person_id == self.person_id


@ROUTES.post(
    "/v1/acknowledge",
    status_code=202,
    response_model=CodeAccepted,
    summary="Acknowledge with the code of a message",
    dependencies=[PUBLIC],
    openapi_extra=request_body(CodeEntry),
)
async def acknowledge(
    request: Request,
    deps: Parts,
    shared: Shared,
    traceparent: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Accept responsibility for a case. Sending the same code again gives the same answer and counts once.

    Ten wrong codes a minute from one address, and 120 in all, are answered; then 429 with `Retry-After`. A code whose
    holder the case has come to concern is wrong, too.
    """
    sent = await read_object(request, deps.settings.max_body_bytes)
    accepted_at = deps.clock.now()
    typed = read_model(CodeEntry, sent).code
    holder = await _holder(deps, shared.wrong_codes, typed, address_of(request))
    fact = IncidentAcknowledged(case_id=holder.case_id, received_at=accepted_at, by=holder.person_id, via="code")
    answer = _answer(deps, holder, fact)
    event_id = derived("fact", holder.case_id, "acknowledged", holder.person_id, holder.code, holder.standing)
    async with deps.store.transaction() as unit:
        keyed = Keyed(ACTOR, event_id, content_hash(event_id))
        earlier = await remember(unit, keyed, answer, accepted_at)
        if earlier is None:
            await append_fact(deps, unit, fact, event_id, traceparent, family=holder.family)
    deps.wake()
    ACKNOWLEDGED.labels(outcome="accepted" if earlier is None else "repeated").inc()
    return Response(earlier or answer, 202, media_type="application/json")


async def _holder(deps: Deps, wrong_codes: Attempts, typed: str, address: str | None) -> _Holder:
    async with wrong_codes.turn:
        if wait := wrong_codes.seconds_to_wait(address):
            ACKNOWLEDGED.labels(outcome="limited").inc()
            rest = ". If it is urgent, telephone the duty officer, who can acknowledge for you now. Nothing was stored."
            raise too_soon("too-many-wrong-codes", wait, rest)
        code = canonical_code(typed)
        found = await _look_up(deps, code) if code else None
        if found is None or (found.case and not may_hear(deps.directory(), found.person_id, found.case.excluded)):
            wrong_codes.count(address)
            ACKNOWLEDGED.labels(outcome="wrong").inc()
            raise _unknown()
        return found


async def _look_up(deps: Deps, code: str) -> _Holder | None:
    statement = (
        select(codes.c.code, codes.c.case_id, codes.c.person_id, cases.c.kind, cases.c.school_id, cases.c.state)
        .outerjoin(cases, cases.c.case_id == codes.c.case_id)
        .where(codes.c.code == code)
    )
    async with deps.store.database.reading() as connection:
        row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    case = Case.model_validate_json(row.state, extra="ignore") if row.state is not None else None
    return _Holder(row.code, row.case_id, row.person_id, row.kind, row.school_id, case)


def _answer(deps: Deps, holder: _Holder, fact: IncidentAcknowledged) -> str:
    school = deps.directory().school(holder.school_id) if holder.school_id else None
    accepted = CodeAccepted(
        case_id=fact.case_id,
        kind=holder.kind,
        school=school.name if school else None,
        accepted_at=fact.received_at,
        message="Acknowledged: you have taken responsibility at your level. Report upward as soon as you can.",
    )
    return orjson.dumps(accepted.model_dump(mode="json")).decode()


def _unknown() -> Problem:
    detail = (
        "Compare it with the newest message, sign by sign. If it still does not work, answer by telephone: the duty "
        "officer can acknowledge for you. Nothing was stored."
    )
    return Problem("unknown-code", detail)
