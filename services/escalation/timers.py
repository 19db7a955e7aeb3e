"""The timers: fire stored deadlines of the partitions we own, on time, with or without the bus (DESIGN §4).

Each partition's deadlines inside the horizon are in memory; the store holds all of them. An entry that went stale costs
one look at its case, so nothing is ever removed from the middle.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from services.escalation.deadlines import Deadlines
from services.runtime.clock import Clock
from services.runtime.errors import StaleEpoch
from services.runtime.outages import through_outages
from services.runtime.store import Store

log = structlog.get_logger(__name__)
Fire = Callable[[Mapping[str, Sequence[str]]], Awaitable[None]]
"""Applies the due deadlines of some cases, given by partition name, in one unit of work."""
Drop = Callable[[str], Awaitable[None]]

BATCH = 50
"""Cases fired in one unit of work: large enough to share the commit, small enough to keep the rest on time. Larger ones
save nothing (0.3 ms of the processor a case with 50 and with 100, 0.4 with 25), and records wait for the one under way.
"""
TURNS_TO_ASK = 2
"""Turns of the loop from the end of ``give_way`` until a unit of records has asked for its partitions: the waiting
task's own, and that of the task which commits (``Consumption.handle``)."""
PAGE = 200_000
"""Most deadlines of one partition in memory (about 140 bytes each)."""


class Timers:
    """The deadlines of this worker's partitions."""

    def __init__(self, store: Store, clock: Clock, horizon: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._horizon = horizon
        self._held: dict[str, Deadlines] = {}
        self._until: dict[str, datetime] = {}
        self._woken = asyncio.Event()
        self._turn_over = asyncio.Event()

    async def load(self, name: str) -> None:
        """Read a partition's deadlines inside the horizon, in place of what was held."""
        partition = int(name.rsplit("/", 1)[1])
        until = self._clock.now() + self._horizon
        self._until[name] = until  # from here on, put() adds what is committed while we read
        held = self._held[name] = Deadlines()
        found = await self._store.due(partition, until, PAGE)
        if len(found) == PAGE:
            self._until[name] = found[-1][0]
        held.extend(found)
        self._woken.set()

    def drop(self, name: str) -> None:
        """Forget a partition that belongs to somebody else now."""
        self._held.pop(name, None)
        self._until.pop(name, None)

    def put(self, name: str, due: datetime | None, case_id: str) -> None:
        """Hold a deadline that was just committed, if it lies inside the horizon."""
        if due is not None and name in self._held and due < self._until[name]:
            self._held[name].put(due, case_id)
            self._woken.set()

    async def give_way(self) -> None:
        """Let what is due go first: return at once if nothing is, else after the next unit of deadlines.

        After that one only, so that a mass of deadlines and a mass of records each have every second turn.
        """
        now = self._clock.now()
        if any(held.is_due(now) for held in self._held.values()):
            self._woken.set()
            await self._turn_over.wait()

    async def run(self, fire: Fire, drop: Drop) -> None:
        """Fire for ever; a partition that ``fire`` finds to be somebody else's is dropped."""
        while True:
            self._woken.clear()
            due = self._take_due()
            if due:
                await self._fire_all(due, fire, drop)
            self._turn_over.set()
            self._turn_over = asyncio.Event()
            if due:
                await _let_records_ask()
            else:
                await self._refill()
                await self._sleep()

    def _take_due(self) -> dict[str, list[str]]:
        """Return what has come; each late partition has the same share of the unit of work."""
        now = self._clock.now()
        late = {name: held for name, held in self._held.items() if held.is_due(now)}
        share = max(1, BATCH // max(1, len(late)))
        return {name: held.take(now, share) for name, held in late.items()}

    async def _fire_all(self, due: dict[str, list[str]], fire: Fire, drop: Drop) -> None:
        """Fire; while the database is away the deadlines wait, and fire late but never not at all."""

        async def commit() -> None:
            await fire({name: cases for name, cases in due.items() if name in self._held})

        while True:
            try:
                await through_outages(commit, "deadlines wait for the database")
            except StaleEpoch as error:
                for name in error.names:
                    await drop(name)
            else:
                return

    async def _refill(self) -> None:
        half = self._clock.now() + self._horizon / 2
        for name in [name for name, until in self._until.items() if until < half]:
            await through_outages(partial(self.load, name), "half a horizon of deadlines is still held")

    async def _sleep(self) -> None:
        firsts = [at for held in self._held.values() if (at := held.next_at) is not None]
        wait = self._clock.real_seconds(min(firsts) - self._clock.now()) if firsts else 1.0
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), min(wait, 1.0))


async def _let_records_ask() -> None:
    """Let records that gave way ask for their partitions first: the store serves in the order of asking.

    Else the next unit of a mass asks before them, and they wait for that one, too.
    """
    for _ in range(TURNS_TO_ASK):
        await asyncio.sleep(0)
