"""Builds the Faust app: settings that FAUST.md's measurements chose, and the seek to our own stored offset.

Faust brings records and partition assignments; it is never asked what was done (our store knows) nor when to do
something (our timers know).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import faust

from services.runtime.begun import begin_without_race
from services.runtime.consumption import Record
from services.runtime.log_ends import check_gap, log_ends
from services.runtime.settings import Settings

FETCH_WAIT_MS = 25
Seek = Callable[[set[tuple[str, int]]], Awaitable[Mapping[tuple[str, int], int]]]
"""Given the assigned (topic, partition) pairs, claims them and returns the next offset to read of each."""


@dataclass(frozen=True)
class FaustEngine:
    """The stream engine on a Kafka broker."""

    settings: Settings
    bootstrap_servers: str

    def build_app(self, consumer: str, topics: list[str], seek: Seek, put: Callable[[Record], Awaitable[None]]) -> Any:
        """Return a Faust app; see ``build_app``."""
        return build_app(self.settings, self.bootstrap_servers, consumer, topics, seek, put)

    async def log_ends(self, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Return the ends of the log; see ``log_ends``."""
        return await log_ends(self.bootstrap_servers, places)

    async def check_gap(self, topic: str, partition: int, expected: int, seen: int) -> None:
        """Look into a gap; see ``check_gap``."""
        await check_gap(self.bootstrap_servers, topic, partition, expected, seen)


def build_app(
    settings: Settings,
    bootstrap_servers: str,
    consumer: str,
    topics: list[str],
    seek: Seek,
    put: Callable[[Record], Awaitable[None]],
) -> Any:
    """Return a Faust app that hands every record of ``topics`` to ``put``, starting where ``seek`` says."""
    app = faust.App(
        f"{settings.topic_prefix}{consumer}",
        broker=[f"kafka://{server.strip()}" for server in bootstrap_servers.split(",")],
        broker_client_id=f"tocsin-{consumer}",
        consumer_group_instance_id=f"{consumer}-{settings.worker_id}",
        datadir=str(Path(settings.data_dir) / "faust"),
        autodiscover=False,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        processing_guarantee="at_least_once",
        stream_publish_on_commit=False,
        stream_wait_empty=False,  # our queue, not Faust's stream, holds what is under way
        stream_buffer_maxsize=256,
        stream_recovery_delay=0.0,
        producer_acks=-1,
        broker_max_poll_records=500,
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=15.0,
        broker_max_poll_interval=300.0,
        broker_request_timeout=30.0,
        consumer_auto_offset_reset="earliest",
        consumer_metadata_max_age_ms=10_000,
    )
    topic = app.topic(*topics, key_serializer="raw", value_serializer="raw")

    async def take(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            await put(
                Record(
                    message.topic,
                    message.partition,
                    message.offset,
                    message.key,
                    _pairs(message.headers),
                    message.value,
                )
            )

    app.agent(topic, name=f"{consumer}.take")(take)
    _wrap_seek(app, seek)
    _shorten_long_poll(app)
    begin_without_race(app.consumer)
    return app


def _pairs(headers: Any) -> list[tuple[str, bytes]]:
    if not headers:
        return []
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)


def _wrap_seek(app: Any, seek: Seek) -> None:
    """Make Faust's own seek, which follows every assignment, end at our stored offsets (FAUST.md, the pattern 2)."""
    consumer = app.consumer
    original = consumer.seek_to_committed

    async def seek_to_stored() -> Mapping[Any, int]:
        committed = dict(await original())
        assigned = set(consumer.assignment())
        wanted = await seek({(tp.topic, tp.partition) for tp in assigned})
        offsets = {tp: wanted[tp.topic, tp.partition] for tp in assigned if (tp.topic, tp.partition) in wanted}
        if offsets:
            await consumer.seek_wait(offsets)
        return {**committed, **offsets}

    consumer.seek_to_committed = seek_to_stored


def _shorten_long_poll(app: Any) -> None:
    """Let a fetch wait 25 ms instead of Faust's fixed 1500 ms.

    aiokafka has one fetch under way for each broker, for the partitions whose records were all taken when it was sent.
    A partition that is taken a moment later waits until that fetch returns, so with a few busy partitions and many
    quiet ones a record could lie for 1.5 s (measured: p50 0.8 s at 100 records a second).
    """
    thread = app.consumer._thread  # noqa: SLF001 - Faust offers no setting (FAUST.md)
    create = thread._create_worker_consumer  # noqa: SLF001

    def create_quick(transport: Any) -> Any:
        consumer = create(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # noqa: SLF001
        return consumer

    thread._create_worker_consumer = create_quick  # noqa: SLF001


def settle_time(settings: Settings) -> timedelta:
    """Return how long an app may take to stop before it is given up: one session of the group."""
    return timedelta(seconds=settings.session_timeout_seconds)
