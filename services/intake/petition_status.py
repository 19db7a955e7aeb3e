"""``/v1/petitions/{receipt}``: what the holder of the secret sees, and the two things that only they can do."""

from datetime import datetime

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from events.base import CaseFact, Utc
from events.ids import derived
from events.petition import PetitionWithdrawn, ReviewAsked
from services.intake.acts import Traceparent
from services.intake.body import content_hash
from services.intake.deps import Deps, Parts
from services.intake.holders import Held, ReceiptInPath, SecretHeader, held_by
from services.intake.petition_views import PetitionStatus, status_of, time_to_ask
from services.intake.problems import Problem
from services.intake.rows import Keyed, append_fact, remember
from services.intake.security import PUBLIC

ROUTES = APIRouter(tags=["petitions"], dependencies=[PUBLIC])
ACTOR = "holder"
"""Whose answers these are in the idempotency table: whoever holds the secret."""


class HolderHeard(BaseModel):
    """It is stored; the petition's page will show what came of it."""

    receipt: str
    accepted_at: Utc


@ROUTES.get("/v1/petitions/{receipt}", summary="How a petition stands, for its holder")
async def read_petition(
    request: Request, deps: Parts, receipt: ReceiptInPath, tocsin_secret: SecretHeader = ""
) -> PetitionStatus:
    """Return state, responsible office, every deadline, what the office answered, and the next remedy.

    A wrong secret and a receipt that does not exist get the same 404; ten of them a minute from one address are
    answered, then 429 with `Retry-After`.
    """
    return status_of(await held_by(request, receipt, tocsin_secret), deps.directory())


@ROUTES.post(
    "/v1/petitions/{receipt}/ask-review",
    status_code=202,
    response_model=HolderHeard,
    summary="Ask the level above to review the answer",
)
async def ask_review(
    request: Request,
    deps: Parts,
    receipt: ReceiptInPath,
    tocsin_secret: SecretHeader = "",
    traceparent: Traceparent = None,
) -> Response:
    """Ask for review, within its time. Asked again, it gets the same answer and counts once. No body is needed."""
    now = deps.clock.now()
    held = await held_by(request, receipt, tocsin_secret)
    clock = time_to_ask(held.case) if held.case is not None else None
    if clock is None:
        raise Problem("not-now", "There is no answer yet that could be reviewed. The petition's page says what is due.")
    asked_before = held.case is not None and held.case.petition is not None and held.case.petition.review_asked_at
    if now > clock.deadline and not asked_before:
        detail = f"The time to ask for review ended at {clock.deadline.isoformat()}. Nothing was stored."
        raise Problem("not-now", detail)
    fact = ReviewAsked(case_id=held.case_id, received_at=now)
    return await _say(deps, held, fact, clock.key, now, traceparent)


@ROUTES.post(
    "/v1/petitions/{receipt}/withdraw", status_code=202, response_model=HolderHeard, summary="Take a petition back"
)
async def withdraw(
    request: Request,
    deps: Parts,
    receipt: ReceiptInPath,
    tocsin_secret: SecretHeader = "",
    traceparent: Traceparent = None,
) -> Response:
    """Take the petition back: every clock stops, and everybody told hears so. No body is needed.

    Said again, it gets the same answer and counts once. Nobody but the holder can do this.
    """
    now = deps.clock.now()
    held = await held_by(request, receipt, tocsin_secret)
    case = held.case
    if case is not None and case.status == "closed" and case.petition is not None and not case.petition.withdrawn_at:
        raise Problem("not-now", "The petition has ended already: there is nothing to take back. Nothing was stored.")
    fact = PetitionWithdrawn(case_id=held.case_id, received_at=now)
    return await _say(deps, held, fact, "withdrawn", now, traceparent)


async def _say(deps: Deps, held: Held, fact: CaseFact, what: str, now: datetime, traceparent: str | None) -> Response:
    """Store what the holder says once for each ``what``, and answer each repeat alike."""
    event_id = derived("fact", held.case_id, "holder", what)
    answer = orjson.dumps(HolderHeard(receipt=held.receipt, accepted_at=now).model_dump(mode="json")).decode()
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, Keyed(ACTOR, event_id, content_hash(event_id)), answer, now)
        if earlier is None:
            await append_fact(deps, unit, fact, event_id, traceparent, family="petition")
    deps.wake()
    return Response(earlier or answer, 202, media_type="application/json")
