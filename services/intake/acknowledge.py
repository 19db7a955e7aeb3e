"""``POST /v1/acknowledge``: the short code of a message is the credential; no account, no token, any client."""

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake.answering import CodeAccepted, Holder, accept, holders_of_codes
from services.intake.attempts import Attempts, address_of
from services.intake.body import read_model, read_object
from services.intake.codes import canonical_code
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import request_body
from services.intake.metrics import ACKNOWLEDGED
from services.intake.problems import Problem, too_soon
from services.intake.security import PUBLIC
from services.intake.understood import understood

ROUTES = APIRouter(tags=["acknowledgement"])


class CodeEntry(BaseModel):
    """The code of a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(
        min_length=1, description="As in the message. Case, spaces and dashes do not count; O is 0, I and L are 1."
    )


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
    said = understood(deps, holder)
    async with deps.store.transaction() as unit:
        answer = await accept(deps, unit, holder, accepted_at, "code", said, traceparent)
    deps.wake()
    return Response(answer, 202, media_type="application/json")


async def _holder(deps: Deps, wrong_codes: Attempts, typed: str, address: str | None) -> Holder:
    async with wrong_codes.turn:
        if wait := wrong_codes.seconds_to_wait(address):
            ACKNOWLEDGED.labels(outcome="limited").inc()
            rest = ". If it is urgent, telephone the duty officer, who can acknowledge for you now. Nothing was stored."
            raise too_soon("too-many-wrong-codes", wait, rest)
        code = canonical_code(typed)
        found = await holders_of_codes(deps, [code]) if code else []
        if not found:
            wrong_codes.count(address)
            ACKNOWLEDGED.labels(outcome="wrong").inc()
            raise _unknown()
        return found[0]


def _unknown() -> Problem:
    detail = (
        "Compare it with the newest message, sign by sign. If it still does not work, answer by telephone: the duty "
        "officer can acknowledge for you. Nothing was stored."
    )
    return Problem("unknown-code", detail)
