"""One unit of work on what arrived: skip, decode, apply, remember, advance. No exception for bad input leaves it.

What cannot be read goes to the dead-letter topic, with its reason and its original bytes; the next record is handled.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from sqlalchemy import select

from events.base import Body
from events.codec import Encoded, decode
from events.envelope import Envelope, Headers
from events.errors import EventError
from events.topics import TopicName, dead_letter
from services.runtime.clock import Clock
from services.runtime.metrics import RECORDS_HANDLED
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.store import ABSENT, Position, Store, UnitOfWork
from services.runtime.tables import consumed

log = structlog.get_logger(__name__)
OUR_SOURCES = "/tocsin/"
AfterCommit = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it came from the bus."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Received:
    """A readable event: ``event_id`` is unique over all sources."""

    record: Record
    event_id: str
    envelope: Envelope
    body: Body


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be handled, and why."""

    record: Record
    reason: str
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What a consumer made of its events.

    ``forwarded`` events went on to the partition they belong to, and count as handled only there.
    """

    after_commit: AfterCommit | None = None
    rejected: Sequence[Rejected] = ()
    forwarded: Sequence[Received] = ()


class Consumer(Protocol):
    """A service's own part of the unit of work."""

    name: str
    topics: tuple[TopicName, ...]

    async def apply(self, unit: UnitOfWork, owned: Ownership, events: Sequence[Received]) -> Applied:
        """Apply the events of one partition inside the transaction. An exception stops the worker: it is a bug."""
        ...

    async def claimed(self, owned: Ownership) -> None:
        """Take up a partition: load what is due or unfinished."""
        ...

    async def lost(self, owned: Ownership) -> None:
        """Drop everything held in memory for a partition."""
        ...


def event_key(envelope: Envelope) -> str:
    """Return the inbox key: ids of our own sources are unique as they are, others are qualified by their source."""
    if envelope.source.startswith(OUR_SOURCES):
        return envelope.id
    return f"{envelope.source}|{envelope.id}"


class Consumption:
    """Turns records into units of work for one consumer."""

    def __init__(self, store: Store, clock: Clock, consumer: Consumer) -> None:
        self._store = store
        self._clock = clock
        self._consumer = consumer

    async def handle(self, batches: Sequence[tuple[Ownership, str, Sequence[Record]]]) -> None:
        """Handle (claim, topic id, records of one topic partition) in one transaction: a group commit.

        Raises:
            StaleEpoch: nothing was written; drop the partitions it names and try the others again.
        """
        after: list[AfterCommit] = []
        counts: dict[str, int] = {}
        async with self._store.transaction(*dict.fromkeys(owned for owned, _, _ in batches)) as unit:
            for owned, topic_id, records in batches:
                applied = await self._one(unit, owned, topic_id, records, counts)
                if applied.after_commit is not None:
                    after.append(applied.after_commit)
        for outcome, count in counts.items():
            RECORDS_HANDLED.labels(outcome=outcome).inc(count)
        for callback in after:
            callback()

    async def _one(
        self, unit: UnitOfWork, owned: Ownership, topic_id: str, records: Sequence[Record], counts: dict[str, int]
    ) -> Applied:
        first = records[0]
        last = await _stored_offset(unit, self._consumer.name, first, topic_id)
        fresh = [record for record in records if record.offset > last]
        _count(counts, "old-offset", len(records) - len(fresh))
        if not fresh:
            return Applied()
        events, rejected = _decode_all(fresh)
        seen = await unit.seen(self._consumer.name, [event.event_id for event in events])
        new = list({event.event_id: event for event in events if event.event_id not in seen}.values())
        _count(counts, "duplicate", len(events) - len(new))
        applied = await self._consumer.apply(unit, owned, new) if new else Applied()
        rejected += applied.rejected
        _count(counts, "dead-letter", len(rejected))
        _count(counts, "applied", len(new) - len(applied.rejected))
        await unit.append(owned.name, [_letter(item) for item in rejected])
        forwarded = {event.event_id for event in applied.forwarded}
        handled = [event.event_id for event in new if event.event_id not in forwarded]
        handled += [item.event_id for item in rejected if item.event_id]
        await unit.mark_seen(self._consumer.name, dict.fromkeys(handled).keys(), self._clock.now())
        position = Position(first.topic, first.partition, topic_id, fresh[-1].offset)
        await unit.advance(self._consumer.name, [position])
        return applied


async def _stored_offset(unit: UnitOfWork, consumer: str, record: Record, topic_id: str) -> int:
    statement = select(consumed.c.topic_id, consumed.c.offset).where(
        consumed.c.consumer == consumer,
        consumed.c.topic == record.topic,
        consumed.c.partition == record.partition,
    )
    row = (await unit.connection.execute(statement)).one_or_none()
    return int(row.offset) if row is not None and row.topic_id == topic_id else ABSENT


def _decode_all(records: Iterable[Record]) -> tuple[list[Received], list[Rejected]]:
    events: list[Received] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            decoded = decode(record.headers, record.value)
        except EventError as error:
            rejected.append(Rejected(record, str(error)))
        else:
            events.append(Received(record, event_key(decoded.envelope), decoded.envelope, decoded.body))
    return events, rejected


def _letter(item: Rejected) -> Outgoing:
    """Return the dead letter: the original bytes and headers, and beside them the reason and where it came from."""
    record = item.record
    log.warning(
        "record.dead_lettered", topic=record.topic, partition=record.partition, offset=record.offset, reason=item.reason
    )
    origin = f"{record.topic}/{record.partition}/{record.offset}"
    headers: Headers = [(name, _printable(value)) for name, value in record.headers]
    headers += [("tocsin_reason", item.reason.encode()), ("tocsin_origin", origin.encode())]
    key = record.key.decode(errors="replace") if record.key else origin
    return Outgoing(dead_letter(record.topic), Encoded(f"dead-letter:{origin}", key, headers, record.value or b""))


def _printable(value: bytes | None) -> bytes:
    return (value or b"").decode(errors="replace").encode()


def _count(counts: dict[str, int], outcome: str, number: int) -> None:
    if number:
        counts[outcome] = counts.get(outcome, 0) + number
