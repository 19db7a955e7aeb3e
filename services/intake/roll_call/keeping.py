"""What officers say of roll calls: open one beside the schedule, move a cut-off, excuse a school. Each is one fact."""

from datetime import date as day_of
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from escalation_policies.roll_call.bureaus import LONGEST
from escalation_policies.roll_call.messages import people
from escalation_policies.roll_call.roster import school_of
from escalation_policies.selector import Selector
from events.base import Utc
from events.ids import derived
from events.incident import ShortText
from events.roll_call import CallName, CutOffMoved, RollCallFact, RollCallOpened, SchoolExcused
from services.intake.body import JsonObject, content_hash, read_model, read_object
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import request_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.problems import Problem, invalid
from services.intake.roll_call.asked import DayInPath, bureau_for, day_meant, the_call, who_answers
from services.intake.rows import Keyed, append_roll_call_fact, remember
from services.intake.security import RollCallKeeper, within
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["roll calls"])
Minutes = Annotated[int, Field(ge=1, le=1440)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Opening(_Strict):
    """A roll call beside the schedule, open from now on."""

    call: CallName = Field(description="A name that the day does not have yet.")
    minutes: Minutes = Field(description="Until its cut-off, counted from now.")
    closes_after_minutes: Minutes = Field(default=480, description="From the cut-off until it closes.")
    bureau_id: str | None = None
    reason: ShortText | None = None
    exercise: bool = Field(default=False, description="A drill: every message says so.")
    by: str | None = None


class Moving(_Strict):
    """A new cut-off. It must lie ahead: nobody becomes late by it."""

    cut_off: Utc
    call: CallName | None = None
    bureau_id: str | None = None
    reason: ShortText | None = None
    by: str | None = None


class Excuse(_Strict):
    """A school that need not answer, or must again."""

    school_id: str
    reason: ShortText
    call: CallName | None = Field(default=None, description="Unset: every roll call of the day.")
    lifted: bool = False
    by: str | None = None


class Noted(BaseModel):
    """It is stored, and judged by the roll call's owner."""

    date: day_of
    call: str | None
    received_at: Utc


@ROUTES.post(
    "/v1/roll-calls",
    status_code=202,
    response_model=Noted,
    summary="Open a roll call beside the schedule",
    openapi_extra=request_body(Opening),
)
async def open_call(
    request: Request, deps: Parts, shared: Shared, caller: RollCallKeeper, key: IdempotencyKey
) -> Response:
    """Open a roll call now: after an earthquake, or as a drill. Schools are asked as by the bureau's schedule."""
    sent = await read_object(request, deps.settings.max_body_bytes)
    body, at = read_model(Opening, sent), deps.clock.now()
    whose, by = bureau_for(deps, caller, body.bureau_id), who_answers(caller, body.by)
    schedule, today = deps.schedules.of(whose), shared.calls.day_of(whose, at)
    if schedule is None or today is None:
        raise Problem("unknown-bureau", "This bureau has no schedule of roll calls: nobody knows whom to ask.")
    _check(deps, schedule.excuse_by, whose, by, at)
    if any(one.window.call == body.call for one in await shared.calls.on(whose, today)):
        raise invalid([{"pointer": "/call", "detail": f"{today} has a roll call of this name: give another one"}])
    cut_off = at + timedelta(minutes=body.minutes)
    fact = RollCallOpened(
        bureau_id=whose,
        date=today,
        call=body.call,
        received_at=at,
        opens_at=at,
        cut_off=cut_off,
        closes_at=cut_off + timedelta(minutes=body.closes_after_minutes),
        by=by,
        reason=body.reason,
        exercise=body.exercise,
    )
    return await _store(deps, caller, key, sent, fact, Noted(date=today, call=body.call, received_at=at))


@ROUTES.post(
    "/v1/roll-calls/{day}/cut-off",
    status_code=202,
    response_model=Noted,
    summary="Move the cut-off of a roll call",
    openapi_extra=request_body(Moving),
)
async def move(
    day: DayInPath, request: Request, deps: Parts, shared: Shared, caller: RollCallKeeper, key: IdempotencyKey
) -> Response:
    """Give schools longer, or less long; reminders that lie ahead of the new cut-off are sent anew."""
    sent = await read_object(request, deps.settings.max_body_bytes)
    body, at = read_model(Moving, sent), deps.clock.now()
    whose, by = bureau_for(deps, caller, body.bureau_id), who_answers(caller, body.by)
    on = await day_meant(deps, shared.calls, whose, day)
    call = await the_call(deps, shared.calls, whose, on, body.call)
    _check(deps, call.schedule.excuse_by, whose, by, at)
    if not at < body.cut_off <= call.window.opens_at + LONGEST or call.closed_at is not None:
        detail = "must lie ahead, within 24 hours of the opening, and the roll call must not be closed"
        raise invalid([{"pointer": "/cut_off", "detail": detail}])
    fact = CutOffMoved(
        bureau_id=whose,
        date=on,
        call=call.window.call,
        received_at=at,
        cut_off=body.cut_off,
        by=by,
        reason=body.reason,
    )
    return await _store(deps, caller, key, sent, fact, Noted(date=on, call=call.window.call, received_at=at))


@ROUTES.post(
    "/v1/roll-calls/{day}/excuses",
    status_code=202,
    response_model=Noted,
    summary="Excuse a school, or lift its excuse",
    openapi_extra=request_body(Excuse),
)
async def excuse(
    day: DayInPath, request: Request, deps: Parts, shared: Shared, caller: RollCallKeeper, key: IdempotencyKey
) -> Response:
    """Say that a school need not answer. It is chased no more, and may answer all the same."""
    sent = await read_object(request, deps.settings.max_body_bytes)
    body, at = read_model(Excuse, sent), deps.clock.now()
    by, directory = who_answers(caller, body.by), deps.directory()
    whose = directory.bureau_of(body.school_id)
    if school_of(directory, body.school_id) is None or whose is None or not within(directory, caller, body.school_id):
        raise invalid([{"pointer": "/school_id", "detail": "no school within your units has this id"}])
    on = await day_meant(deps, shared.calls, whose, day)
    call = await the_call(deps, shared.calls, whose, on, body.call)
    _check(deps, call.schedule.excuse_by, body.school_id, by, at)
    fact = SchoolExcused(
        school_id=body.school_id,
        received_at=at,
        date=on,
        call=body.call,
        by=by,
        reason=body.reason,
        lifted=body.lifted,
    )
    return await _store(deps, caller, key, sent, fact, Noted(date=on, call=body.call, received_at=at))


def _check(deps: Deps, selectors: tuple[Selector, ...], unit_id: str, by: str, at: datetime) -> None:
    if any(one.person_id == by for one in people(deps.directory(), selectors, unit_id, at)):
        return
    who = ", ".join(dict.fromkeys(one.role or one.on_duty or one.group or "" for one in selectors))
    raise Problem("not-allowed", f"By the schedule, this is for who is {who} above the school. Nothing was stored.")


async def _store(
    deps: Deps, caller: Caller, key: str | None, sent: JsonObject, fact: RollCallFact, noted: Noted
) -> Response:
    keyed = Keyed(caller.actor, key or deps.new_id(), content_hash(sent))
    said = orjson.dumps(noted.model_dump(mode="json")).decode()
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, keyed, said, fact.received_at)
        if earlier is None:
            await append_roll_call_fact(deps, unit, fact, derived("roll-call-said", keyed.actor, keyed.key))
    deps.wake()
    return Response(earlier or said, 202, media_type="application/json")
