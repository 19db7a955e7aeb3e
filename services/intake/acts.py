"""``POST /v1/cases/{case_id}/…``: the chain's verbs. Each is one fact, stored before its sender hears 202.

The intake does not judge: whether an act stops a clock is decided by the time of the fact, by whoever owns the case.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, Field

from events.base import Utc
from events.ids import fact_event_id
from services.intake.act_bodies import ACTS, Act, ActBody
from services.intake.body import content_hash, read_model, read_object
from services.intake.case_rows import CaseRows, Known
from services.intake.deps import Deps, Parts
from services.intake.documents import request_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.problems import Problem, invalid
from services.intake.rows import Keyed, append_fact, remember
from services.intake.security import Actor, within
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["cases"])
CaseIdInPath = Annotated[str, Path(description="The case's id, from the answer to filing.")]
Traceparent = Annotated[str | None, Header(include_in_schema=False)]


class ActAccepted(BaseModel):
    """The act is stored; the case's timeline will show what came of it."""

    case_id: str
    event_id: str
    accepted_at: Utc = Field(description="The time by which the act is judged.")


async def visible_case(deps: Deps, caller: Caller, case_id: str) -> Known:
    """Return the case.

    Raises:
        Problem: 404 when there is none, or none in the caller's units.
    """
    known = await CaseRows(deps.store.database).find(case_id)
    if known is None or not within(deps.directory(), caller, known.school_id):
        detail = "Check the id. `GET /v1/cases` lists the cases of your units."
        raise Problem("unknown-case", detail)
    return known


def _who(deps: Deps, caller: Caller, stated: str | None) -> str:
    if stated is not None and stated != caller.person_id:
        if caller.role != "administrator":
            detail = "Only an administrator may act for somebody else. Leave `by` out to act as the token's person."
            raise Problem("not-allowed", detail)
        if deps.directory().person(stated) is None:
            raise invalid([{"pointer": "/by", "detail": "nobody in the directory has this id"}])
        return stated
    if caller.person_id is None:
        detail = "This token belongs to no person, and an act needs one. Ask your administrator for a personal token"
        detail += ", or name the person in `by`." if caller.role == "administrator" else "."
        raise Problem("person-required", detail)
    return caller.person_id


def _check_final_report(known: Known) -> None:
    if known.case is None or known.case.final_reported_at is None:
        detail = (
            "File the final report first (POST …/final-report): nobody may silence a report. If it was filed just now, "
            "try again in a moment. Nothing was stored."
        )
        raise Problem("final-report-missing", detail)


def _handler(act: Act) -> Callable[..., Awaitable[Response]]:
    async def take_act(
        request: Request,
        deps: Parts,
        caller: Actor,
        case_id: CaseIdInPath,
        key: IdempotencyKey,
        traceparent: Traceparent = None,
    ) -> Response:
        sent = await read_object(request, deps.settings.max_body_bytes)
        accepted_at = deps.clock.now()
        known = await visible_case(deps, caller, case_id)
        body: ActBody = read_model(act.body, sent)
        by = _who(deps, caller, body.by)
        if act.needs_final_report:
            _check_final_report(known)
        told = {name: value for name, value in body if name != "by"}
        fact = act.fact.model_validate({"case_id": case_id, "received_at": accepted_at, "by": by, **told})
        event_id = fact_event_id(case_id, act.word, f"{caller.actor}/{key}") if key else deps.new_id()
        accepted = ActAccepted(case_id=case_id, event_id=event_id, accepted_at=accepted_at)
        answer = orjson.dumps(accepted.model_dump(mode="json")).decode()
        async with deps.store.transaction() as unit:
            if key is not None:
                keyed = Keyed(caller.actor, key, content_hash([act.word, case_id, by, sent]))
                earlier = await remember(unit, keyed, answer, accepted_at)
                if earlier is not None:
                    return Response(earlier, 202, media_type="application/json")
            await append_fact(deps, unit, fact, event_id, traceparent)
        deps.wake()
        return Response(answer, 202, media_type="application/json")

    return take_act


for _act in ACTS:
    ROUTES.add_api_route(
        f"/v1/cases/{{case_id}}/{_act.path}",
        _handler(_act),
        methods=["POST"],
        status_code=202,
        response_model=ActAccepted,
        name=_act.path,
        summary=_act.summary,
        description=_act.body.__doc__,
        openapi_extra=request_body(_act.body),
    )
