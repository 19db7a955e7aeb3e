"""Units of records are short, and begin only after what is more urgent."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from services.runtime.bus import BATCH_LIMIT, SMALLEST_BATCH, UNIT_SECONDS, BusWorker, Pace
from services.runtime.consumption import Applied, Consumption, Received, Record
from services.runtime.database import Database
from services.runtime.keeper import Keeper
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import Store, UnitOfWork
from services.runtime.topic_watch import TopicWatch
from tests.integration.test_consumption import TOPIC, Notebook, arrived
from tests.support.intake import StillClock

PATIENCE = 10.0
MOST_TURNS = 10
BeforeRecord = Callable[[int], Awaitable[None]]
"""Waits until the record of this offset is there."""


class Diary(Notebook):
    """Notes each unit of work with its size, and takes as long over a record as told."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.turns = list[str]()
        self.sizes = list[int]()

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        await asyncio.sleep(self.seconds * len(batch))
        self.turns.append("records")
        self.sizes.append(len(batch))
        return await super().apply(unit, batch)

    async def give_way(self) -> None:
        self.turns.append("urgent")

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.applied) < count:  # noqa: ASYNC110 - what is waited for is a count
                await asyncio.sleep(0.005)


@dataclass
class FullTopic:
    """A stream engine whose one partition has all its records at once, unless it is told to wait before some."""

    records: list[Record]
    before: BeforeRecord | None = None
    crashed: bool = field(default=False, init=False)
    _bringing: list[asyncio.Task[None]] = field(default_factory=list, init=False)

    def build_app(
        self,
        consumer: str,
        topics: list[str],
        seek: Callable[[set[tuple[str, int]]], Awaitable[Mapping[tuple[str, int], int]]],
        put: Callable[[Any], Awaitable[None]],
    ) -> Any:
        del consumer, topics

        async def start() -> None:
            await seek({(TOPIC, 0)})
            self._bringing.append(asyncio.create_task(bring()))

        async def bring() -> None:
            for record in self.records:
                if self.before is not None:
                    await self.before(record.offset)
                await put(record)

        async def stop() -> None:
            for task in self._bringing:
                task.cancel()

        return SimpleNamespace(start=start, stop=stop, crashed=self.crashed)

    async def log_ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        return dict.fromkeys(places, len(self.records))

    async def check_gap(self, topic: str, partition: int, expected: int, seen: int) -> None:
        raise AssertionError(f"there is no gap in {topic}/{partition} between {expected} and {seen}")


@asynccontextmanager
async def reading(
    database: Database, diary: Diary, count: int, before: BeforeRecord | None = None, pace: Pace | None = None
) -> AsyncIterator[None]:
    settings, store = Settings(kafka_bootstrap_servers="none:0"), Store(database)
    admin = SimpleNamespace(topic_names=lambda: [TOPIC])
    watch = TopicWatch(settings, cast("Any", admin))
    watch.ids, watch.away = {TOPIC: "id-1"}, False
    worker = BusWorker(
        settings,
        FullTopic([arrived(f"event-{number}", number) for number in range(count)], before),
        diary,
        Consumption(store, StillClock(), diary),
        store,
        Keeper(OwnershipRows(database, "test", 60.0), "escalation/", 60.0),
        watch,
        diary.give_way,
        pace,
    )
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_more_urgent_goes_before_each_unit_of_records(database: Database) -> None:
    """Also while many records wait: no two units follow each other without asking."""
    diary = Diary()
    async with reading(database, diary, 3 * BATCH_LIMIT):
        await diary.until(3 * BATCH_LIMIT)
    asked = diary.turns.index("urgent")
    turns = diary.turns[asked:]
    assert turns[: 2 * len(diary.sizes)] == ["urgent", "records"] * len(diary.sizes)
    assert len(diary.sizes) > 1


async def test_units_become_smaller_when_records_take_long(database: Database) -> None:
    """What waits for a unit of work waits for its seconds, not for its number of records."""
    diary = Diary(seconds=UNIT_SECONDS / 20)
    count = 2 * BATCH_LIMIT
    async with reading(database, diary, count):
        await diary.until(count)
    assert diary.sizes[0] > SMALLEST_BATCH
    assert SMALLEST_BATCH <= max(diary.sizes[1:]) <= 20


async def test_units_are_short_only_while_few_wait(database: Database) -> None:
    """Beside a trickle of bulk an alert waits less; a mass is taken in units that cost less."""
    diary, count = Diary(seconds=UNIT_SECONDS / 20), 3 * BATCH_LIMIT
    async with reading(database, diary, count, pace=Pace(short_unit_seconds=UNIT_SECONDS / 10)):
        await diary.until(count)
    assert max(diary.sizes[1:5]) > SMALLEST_BATCH
    assert diary.sizes[-6:-1] == [SMALLEST_BATCH] * 5


async def test_units_grow_again_when_records_are_quick(database: Database) -> None:
    """One slow moment does not make the units small for ever."""
    diary = Diary(seconds=UNIT_SECONDS / 4)
    count = 4 * BATCH_LIMIT
    async with reading(database, diary, count):
        await diary.until(count // 4)
        slow = len(diary.sizes)
        diary.seconds = 0.0
        await diary.until(count)
    assert max(diary.sizes[slow + 1 :]) > SMALLEST_BATCH


async def test_records_that_come_turn_by_turn_share_a_unit(database: Database) -> None:
    """The stream engine brings one at a time, and a unit of work for each would take a commit for each."""
    diary, count = Diary(), 40

    async def next_turn(_: int) -> None:
        await asyncio.sleep(0)

    async with reading(database, diary, count, before=next_turn):
        await diary.until(count)
    assert diary.sizes[0] == count


async def test_a_record_alone_waits_for_no_company(database: Database) -> None:
    """It may be an alarm: its unit of work begins within a few turns of the loop, also right after another's."""
    turns, since = [0], list[int]()

    class Counting(Diary):
        async def give_way(self) -> None:
            since.append(turns[0])

    diary = Counting()

    async def after_the_last(offset: int) -> None:
        while diary.committed < offset:  # noqa: ASYNC110 - what is waited for is a count
            await asyncio.sleep(0)
        turns[0] = 0

    async def count_turns() -> None:
        while True:
            turns[0] += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count_turns())
    async with reading(database, diary, 4, before=after_the_last):
        await diary.until(4)
    counting.cancel()
    assert diary.sizes == [1, 1, 1, 1]
    assert max(since) <= MOST_TURNS
