"""Spares a record the race that Faust runs over its handing-over, where there is nothing to wait for.

For each record Faust makes four tasks: the handing-over, and three that would end the wait for it (the flow is
suspended, the consumer has stopped, it has crashed; faust 0.15.3, ``Consumer._drain_messages``): 21 us, beside 1 us
for putting it into the queue. Nearly every record finds room at once, so its handing-over is begun without any task;
the race is run over the rest of it when it has to wait.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from services.runtime.at_once import rest_of

Race = Callable[..., Awaitable[Any]]


def begin_without_race(consumer: Any) -> None:
    """Let a Faust consumer hand over by itself what need not wait. Faust offers no setting (FAUST.md)."""
    consumer.wait_first = without_race(consumer.wait_first)


def without_race(race: Race) -> Race:
    """Return ``race`` as it is run over what is left of the first of two coroutines; over nothing, it is not run."""

    async def wait_first(*waits: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109 - the signature is Faust's
        if len(waits) != 2 or timeout is not None:  # noqa: PLR2004 - the handing-over, and what would cut it short
            return await race(*waits, timeout=timeout)
        handing_over, cut_short = waits
        try:
            waits_for = handing_over.send(None)
        except BaseException as end:
            cut_short.close()
            if isinstance(end, StopIteration):
                return None
            raise
        return await race(rest_of(handing_over, waits_for), cut_short)

    return wait_first
