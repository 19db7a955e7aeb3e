"""The messages that wait for one channel, most urgent first, and a bound on how many are with its provider.

Each channel has its own, so a provider that stalls holds up nobody else. Bulk may fill half of a channel and reminders
three quarters, so that even a channel full of stalled bulk takes an escalation at once (promise 9).
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from events.notification import Lane
from services.notifier.job import Job

SHARES: Mapping[Lane, tuple[int, float]] = MappingProxyType(
    {"escalation": (0, 1.0), "reminder": (1, 0.75), "bulk": (2, 0.5)}
)
"""Each lane's rank, and how much of the channel may be busy for it to start one more."""


class ChannelQueue:
    """Starts ``work`` for each job as soon as its lane has room."""

    def __init__(self, limit: int, work: Callable[[Job], Awaitable[None]]) -> None:
        self._limit = limit
        self._work = work
        self._waiting: list[tuple[int, int, Job]] = []
        self._arrivals = itertools.count()
        self._working: set[asyncio.Task[None]] = set()
        self._open = True

    def put(self, job: Job) -> None:
        """Add a job; it starts now if its lane has room."""
        heapq.heappush(self._waiting, (SHARES[job.request.lane][0], next(self._arrivals), job))
        self._start()

    async def close(self, patience_seconds: float) -> None:
        """Start nothing more, give the messages under way time to finish, then cancel those that have not."""
        self._open = False
        self._waiting.clear()
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=patience_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self) -> None:
        while self._open and self._waiting and len(self._working) < self._room(self._waiting[0][2]):
            job = heapq.heappop(self._waiting)[2]
            task = asyncio.create_task(self._run(job))
            self._working.add(task)
            task.add_done_callback(self._ended)

    def _room(self, job: Job) -> int:
        return max(1, int(self._limit * SHARES[job.request.lane][1]))

    async def _run(self, job: Job) -> None:
        await self._work(job)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._start()
