"""The bus side of a worker: a Faust app inside our process, our queue, our offsets (FAUST.md, the pattern).

One *life* is one Faust app. It ends when the app crashes, when a topic is recreated, when a newer claim fences us off,
or when the bus passed over a record; the next life starts from the stored offsets. Clocks live outside of it.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from services.runtime.bus_access import StreamEngine
from services.runtime.bus_admin import BUS_TROUBLE
from services.runtime.consumption import Consumer, Consumption, Record
from services.runtime.errors import BusAway, RecordSkipped, StaleEpoch
from services.runtime.keeper import Keeper
from services.runtime.outages import through_outages
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import ABSENT, Store
from services.runtime.stream_app import settle_time
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)
QUEUE_LIMIT = 5_000
"""Records held in memory at most; beyond it Faust waits."""
BATCH_LIMIT = 100
"""Most records in one unit of work: larger ones save little."""
SMALLEST_BATCH = 8
UNIT_SECONDS = 0.03
"""How long a unit of work should take. Deadlines wait for the one under way, so the next one's number of records
follows from what the last ones took."""
QUIET_TURNS = 3
"""Turns of the event loop without a further record after which a unit of work begins with what there is. A mass is so
taken in large units, which cost less a record, and an alert waits for no time to pass."""
START_SECONDS = 60.0
PATIENCE_SECONDS = 2.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a consumer takes at once. Where no deadline waits for a unit of work, larger ones cost less a record."""

    most_records: int = BATCH_LIMIT
    unit_seconds: float = UNIT_SECONDS
    short_unit_seconds: float | None = None
    """The same while fewer than ``most_records`` wait: it keeps up, and what comes next waits for a shorter unit."""

    def seconds(self, waiting: int) -> float:
        """Return how long the next unit of work should take, when so many records wait."""
        if self.short_unit_seconds is None or waiting >= self.most_records:
            return self.unit_seconds
        return self.short_unit_seconds


GiveWay = Callable[[], Awaitable[None]]
"""Waits for what goes before the next unit of records, if anything does."""


class LifeEnded(Exception):
    """The present Faust app must be replaced; the message says why."""


class BusWorker:
    """Reads a consumer's topics for as long as the process lives."""

    def __init__(
        self,
        settings: Settings,
        engine: StreamEngine,
        consumer: Consumer,
        consumption: Consumption,
        store: Store,
        keeper: Keeper,
        watch: TopicWatch,
        give_way: GiveWay | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._give_way = give_way
        self._pace = pace or Pace()
        self._limit = self._pace.most_records
        self._engine = engine
        self._consumer = consumer
        self._consumption = consumption
        self._store = store
        self._keeper = keeper
        self._watch = watch
        self._topics = [settings.topic(name) for name in consumer.topics]
        self._queue: asyncio.Queue[Record] = asyncio.Queue(QUEUE_LIMIT)
        self._expected: dict[tuple[str, int], int] = {}
        self._ids: dict[str, str] = {}
        self.reading = False

    async def run(self) -> None:
        """Live again and again. Anything but trouble with the bus leaves here and stops the process."""
        while True:
            try:
                await self._live()
            except (LifeEnded, BusAway, RecordSkipped, *BUS_TROUBLE) as error:
                log.warning("bus.life_ended", consumer=self._consumer.name, reason=str(error) or repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _live(self) -> None:
        self._ids = dict(await self._watch.wait_for(self._topics))
        self._queue = asyncio.Queue(QUEUE_LIMIT)
        self._expected = {}
        app = self._engine.build_app(self._consumer.name, self._topics, self._seek, self._queue.put)
        tasks = [
            asyncio.create_task(self._process(), name="process"),
            asyncio.create_task(_crash_of(app), name="crash"),
            asyncio.create_task(self._recreated(), name="recreated"),
            asyncio.create_task(self._bus_lost(), name="lost"),
        ]
        try:
            starting = asyncio.create_task(asyncio.wait_for(app.start(), START_SECONDS), name="start")
            await _first_end([*tasks, starting], unless=starting)
            await _first_end(tasks)
        finally:
            self.reading = False
            await _cancel(tasks)
            with contextlib.suppress(Exception):  # a crashed app may fail to stop; its life is over either way
                await asyncio.wait_for(app.stop(), settle_time(self._settings).total_seconds())

    async def _recreated(self) -> None:
        await self._watch.changed_from(self._ids)
        raise LifeEnded("a topic was recreated")

    async def _bus_lost(self) -> None:
        """End the life when the broker stays away: aiokafka would ask for it without a pause, and warm the machine."""
        while True:
            await self._watch.wait_until_away()
            await asyncio.sleep(PATIENCE_SECONDS)
            if self._watch.away:
                raise LifeEnded("the broker is away; reading goes on when it answers")

    async def _seek(self, assigned: set[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """Claim what was assigned and say where to read on."""
        fresh = {w for w in assigned if w not in self._expected or self._name(w[1]) not in self._keeper.owned}
        ends = await self._engine.log_ends(fresh) if fresh else {}
        await self._keeper.hold({self._name(partition) for _, partition in fresh})
        for topic, partition in sorted(fresh):
            self._expected[topic, partition] = await self._stored_next(topic, partition, ends[topic, partition])
        for gone in self._expected.keys() - assigned:
            del self._expected[gone]
        self.reading = True
        log.info("partitions.assigned", consumer=self._consumer.name, count=len(assigned))
        return {where: self._expected[where] for where in assigned}

    async def _stored_next(self, topic: str, partition: int, end: int) -> int:
        """Return the offset to read next; a log that ends before it was cut back, and is read from its start."""
        following = await self._store.position(self._consumer.name, topic, partition, self._ids[topic]) + 1
        if following <= end:
            return following
        log.warning("log.cut_back", topic=topic, partition=partition, stored=following, end=end)
        await self._store.forget_position(self._consumer.name, topic, partition)
        return ABSENT + 1

    def _name(self, partition: int) -> str:
        return f"{self._consumer.name}/{partition}"

    async def _process(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            records = [await self._queue.get()]
            await self._gather()
            if self._give_way is not None:
                await self._give_way()
            while len(records) < self._limit and not self._queue.empty():
                records.append(self._queue.get_nowait())
            batches: dict[tuple[str, int], list[Record]] = {}
            for record in records:
                if await self._in_turn(record):
                    batches.setdefault((record.topic, record.partition), []).append(record)
            begun = loop.time()
            if batches:
                await self._handle(batches)
            self._limit = _next_limit(len(records), loop.time() - begun, self._pace, self._queue.qsize())

    async def _gather(self) -> None:
        """Let the stream engine, which brings a record or two a turn of the loop, bring on what it has."""
        quiet = 0
        while quiet < QUIET_TURNS and self._queue.qsize() < self._limit:
            waiting = self._queue.qsize()
            await asyncio.sleep(0)
            quiet = 0 if self._queue.qsize() > waiting else quiet + 1

    async def _in_turn(self, record: Record) -> bool:
        """Tell whether a record is the next of its partition; a repeat is dropped, a gap is looked into."""
        where = (record.topic, record.partition)
        expected = self._expected.get(where)
        if expected is None or record.offset < expected:
            return False
        if record.offset > expected:
            await self._engine.check_gap(record.topic, record.partition, expected, record.offset)
        self._expected[where] = record.offset + 1
        return True

    async def _handle(self, batches: dict[tuple[str, int], list[Record]]) -> None:
        """Commit what arrived; while the database is away, hold it and try again."""

        async def commit() -> None:
            claims = self._claims(batches)
            await self._consumption.handle(
                [(claim, self._ids[topic], batches[topic, number]) for (topic, number), claim in claims.items()]
            )

        try:
            await through_outages(commit, "records wait; nothing is lost")
        except StaleEpoch as error:
            for name in error.names:
                await self._keeper.drop(name)
            raise LifeEnded(str(error)) from error

    def _claims(self, batches: Mapping[tuple[str, int], Any]) -> dict[tuple[str, int], Ownership]:
        claims = {where: self._keeper.owned.get(self._name(where[1])) for where in batches}
        if lost := [self._name(where[1]) for where, claim in claims.items() if claim is None]:
            raise LifeEnded(f"{', '.join(lost)} was claimed by another worker")
        return {where: claim for where, claim in claims.items() if claim is not None}


def _next_limit(records: int, seconds: float, pace: Pace, waiting: int) -> int:
    """Return how many records may take the pace's time, when so many took so long."""
    return max(SMALLEST_BATCH, min(pace.most_records, int(records * pace.seconds(waiting) / max(seconds, 1e-6))))


async def _crash_of(app: Any) -> None:
    """Raise when Faust has crashed; it would leave the process alive and silent (FAUST.md)."""
    while not app.crashed:  # noqa: ASYNC110 - mode's crash event belongs to its own service tree
        await asyncio.sleep(0.2)
    raise LifeEnded(f"the stream engine crashed: {app.crash_reason!r}")


async def _first_end(tasks: list[asyncio.Task[Any]], unless: asyncio.Task[Any] | None = None) -> None:
    """Return when ``unless`` is done; raise what ended any other task first."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    try:
        for task in done:
            task.result()
    finally:
        if unless is not None and not unless.done():
            unless.cancel()


async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
