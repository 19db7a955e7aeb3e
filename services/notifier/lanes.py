"""The messages that wait for one provider, most urgent first, and a bound on how many are with it.

Each provider has its own, so one that stalls holds up nobody else. Bulk may fill half of a provider and reminders three
quarters, so that even a provider full of stalled bulk takes an escalation at once (promise 9). A turn of the provider's
rate is given away only when a message starts: to the most urgent that waits then.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from events.notification import Lane
from services.notifier.breaker import Breaker
from services.notifier.job import Job
from services.notifier.pace import Pace

SHARES: Mapping[Lane, tuple[int, float]] = MappingProxyType(
    {"escalation": (0, 1.0), "reminder": (1, 0.75), "bulk": (2, 0.5)}
)
"""Each lane's rank, and how much of the provider may be busy for it to start one more."""


class ProviderQueue:
    """Starts ``work`` for each job as soon as its lane has room, the rate has a turn, and the breaker lets it.

    ``work`` is given a call that makes room for the next one, for when the provider has answered: what it has said is
    written down meanwhile. ``bulk_pace`` is that of every provider together.
    The breaker holds back reminders and bulk only: an escalation waits for nobody's recovery.
    """

    def __init__(
        self,
        limit: int,
        breaker: Breaker,
        pace: Pace,
        work: Callable[[Job, Callable[[], None]], Awaitable[None]],
        bulk_pace: Pace,
    ) -> None:
        self._limit = limit
        self._breaker = breaker
        self._pace = pace
        self._bulk_pace = bulk_pace
        self._work = work
        self._waiting: list[tuple[int, int, Job]] = []
        self._arrivals = itertools.count()
        self._working: set[asyncio.Task[None]] = set()
        self._with_provider: set[Job] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._open = True

    def put(self, job: Job) -> None:
        """Add a job; it starts now if it may."""
        heapq.heappush(self._waiting, (SHARES[job.request.lane][0], next(self._arrivals), job))
        self._start()

    def has_room_for(self, job: Job) -> bool:
        """Return whether a job of this lane would start at once."""
        rank = SHARES[job.request.lane][0]
        is_next = not self._waiting or rank < self._waiting[0][0]
        return is_next and len(self._with_provider) < self._room(job) and self._wait(job) <= 0

    def take_waiting(self) -> list[Job]:
        """Return every job that waits, in its order, and forget them."""
        found = [job for _, _, job in sorted(self._waiting, key=lambda entry: entry[:2])]
        self._waiting.clear()
        return found

    async def close(self, patience_seconds: float) -> None:
        """Start nothing more, give the messages under way time to finish, then cancel those that have not."""
        self._open = False
        self._waiting.clear()
        self._quiet()
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=patience_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _start(self) -> None:
        self._quiet()
        while self._open and self._waiting and len(self._with_provider) < self._room(self._waiting[0][2]):
            if (seconds := self._wait(self._waiting[0][2])) > 0:
                self._timer = asyncio.get_running_loop().call_later(seconds, self._start)
                return
            job = heapq.heappop(self._waiting)[2]
            self._breaker.begin()
            self._pace.take()
            if job.request.lane == "bulk":
                self._bulk_pace.take()
            self._with_provider.add(job)
            task = asyncio.create_task(self._run(job))
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    def _wait(self, job: Job) -> float:
        """Return how long the job waits for its turn, should it be the next."""
        recovery = 0.0 if job.request.lane == "escalation" else self._breaker.wait
        turn = self._bulk_pace.wait if job.request.lane == "bulk" else 0.0
        return max(recovery, turn, self._pace.wait)

    def _room(self, job: Job) -> int:
        return max(1, int(self._limit * SHARES[job.request.lane][1]))

    def _quiet(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _run(self, job: Job) -> None:
        def make_room() -> None:
            if job in self._with_provider:
                self._with_provider.remove(job)
                self._start()

        try:
            await self._work(job, make_room)
        finally:
            make_room()
