"""Reads a topic after the measurement, not during it: a watcher would take the worker's own cores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from events.topics import PARTITIONS

Mark = dict[TopicPartition, int]


@dataclass(frozen=True)
class Log:
    """One topic of the broker."""

    bootstrap: str
    topic: str

    async def mark(self) -> Mark:
        """Return where the topic ends now."""
        async with self._reader() as (reader, where):
            return dict(await reader.end_offsets(where))

    async def since(self, mark: Mark) -> AsyncIterator[ConsumerRecord]:
        """Return every record from ``mark`` to the topic's present end, each partition in its order."""
        async with self._reader() as (reader, where):
            ends = await reader.end_offsets(where)
            reader.assign(where)
            for place in where:
                reader.seek(place, mark.get(place, 0))
            left = {place for place in where if mark.get(place, 0) < ends[place]}
            while left:
                for place, records in (await reader.getmany(timeout_ms=1000, max_records=5000)).items():
                    for record in records:
                        yield record
                    if records and records[-1].offset >= ends[place] - 1:
                        left.discard(place)

    @asynccontextmanager
    async def _reader(self) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
        reader = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, enable_auto_commit=False)
        await reader.start()
        try:
            yield reader, [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        finally:
            await reader.stop()
