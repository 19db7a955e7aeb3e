"""One unit of work on what arrived: skip, decode, apply, remember, advance. No exception for bad input leaves it.

What cannot be read goes to the dead-letter topic, with its reason and its original bytes; the next record is handled.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from events.base import Body
from events.codec import Encoded, decode
from events.envelope import Envelope, Headers, from_record
from events.errors import EventError
from events.topics import TopicName, dead_letter
from services.runtime.clock import Clock
from services.runtime.metrics import RECORDS_HANDLED
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.store import ABSENT, Position, Store, UnitOfWork

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

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        """Apply events, each with the claim on its partition, inside one transaction.

        An exception stops the worker: it is a bug.
        """
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

        The number of statements does not grow with the number of partitions.

        A caller that is cancelled meanwhile leaves the unit to end by itself: what was committed and not taken up (a
        message to send, a deadline to watch) would lie in the store, and nobody would look for it there.

        Raises:
            StaleEpoch: nothing was written; drop the partitions it names and try the others again.
        """
        unit = asyncio.ensure_future(self._commit(batches))
        unit.add_done_callback(_looked_at)
        await asyncio.shield(unit)

    async def _commit(self, batches: Sequence[tuple[Ownership, str, Sequence[Record]]]) -> None:
        """Handle the batches in one transaction, and take up what follows from it."""
        counts: Counter[str] = Counter()
        async with self._store.transaction(*dict.fromkeys(owned for owned, _, _ in batches)) as unit:
            after = await self._handle(unit, batches, counts)
        for outcome, count in counts.items():
            RECORDS_HANDLED.labels(outcome=outcome).inc(count)
        if after is not None:
            after()

    async def _handle(
        self, unit: UnitOfWork, batches: Sequence[tuple[Ownership, str, Sequence[Record]]], counts: Counter[str]
    ) -> AfterCommit | None:
        name = self._consumer.name
        stored = await unit.offsets(name, {records[0].topic: topic_id for _, topic_id, records in batches})
        claims: dict[tuple[str, int], Ownership] = {}
        fresh: list[Record] = []
        positions: list[Position] = []
        for owned, topic_id, records in batches:
            where = (records[0].topic, records[0].partition)
            new = [record for record in records if record.offset > stored.get(where, ABSENT)]
            counts["old-offset"] += len(records) - len(new)
            if new:
                claims[where] = owned
                fresh += new
                positions.append(Position(*where, topic_id, new[-1].offset))
        if not fresh:
            return None
        events, rejected = _decode_all(fresh)
        seen = await unit.seen(name, [event.event_id for event in events])
        unseen = list({event.event_id: event for event in events if event.event_id not in seen}.values())
        counts["duplicate"] += len(events) - len(unseen)
        batch = [(claims[event.record.topic, event.record.partition], event) for event in unseen]
        applied = await self._consumer.apply(unit, batch) if batch else Applied()
        rejected += applied.rejected
        counts["dead-letter"] += len(rejected)
        counts["applied"] += len(unseen) - len(applied.rejected)
        await unit.append([(claims[r.record.topic, r.record.partition].name, _letter(r)) for r in rejected])
        forwarded = {event.event_id for event in applied.forwarded}
        handled = [event.event_id for event in unseen if event.event_id not in forwarded]
        handled += [item.event_id for item in rejected if item.event_id]
        await unit.mark_seen(name, dict.fromkeys(handled), self._clock.now())
        await unit.advance(name, positions)
        return applied.after_commit


def _looked_at(unit: asyncio.Future[None]) -> None:
    """Look at the end of a unit whose caller may be gone: an error then concerns nobody, the records come again."""
    if not unit.cancelled():
        unit.exception()


def _decode_all(records: Iterable[Record]) -> tuple[list[Received], list[Rejected]]:
    events: list[Received] = []
    rejected: list[Rejected] = []
    for record in records:
        try:
            decoded = decode(record.headers, record.value)
        except EventError as error:
            rejected.append(Rejected(record, str(error), _own_id(record)))
        else:
            events.append(Received(record, event_key(decoded.envelope), decoded.envelope, decoded.body))
    return events, rejected


def _own_id(record: Record) -> str | None:
    """Return the id of an unreadable event of ours, or the reconciler would publish it for ever.

    Events of others are not marked as handled: their client may mend one and send it again under its id.
    """
    try:
        envelope = from_record(record.headers, record.value)
    except EventError:
        return None
    return envelope.id if envelope.source.startswith(OUR_SOURCES) else None


def _letter(item: Rejected) -> Outgoing:
    """Return the dead letter: the original bytes and headers, and beside them the reason and where it came from."""
    record = item.record
    log.warning(
        "record.dead_lettered", topic=record.topic, partition=record.partition, offset=record.offset, reason=item.reason
    )
    origin = f"{record.topic}/{record.partition}/{record.offset}"
    headers: Headers = [(name, _printable(value)) for name, value in record.headers]
    headers += [("tocsin_reason", item.reason.encode()), ("tocsin_origin", origin.encode())]
    key = _printable(record.key).decode() if record.key else origin
    return Outgoing(dead_letter(record.topic), Encoded(f"dead-letter:{origin}", key, headers, record.value or b""))


def _printable(value: bytes | None) -> bytes:
    """Return the value as text; PostgreSQL has no text with a zero byte."""
    return (value or b"").decode(errors="replace").replace("\x00", "\ufffd").encode()
