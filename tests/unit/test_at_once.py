"""Work that begins at once: before anything else runs, and to its end although the caller is cancelled."""

import asyncio

import pytest

from services.runtime.at_once import at_once


async def test_what_waits_for_nothing_is_done_before_anything_else_runs() -> None:
    """What was scheduled before it comes after it, and its result comes back."""
    done: list[str] = []

    async def work() -> str:
        done.append("work")
        return "result"

    asyncio.get_running_loop().call_soon(done.append, "another")
    assert await at_once(work()) == "result"
    assert done == ["work"]


async def test_what_waits_goes_on_where_no_cancellation_reaches_it() -> None:
    """The caller hears that it was cancelled; the work comes to its end all the same."""
    go_on, done = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        await asyncio.sleep(0)
        done.set()

    caller = asyncio.create_task(at_once(work()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert not done.is_set()
    go_on.set()
    await asyncio.wait_for(done.wait(), 1.0)


@pytest.mark.parametrize("pauses", [0, 2])
async def test_its_failure_is_the_callers(pauses: int) -> None:
    """Whether it fails at once or after a while."""

    async def work() -> None:
        for _ in range(pauses):
            await asyncio.sleep(0)
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        await at_once(work())
