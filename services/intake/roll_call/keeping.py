"""What officers say of roll calls: open one beside the schedule, move a cut-off, excuse a school. Each is one fact."""

from dataclasses import dataclass
from datetime import date as day_of
from datetime import datetime, timedelta
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from escalation_policies.roll_call.bureaus import LONGEST
from escalation_policies.roll_call.roster import school_of
from escalation_policies.selector import Selector
from events.base import Utc
from events.ids import derived
from events.incident import ShortText
from events.roll_call import CallName, CutOffMoved, RollCallOpened, SchoolExcused
from services.intake.body import JsonObject, content_hash, read_model, read_object
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import request_body
from services.intake.idempotency_key import IdempotencyKey
from services.intake.problems import Problem, invalid
from services.intake.roll_call.asked import DayInPath, bureau_for, day_meant, is_one_of, posts_of, the_call, who_answers
from services.intake.rows import Keyed, append_roll_call_fact, remember
from services.intake.security import RollCallKeeper, within
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["roll calls"])
_Body = TypeVar("_Body", bound="_ByOfficer")
_Fact = RollCallOpened | CutOffMoved | SchoolExcused
Minutes = Annotated[int, Field(ge=1, le=1440)]


class _ByOfficer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str | None = Field(default=None, description="Only for administrators: who says it.")


class Opening(_ByOfficer):
    """A roll call beside the schedule, open from now on."""

    call: CallName = Field(description="A name that the day does not have yet.")
    minutes: Minutes = Field(description="Until its cut-off, counted from now.")
    closes_after_minutes: Minutes = Field(default=480, description="From the cut-off until it closes.")
    bureau_id: str | None = None
    reason: ShortText | None = None
    exercise: bool = Field(default=False, description="A drill: every message says so.")


class Moving(_ByOfficer):
    """A new cut-off. It must lie ahead: nobody becomes late by it."""

    cut_off: Utc
    call: CallName | None = None
    bureau_id: str | None = None
    reason: ShortText | None = None


class Excuse(_ByOfficer):
    """A school that need not answer, or must again."""

    school_id: str
    reason: ShortText
    call: CallName | None = Field(default=None, description="Unset: every roll call of the day.")
    lifted: bool = False


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
    said = await _said(request, deps, caller, Opening)
    body, at = said.body, said.at
    whose = bureau_for(deps, caller, body.bureau_id)
    schedule, today = deps.schedules.of(whose), shared.calls.day_of(whose, at)
    if schedule is None or today is None:
        raise Problem("unknown-bureau", "This bureau has no schedule of roll calls: nobody knows whom to ask.")
    _check(deps, schedule.excuse_by, whose, said)
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
        by=said.by,
        reason=body.reason,
        exercise=body.exercise,
    )
    return await _store(deps, caller, key, said.sent, fact)


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
    said = await _said(request, deps, caller, Moving)
    body, at = said.body, said.at
    whose = bureau_for(deps, caller, body.bureau_id)
    on = await day_meant(deps, shared.calls, whose, day)
    call = await the_call(deps, shared.calls, whose, on, body.call)
    _check(deps, call.schedule.excuse_by, whose, said)
    if not at < body.cut_off <= call.window.opens_at + LONGEST or call.closed_at is not None:
        detail = "must lie ahead, within 24 hours of the opening, and the roll call must not be closed"
        raise invalid([{"pointer": "/cut_off", "detail": detail}])
    fact = CutOffMoved(
        bureau_id=whose,
        date=on,
        call=call.window.call,
        received_at=at,
        cut_off=body.cut_off,
        by=said.by,
        reason=body.reason,
    )
    return await _store(deps, caller, key, said.sent, fact)


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
    said, directory = await _said(request, deps, caller, Excuse), deps.directory()
    body = said.body
    whose = directory.bureau_of(body.school_id)
    if school_of(directory, body.school_id) is None or whose is None or not within(directory, caller, body.school_id):
        raise invalid([{"pointer": "/school_id", "detail": "no school within your units has this id"}])
    on = await day_meant(deps, shared.calls, whose, day)
    call = await the_call(deps, shared.calls, whose, on, body.call)
    _check(deps, call.schedule.excuse_by, body.school_id, said)
    fact = SchoolExcused(
        school_id=body.school_id,
        received_at=said.at,
        date=on,
        call=body.call,
        by=said.by,
        reason=body.reason,
        lifted=body.lifted,
    )
    return await _store(deps, caller, key, said.sent, fact)


@dataclass(frozen=True, slots=True)
class _Said(Generic[_Body]):
    """What an officer says: as it was sent and as it was read, when, and who speaks."""

    sent: JsonObject
    body: _Body
    at: datetime
    by: str


async def _said(request: Request, deps: Deps, caller: Caller, model: type[_Body]) -> _Said[_Body]:
    sent = await read_object(request, deps.settings.max_body_bytes)
    body = read_model(model, sent)
    return _Said(sent, body, deps.clock.now(), who_answers(caller, body.by))


def _check(deps: Deps, selectors: tuple[Selector, ...], unit_id: str, said: _Said[_Body]) -> None:
    if not is_one_of(deps, selectors, unit_id, said.by, said.at):
        who = posts_of(selectors)
        raise Problem("not-allowed", f"By the schedule, this is for who is {who} above the school. Nothing was stored.")


async def _store(deps: Deps, caller: Caller, key: str | None, sent: JsonObject, fact: _Fact) -> Response:
    keyed = Keyed(caller.actor, key or deps.new_id(), content_hash(sent))
    noted = Noted(date=fact.date, call=fact.call, received_at=fact.received_at)
    said = orjson.dumps(noted.model_dump(mode="json")).decode()
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, keyed, said, fact.received_at)
        if earlier is None:
            await append_roll_call_fact(deps, unit, fact, derived("roll-call-said", keyed.actor, keyed.key))
    deps.wake()
    return Response(earlier or said, 202, media_type="application/json")
