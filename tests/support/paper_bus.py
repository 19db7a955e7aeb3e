"""A bus on paper, and Kafka behind the same three verbs: what lies in an outbox is published, and read again whole."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from events.topics import PARTITIONS, TopicName
from services.cli.replay.past import KafkaPast, Past
from services.runtime.bus_access import kafka_access
from services.runtime.bus_admin import BusAdmin
from services.runtime.consumption import Record
from services.runtime.database import Database
from services.runtime.home import home_partition
from services.runtime.outbox_rows import OutboxRows
from services.runtime.read_ahead import ReadAhead
from services.runtime.relay import Relay
from services.runtime.settings import Settings
from services.runtime.topic_watch import TopicWatch

EVERYTHING = 100_000


class Bus(Protocol):
    """Where records go, and what can be read of it."""

    @property
    def past(self) -> Past:
        """Return everything that was published."""
        ...

    async def publish(self, database: Database, lanes: Sequence[str]) -> int:
        """Publish what waits in these lanes; return how many records that were."""
        ...


class PaperBus(Past):
    """Topics in memory, partitioned as Kafka's own client does it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._logs: dict[tuple[str, int], list[Record]] = defaultdict(list)

    @property
    def past(self) -> Past:
        return self

    def topic_id(self, topic: TopicName) -> str | None:
        return f"id-of-{topic}"

    async def partition(self, topic: TopicName, partition: int) -> AsyncIterator[Record]:
        for record in list(self._logs[self._settings.topic(topic), partition]):
            yield record

    def log(self, topic: TopicName) -> list[list[Record]]:
        """Return the logs of a topic's partitions, to be cut and doubled by a test."""
        return [self._logs[self._settings.topic(topic), partition] for partition in range(PARTITIONS)]

    async def publish(self, database: Database, lanes: Sequence[str], most: int = EVERYTHING) -> int:
        rows = OutboxRows(database)
        waiting = await rows.in_order(await rows.pending(lanes, most))
        for row in waiting:
            where = (row.topic, home_partition(row.key))
            log = self._logs[where]
            log.append(Record(*where, len(log), row.key.encode(), row.headers, row.value))
        await rows.settle([], [row.id for row in waiting])
        return len(waiting)


class KafkaBus:
    """A broker, published to by the real relay, which may look at an outbox only while it is told to."""

    def __init__(self, database: Database, settings: Settings, past: KafkaPast) -> None:
        bootstrap = str(settings.kafka_bootstrap_servers)
        self.past: Past = past
        self._rows = OutboxRows(database)
        self._lanes: Sequence[str] = ()
        self._watch = TopicWatch(settings, BusAdmin(settings, bootstrap))
        self._relay = Relay(
            settings,
            kafka_access(settings, bootstrap).new_producer,
            self._rows,
            self._watch,
            lambda: self._lanes,
            ReadAhead(settings, database, self._watch),
        )

    async def __aenter__(self) -> Self:
        await self._watch.look()
        self._running = asyncio.create_task(self._relay.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        await self._watch.close()

    async def publish(self, database: Database, lanes: Sequence[str]) -> int:
        del database  # the relay's own
        count = len(await self._rows.pending(lanes, EVERYTHING))
        self._lanes = lanes
        self._relay.wake()
        async with asyncio.timeout(30):
            while await self._rows.pending(lanes, 1):  # noqa: ASYNC110 - a database row has no Event
                await asyncio.sleep(0.02)
        self._lanes = ()
        return count
