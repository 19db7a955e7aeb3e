"""A record that finds room is taken without Faust's race; one that has to wait still is in it."""

import asyncio
from typing import Any

import pytest
from mode import Service

from services.runtime.begun import without_race


class _Racing(Service):
    """Faust's own race, counted."""

    def __init__(self) -> None:
        super().__init__()
        self.races = 0

    async def race(self, *waits: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 - the signature is Faust's
        self.races += 1
        return await self.wait_first(*waits, timeout=timeout)


async def test_what_finds_room_needs_no_race() -> None:
    """The record is in the queue when the call returns, and what would have cut it short was never begun."""
    racing, queue = _Racing(), asyncio.Queue[str]()
    suspended = asyncio.Event()
    await without_race(racing.race)(queue.put("record"), suspended.wait())
    assert queue.get_nowait() == "record"
    assert racing.races == 0


async def test_what_has_to_wait_goes_on_when_there_is_room() -> None:
    """It is begun once, and its rest waits in the race: nothing is put twice, nothing lost."""
    racing, queue = _Racing(), asyncio.Queue[int](1)
    put = asyncio.create_task(_put(racing, queue, range(3)))
    found = [await queue.get() for _ in range(3)]
    await put
    assert found == [0, 1, 2]
    assert queue.empty()
    assert racing.races > 0


async def test_a_flow_that_is_suspended_cuts_the_wait_short() -> None:
    """The record that found no room is given up: it is read again after the rebalancing."""
    racing, queue = _Racing(), asyncio.Queue[int](1)
    queue.put_nowait(0)
    suspended, ended = asyncio.Event(), list[str]()

    async def hand_over() -> None:
        try:
            await queue.put(1)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    waiting = asyncio.ensure_future(without_race(racing.race)(hand_over(), suspended.wait()))
    await asyncio.sleep(0)
    suspended.set()
    await asyncio.wait_for(waiting, 5.0)
    await asyncio.sleep(0)
    assert ended == ["cancelled"]
    assert queue.get_nowait() == 0
    assert queue.empty()


@pytest.mark.parametrize("waits", [False, True])
async def test_an_error_of_the_handing_over_is_raised(waits: bool) -> None:
    """At its beginning as after a wait: the life of the engine ends with it."""

    async def broken() -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("no such partition")

    with pytest.raises(LookupError, match="no such partition"):
        await without_race(_Racing().race)(broken(), asyncio.Event().wait())


async def test_every_other_wait_of_the_consumer_is_left_alone() -> None:
    """A wait for one thing, or with a limit, is Faust's own."""
    racing = _Racing()
    event = asyncio.Event()
    event.set()
    await without_race(racing.race)(event.wait())
    await without_race(racing.race)(event.wait(), asyncio.sleep(60), timeout=5.0)
    assert racing.races == 2


async def _put(racing: _Racing, queue: "asyncio.Queue[int]", numbers: range) -> None:
    wait_first = without_race(racing.race)
    for number in numbers:
        await wait_first(queue.put(number), asyncio.Event().wait())
