"""What the bus still has: topics read from their start to where they ended when the reading began."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from events.topics import PARTITIONS, TopicName
from services.runtime.bus_admin import BUS_TROUBLE, BusAdmin
from services.runtime.consumption import Record
from services.runtime.errors import BusAway
from services.runtime.settings import Settings

PAGE = 1_000
POLL_MS = 1_000
FETCH_WAIT_MS = 10
"""Kafka's own 500 ms for a fetch that finds nothing would be paid at the end of every partition."""
PATIENCE_POLLS = 30
"""Polls without a record before the end was reached: the broker is away."""


class Past(ABC):
    """Whole topics, which can be read again and again."""

    @abstractmethod
    def topic_id(self, topic: TopicName) -> str | None:
        """Return which incarnation of a topic there is, or None when there is none."""

    @abstractmethod
    def partition(self, topic: TopicName, partition: int) -> AsyncIterator[Record]:
        """Yield every record of one partition of a topic that there is, in order."""

    async def records(self, topic: TopicName) -> AsyncIterator[Record]:
        """Yield every record of a topic, one partition after the other; nothing when there is no such topic."""
        if self.topic_id(topic) is not None:
            for partition in range(PARTITIONS):
                async for record in self.partition(topic, partition):
                    yield record


class KafkaPast(Past):
    """The topics of a broker. An asynchronous context manager; it belongs to no group and commits nothing.

    Raises:
        BusAway: on entering and while reading: the broker does not answer.
    """

    def __init__(self, settings: Settings, bootstrap_servers: str) -> None:
        self._settings = settings
        self._bootstrap = bootstrap_servers
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap_servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )
        self._ids: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        admin = BusAdmin(self._settings, self._bootstrap)
        try:
            self._ids = await admin.topic_ids(admin.topic_names())
            await self._consumer.start()
        except BUS_TROUBLE as error:
            raise BusAway(f"no answer from {self._bootstrap}: {error!r}") from error
        finally:
            await admin.close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(*BUS_TROUBLE):
            await self._consumer.stop()

    def topic_id(self, topic: TopicName) -> str | None:
        """Return which incarnation of a topic the broker has, or None when it has none."""
        return self._ids.get(self._settings.topic(topic))

    async def partition(self, topic: TopicName, partition: int) -> AsyncIterator[Record]:
        """Yield every record of one partition, in order."""
        where = TopicPartition(self._settings.topic(topic), partition)
        try:
            end = (await self._consumer.end_offsets([where]))[where]
            self._consumer.assign([where])
            await self._consumer.seek_to_beginning(where)
            silent = 0
            while await self._consumer.position(where) < end:
                found = (await self._consumer.getmany(where, timeout_ms=POLL_MS, max_records=PAGE)).get(where, [])
                silent = 0 if found else silent + 1
                if silent == PATIENCE_POLLS:
                    raise BusAway(f"{where.topic}/{partition}: no record for {PATIENCE_POLLS} s, and it has more")
                for item in found:
                    yield Record(where.topic, partition, item.offset, item.key, list(item.headers), item.value)
        except BUS_TROUBLE as error:
            raise BusAway(f"could not read {where.topic}/{partition}: {error!r}") from error
