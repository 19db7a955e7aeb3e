"""Looks at the ends of a partition's log: what the broker still has, told apart from what it passed over."""

import contextlib
from collections.abc import Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.runtime.bus_admin import BUS_TROUBLE
from services.runtime.errors import BusAway, RecordSkipped

log = structlog.get_logger(__name__)
PATIENCE_MS = 5_000


async def log_ends(bootstrap_servers: str, places: Iterable[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """Return the offset after the last record of each (topic, partition).

    Raises:
        BusAway: the broker did not answer.
    """
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    try:
        await reader.start()
        ends = await reader.end_offsets([TopicPartition(topic, partition) for topic, partition in places])
    except BUS_TROUBLE as error:
        raise BusAway(f"could not look at the ends of the log: {error!r}") from error
    finally:
        with contextlib.suppress(*BUS_TROUBLE):
            await reader.stop()
    return {(where.topic, where.partition): end for where, end in ends.items()}


async def check_gap(bootstrap_servers: str, topic: str, partition: int, expected: int, seen: int) -> None:
    """Find out why ``seen`` came where ``expected`` should have.

    Control records of transactional producers and records that retention cut are no loss: said loudly, then on.

    Raises:
        RecordSkipped: the broker has a record in between; read again from the stored offset.
        BusAway: the broker did not answer.
    """
    where = TopicPartition(topic, partition)
    reader = AIOKafkaConsumer(
        bootstrap_servers=bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        await reader.start()
        reader.assign([where])
        start = (await reader.beginning_offsets([where]))[where]
        reader.seek(where, max(expected, start))
        found = await reader.getmany(where, timeout_ms=PATIENCE_MS, max_records=1)
    except BUS_TROUBLE as error:
        raise BusAway(f"could not look at {topic}/{partition}: {error!r}") from error
    finally:
        with contextlib.suppress(*BUS_TROUBLE):
            await reader.stop()
    first = found[where][0].offset if found.get(where) else None
    if first is not None and first < seen:
        raise RecordSkipped(f"{topic}/{partition}: record {first} was passed over (expected {expected}, came {seen})")
    cause = "retention cut the log before it was read" if start > expected else "control records of transactions"
    log.warning("records.absent", topic=topic, partition=partition, expected=expected, seen=seen, cause=cause)
