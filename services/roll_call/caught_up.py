"""Before a step is taken, what was said in time is heard: answers on the bus are read up to its end.

At the cut-off thousands of answers may wait in line, and after an outage those of hours. Whoever answered at 15:59
is not chased at 16:00 because the service was behind. While the bus is away, steps are taken on time all the same.
"""

import asyncio
from collections.abc import Collection

import structlog

from events.topics import PARTITIONS
from services.runtime.bus_access import StreamEngine
from services.runtime.errors import BusAway
from services.runtime.store import Store
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)
LOOK_SECONDS = 0.05
REACH_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
"""Real seconds after which a step is taken anyway: a partition that nobody reads stops no chase."""


class CaughtUp:
    """Waits until the consumer has read what was on the topic when it was asked."""

    def __init__(self, engine: StreamEngine, store: Store, watch: TopicWatch, consumer: str, topic: str) -> None:
        self._engine = engine
        self._store = store
        self._watch = watch
        self._consumer = consumer
        self._topic = topic

    async def wait(self, partitions: Collection[int] = range(PARTITIONS)) -> bool:
        """Return whether everything of these partitions is heard; not when the bus is away, or after the patience."""
        try:
            async with asyncio.timeout(REACH_SECONDS):  # a process that has just begun has not looked yet
                topic_id = (await self._watch.wait_for([self._topic]))[self._topic]
        except TimeoutError:
            return False
        try:
            ends = await self._engine.log_ends({(self._topic, partition) for partition in partitions})
        except BusAway:
            return False
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                for (topic, partition), end in sorted(ends.items()):
                    await self._read(topic, partition, topic_id, end)
        except TimeoutError:
            log.warning(
                "roll_call.behind", meaning="steps are taken though answers wait on the bus; they count in time"
            )
            return False
        return True

    async def _read(self, topic: str, partition: int, topic_id: str, end: int) -> None:
        """Return when a partition is read up to ``end``, by whichever worker owns it."""
        position = self._store.position
        while await position(self._consumer, topic, partition, topic_id) < end - 1:  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(LOOK_SECONDS)
