"""What goes on by itself, outside of every process: whoever dies, it is not lost."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tests.simulation.virtual_time import OUTSIDE


class UnderWay:
    """Tasks of the world's own."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """Return how many have not ended."""
        return len(self._tasks)

    def begin(self, way: Coroutine[Any, Any, None]) -> None:
        """Let something go on."""
        task = asyncio.get_running_loop().create_task(way, context=OUTSIDE.copy())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard, context=OUTSIDE.copy())

    async def ended(self) -> None:
        """Wait until everything has ended, and whatever began meanwhile."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))
