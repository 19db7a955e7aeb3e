"""Records give way to steps that are due, and to nothing else: no answer may lie unread for it."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

import pytest

from services.roll_call import timers
from services.roll_call.plan import Place
from services.runtime.database import Database
from tests.integration.test_roll_call_service import open_desk
from tests.support.roll_call_desk import ID, Desk
from tests.support.roll_calls import CUT_OFF, minute

PATIENCE = 5.0
STEP = Place(0, ID, whole=False)


async def heard_until(database: Database, at: datetime) -> Desk:
    """Return a desk that has taken every step until ``at``, with a step of then left in its plan."""
    desk = await open_desk(database)
    await desk.until(at)
    desk.timers.look_again()
    desk.plan.drop(lambda _: True)
    desk.plan.again(STEP, at)
    return desk


async def giving_way(desk: Desk) -> asyncio.Task[None]:
    """Return records that ask whether they may go on, after they have asked."""
    records = asyncio.create_task(desk.timers.give_way())
    await asyncio.sleep(0)
    return records


async def test_records_wait_for_one_unit_of_steps_that_are_due(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for the mass behind it: both have every second turn."""
    desk = await heard_until(database, CUT_OFF)
    desk.plan.again(Place(1, ID, whole=False), CUT_OFF)
    records, take, went_on = await giving_way(desk), desk.steps.take, list[bool]()

    async def noting(due: Mapping[Place, datetime]) -> Collection[Place]:
        went_on.append(records.done())
        return await take(due)

    monkeypatch.setattr(timers, "BATCH", 1)
    monkeypatch.setattr(desk.steps, "take", noting)
    await desk.timers.once()
    assert went_on == [False, True]


async def test_a_clock_that_was_set_back_holds_no_record_up(database: Database) -> None:
    """The step that was due is not due any more; the clock may take an hour until it is."""
    desk = await heard_until(database, CUT_OFF)
    desk.clock.show(minute(-1))
    await asyncio.wait_for(desk.timers.give_way(), PATIENCE)


async def test_answers_are_heard_again_before_a_step_after_the_clock_was_set_back(database: Database) -> None:
    """What was heard until a moment that comes a second time is not all that comes until then."""
    desk = await heard_until(database, CUT_OFF)
    desk.clock.show(minute(-30))
    desk.plan.again(STEP, minute(-31))
    times = desk.heard.times
    await desk.timers.once()
    assert desk.heard.times == times + 1


async def test_records_go_on_when_the_step_they_gave_way_to_is_gone(database: Database) -> None:
    """Its roll call was closed by another worker, or its partition lost, and the next step may be tomorrow's."""
    desk = await heard_until(database, CUT_OFF)
    records = await giving_way(desk)
    assert not records.done()
    desk.plan.drop(lambda _: True)
    await desk.timers.once()
    await asyncio.wait_for(records, PATIENCE)


async def test_records_are_read_while_steps_wait_for_them(database: Database) -> None:
    """They gave way to a step, and then one more came due, before which whatever has arrived must be heard."""
    desk = await heard_until(database, CUT_OFF)
    records = await giving_way(desk)
    assert not records.done()

    async def read() -> None:
        await asyncio.wait_for(records, PATIENCE)

    desk.heard.reading = read
    desk.clock.show(minute(1))
    desk.plan.again(Place(1, ID, whole=False), minute(0.5))
    await desk.timers.once()
    assert records.done()
