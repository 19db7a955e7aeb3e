"""Work that begins in this round of the event loop, and ends although its caller is cancelled.

A task begins in the loop's next round at the earliest (before Python 3.12's eager tasks). Whoever holds a lock that
other processes want must not let a loop that is busy with something else come first.
"""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")


async def at_once(work: Coroutine[Any, Any, Result]) -> Result:
    """Run ``work`` at once as far as it comes, and the rest, when it has to wait, where no cancellation reaches it."""
    try:
        waits_for = work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    return await asyncio.shield(asyncio.ensure_future(_rest(work, waits_for)))


async def _rest(work: Coroutine[Any, Any, Result], waits_for: Any) -> Result:
    return await _going_on(work, waits_for)


@types.coroutine
def _going_on(work: Coroutine[Any, Any, Result], waits_for: Any) -> Generator[Any, Any, Result]:
    yield waits_for
    result: Result = yield from work
    return result
