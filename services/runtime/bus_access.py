"""How a process meets the bus: three doors, so that a simulated bus can stand behind them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer

from services.runtime.bus_admin import BusAdmin
from services.runtime.settings import Settings

REQUEST_TIMEOUT_MS = 10_000
MAX_RECORD_BYTES = 1_048_576
"""Kafka's own default of message.max.bytes."""
BATCH_BYTES = 262_144
"""Bytes of one partition that go out together: everything that the relay sends at once, though all of it be for one
partition. With aiokafka's own 16 KB it waited for an answer of the broker in the middle of each batch, several times:
0.9 s a batch while a mass of deadlines had the processor. A quarter of MAX_RECORD_BYTES, which brokers take."""


class StreamEngine(Protocol):
    """What brings records and assignments to a worker that reads (``stream_app``, ``log_ends``)."""

    def build_app(
        self,
        consumer: str,
        topics: list[str],
        seek: Callable[[set[tuple[str, int]]], Awaitable[Mapping[tuple[str, int], int]]],
        put: Callable[[Any], Awaitable[None]],
    ) -> Any:
        """Return an app that hands every record to ``put``, starting where ``seek`` says."""
        ...

    async def log_ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the offset after the last record of each (topic, partition). Raises BusAway."""
        ...

    async def check_gap(self, topic: str, partition: int, expected: int, seen: int) -> None:
        """Find out why ``seen`` came where ``expected`` should have. Raises RecordSkipped, BusAway."""
        ...


@dataclass(frozen=True)
class BusAccess:
    """The doors. ``engine`` is None for Kafka: the services that read load the stream engine themselves."""

    admin: BusAdmin
    new_producer: Callable[[], Any]
    engine: StreamEngine | None = None


def kafka_access(settings: Settings, bootstrap_servers: str) -> BusAccess:
    """Return the doors to a Kafka broker."""

    def new_producer() -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=bootstrap_servers,
            client_id="tocsin-relay",
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            max_request_size=MAX_RECORD_BYTES,
            max_batch_size=BATCH_BYTES,
            metadata_max_age_ms=10_000,
        )

    return BusAccess(BusAdmin(settings, bootstrap_servers), new_producer)
