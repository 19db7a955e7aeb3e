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
from services.intake.act_bodies import ActBody
from services.intake.act_checks import check_family, told_by, who_acts
from services.intake.body import content_hash, read_model, read_object
from services.intake.deps import Parts
from services.intake.documents import request_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.rows import Keyed, append_fact, remember
from services.intake.security import Actor
from services.intake.verbs import ACTS, Act
from services.intake.visibility import visible_case

ROUTES = APIRouter(tags=["cases"])
CaseIdInPath = Annotated[str, Path(description="The case's id, from the answer to filing.")]
Traceparent = Annotated[str | None, Header(include_in_schema=False)]


class ActAccepted(BaseModel):
    """The act is stored; the case's timeline will show what came of it."""

    case_id: str
    event_id: str
    accepted_at: Utc = Field(description="The time by which the act is judged.")


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
        check_family(act, known)
        body: ActBody = read_model(act.body, sent)
        by = who_acts(deps, caller, body.by, known)
        told = await told_by(deps, known, body)
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
            await append_fact(deps, unit, fact, event_id, traceparent, family=known.family)
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
