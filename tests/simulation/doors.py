"""What the product holds instead of Kafka's clients: an admin, a producer, and the looks at the ends of a log."""

import asyncio
from collections import namedtuple
from collections.abc import Iterable
from random import Random
from typing import Any

from aiokafka.errors import KafkaConnectionError, RequestTimedOutError, UnknownTopicOrPartitionError

from services.runtime.bus_admin import BusAdmin
from services.runtime.errors import BusAway, RecordSkipped
from services.runtime.settings import Settings
from tests.simulation.bus import SimBus
from tests.simulation.group import Group
from tests.simulation.reader import SimApp

Place = namedtuple("Place", ["topic", "partition", "offset"])  # noqa: PYI024 - as aiokafka's RecordMetadata
ANSWER_SECONDS = 0.002


class SimAdmin(BusAdmin):
    """The admin's questions, asked of the simulated bus."""

    def __init__(self, settings: Settings, bus: SimBus) -> None:
        super().__init__(settings, "simulated:0")
        self._bus = bus

    async def topic_ids(self, names: Iterable[str]) -> dict[str, str]:
        await asyncio.sleep(ANSWER_SECONDS)
        if self._bus.away:
            raise BusAway("no answer from the simulated broker")
        return {name: self._bus.topics[name].topic_id for name in names if name in self._bus.topics}

    async def apply_topics(self) -> list[str]:
        await asyncio.sleep(ANSWER_SECONDS)
        if self._bus.away:
            raise BusAway("no answer from the simulated broker")
        self._bus.create_missing()
        return []

    async def close(self) -> None:
        """Nothing is open."""


class SimProducer:
    """An idempotent producer: in order within a partition, and after a failure nothing more until it is replaced.

    A send may fail, half of the time with the record written all the same.
    """

    def __init__(self, bus: SimBus, rng: Random) -> None:
        self._bus = bus
        self._rng = rng
        self._broken: set[tuple[str, int]] = set()

    async def start(self) -> None:
        await asyncio.sleep(ANSWER_SECONDS)
        if self._bus.away:
            raise KafkaConnectionError("the simulated broker is away")

    async def stop(self) -> None:
        """Nothing is open."""

    async def send(self, topic: str, *, value: bytes, key: bytes, headers: Any) -> asyncio.Future[Place]:
        """Send one record; the future is its acknowledgement."""
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[Place] = loop.create_future()
        error: Exception | None = None
        place = Place(topic, 0, 0)
        if self._bus.away:
            error = KafkaConnectionError("the simulated broker is away")
        elif topic not in self._bus.topics:
            error = UnknownTopicOrPartitionError(topic)
        else:
            partition = self._bus.partition_of(topic, key)
            draw, fails = self._rng.random(), self._bus.trouble / 10
            if (topic, partition) in self._broken or draw < fails:
                self._broken.add((topic, partition))
                error = RequestTimedOutError("the simulated broker did not answer")
            if error is None or fails / 2 < draw < fails:
                place = Place(topic, partition, self._bus.append(topic, partition, key, list(headers), value))
        loop.call_later(self._rng.uniform(0.001, 0.02), _settle, acknowledged, place, error)
        return acknowledged


def _settle(acknowledged: asyncio.Future[Place], place: Place, error: Exception | None) -> None:
    if acknowledged.done():
        return
    if error is None:
        acknowledged.set_result(place)
    else:
        acknowledged.set_exception(error)


class SimEngine:
    """The stream engine of one process on the simulated bus."""

    def __init__(self, bus: SimBus, rng: Random, groups: dict[str, Group], instance: str) -> None:
        self._bus = bus
        self._rng = rng
        self._groups = groups
        self._instance = instance

    def build_app(self, consumer: str, topics: list[str], seek: Any, put: Any) -> SimApp:
        """Return an app that reads ``topics`` as a member of the consumer's group."""
        group = self._groups[consumer]
        return SimApp(self._bus, self._rng, group, self._instance, topics, seek, put)

    async def log_ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        await asyncio.sleep(ANSWER_SECONDS)
        if self._bus.away:
            raise BusAway("no answer from the simulated broker")
        return {place: self._bus.end(*place) for place in sorted(places)}

    async def check_gap(self, topic: str, partition: int, expected: int, seen: int) -> None:
        await asyncio.sleep(ANSWER_SECONDS)
        if self._bus.away:
            raise BusAway("no answer from the simulated broker")
        first = next(self._bus.read(topic, partition, expected, 1), None)
        if first is not None and first[0] < seen:
            raise RecordSkipped(f"{topic}/{partition}: record {first[0]} was passed over")
