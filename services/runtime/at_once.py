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
    return await asyncio.shield(asyncio.ensure_future(rest_of(work, waits_for)))


async def rest_of(begun: Coroutine[Any, Any, Result], waits_for: Any) -> Result:
    """Return what comes of a coroutine that was begun by hand and waits for ``waits_for``, as it last yielded it."""
    return await _steps(begun, waits_for)


@types.coroutine
def _steps(begun: Coroutine[Any, Any, Result], waits_for: Any) -> Generator[Any, Any, Result]:
    """Go on with a coroutine that waits for something already, as ``yield from`` would (PEP 380)."""
    while True:
        try:
            try:
                sent = yield waits_for
            except GeneratorExit:
                begun.close()
                raise
            except BaseException as error:  # noqa: BLE001 - a cancellation, too, is the coroutine's to deal with
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(sent)
        except StopIteration as end:
            result: Result = end.value
            return result
