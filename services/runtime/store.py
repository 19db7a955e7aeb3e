"""The memory: state, history, consumed offset and outbox in one transaction (DESIGN §4).

``async with store.transaction(owned) as unit:`` opens one unit of work, fenced by the epoch of each partition it
touches. Either all of it happened or none; a repeat is recognised by the offset and by the event id.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.among import GIVEN, among, given
from services.runtime.database import Database
from services.runtime.outbox_rows import Outgoing, outgoing_row
from services.runtime.ownership import Ownership, fence
from services.runtime.tables import cases, consumed
from services.runtime.unit_statements import (
    APPENDING,
    NUMBERING,
    OFFSETS_OF,
    RECORDING,
    advancing,
    handled,
    remembering,
    saving,
    states_of,
)

ABSENT = -1
"""The stored offset of a partition nothing was read from yet: the next record is offset 0."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a consumer has come in one partition of one incarnation of a topic."""

    topic: str
    partition: int
    topic_id: str
    offset: int


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as stored. ``state`` is the core's own JSON."""

    case_id: str
    partition: int
    family: str
    kind: str
    severity: str
    school_id: str
    status: str
    exercise: bool
    received_at: datetime
    updated_at: datetime
    seq: int
    next_due_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry of a case's history; its position is given by the unit of work."""

    case_id: str
    seq: int
    kind: str
    school_id: str
    at: datetime
    entry: str


class UnitOfWork:
    """What can be done inside one transaction.

    A fenced unit reads first and writes at its end: the writes are held until the body is done, and go out in one short
    transaction that begins with the fence. Nobody else can have changed what was read, because only the claim's owner
    writes a partition, and this process does so one unit at a time. So a database's write lock is held for the writing
    alone, not for the judging. What a unit has written it does not read back.
    """

    def __init__(self, connection: AsyncConnection, *, is_sqlite: bool, held: bool) -> None:
        self.connection = connection
        self.is_sqlite = is_sqlite
        self._held = held
        self._writes: list[tuple[Executable, Sequence[Mapping[str, Any]]]] = []
        self._journal: list[tuple[Ownership, JournalRow]] = []

    async def write(self, statement: Executable, parameters: Sequence[Mapping[str, Any]] = ()) -> None:
        """Write: at once, or at the end of a fenced unit, in the order of the calls."""
        if self._held:
            self._writes.append((statement, parameters))
        else:
            await _execute(self.connection, statement, parameters)

    async def flush(self, connection: AsyncConnection, positions: dict[str, int]) -> None:
        """Write everything that was held. ``positions`` are the journal's, as the fence found them."""
        for statement, parameters in [*self._writes, *_journal_writes(self._journal, positions)]:
            await _execute(connection, statement, parameters)

    def given(self, values: Collection[Any]) -> dict[str, Any]:
        """Return many values as the parameter of a statement made with ``among_given``."""
        return {GIVEN: given(values, is_sqlite=self.is_sqlite)}

    async def load(self, case_ids: Collection[str]) -> dict[str, str]:
        """Return the stored state of each case that exists."""
        found = await self.connection.execute(states_of(is_sqlite=self.is_sqlite), self.given(case_ids))
        return {row.case_id: row.state for row in found}

    async def save(self, rows: Sequence[CaseRow]) -> None:
        """Write the cases as they are now."""
        if rows:
            values = [{name: getattr(row, name) for name in _CASE_COLUMNS} for row in rows]
            await self.write(saving(is_sqlite=self.is_sqlite), values)

    async def record(self, rows: Sequence[tuple[Ownership, JournalRow]]) -> None:
        """Append to the history of cases; each partition's journal is numbered without gaps. Fenced units only."""
        self._journal += rows

    async def append(self, records: Sequence[tuple[str, Outgoing]]) -> None:
        """Put (lane, record) pairs into the outbox; each lane's relay publishes them in this order after the commit."""
        if records:
            await self.write(APPENDING, [outgoing_row(lane, outgoing) for lane, outgoing in records])

    async def offsets(self, consumer: str, topic_ids: Mapping[str, str]) -> dict[tuple[str, int], int]:
        """Return the stored offset of each (topic, partition) of these incarnations that was read before."""
        rows = await self.connection.execute(OFFSETS_OF, {"consumer": consumer, "topics": list(topic_ids)})
        return {(row.topic, row.partition): row.offset for row in rows if row.topic_id == topic_ids[row.topic]}

    async def seen(self, consumer: str, event_ids: Collection[str]) -> set[str]:
        """Return which of these events this consumer has handled before, by whatever road they came."""
        asked = {"consumer": consumer, **self.given(event_ids)}
        found = await self.connection.execute(handled(is_sqlite=self.is_sqlite), asked)
        return {row.event_id for row in found}

    async def mark_seen(self, consumer: str, event_ids: Collection[str], at: datetime) -> None:
        """Remember events as handled, with everything they caused, in this same transaction."""
        if event_ids:
            await self.write(
                remembering(is_sqlite=self.is_sqlite),
                [{"consumer": consumer, "event_id": event_id, "handled_at": at} for event_id in event_ids],
            )

    async def advance(self, consumer: str, positions: Sequence[Position]) -> None:
        """Store how far the consumer has come: the only offset that counts."""
        if not positions:
            return
        await self.write(
            advancing(is_sqlite=self.is_sqlite),
            [
                {
                    "consumer": consumer,
                    "topic": position.topic,
                    "partition": position.partition,
                    "topic_id": position.topic_id,
                    "offset": position.offset,
                }
                for position in positions
            ],
        )


async def _execute(connection: AsyncConnection, statement: Executable, parameters: Sequence[Mapping[str, Any]]) -> None:
    await connection.execute(statement, [dict(row) for row in parameters] or None)


def _journal_writes(
    rows: Sequence[tuple[Ownership, JournalRow]], positions: dict[str, int]
) -> list[tuple[Executable, Sequence[Mapping[str, Any]]]]:
    if not rows:
        return []
    values = []
    for owned, row in rows:
        positions[owned.name] += 1
        values.append(
            {
                "case_id": row.case_id,
                "seq": row.seq,
                "partition": owned.partition,
                "position": positions[owned.name],
                "kind": row.kind,
                "school_id": row.school_id,
                "at": row.at,
                "entry": row.entry,
            }
        )
    numbered = [{"of": name, "to": positions[name]} for name in dict.fromkeys(owned.name for owned, _ in rows)]
    return [(RECORDING, values), (NUMBERING, numbered)]


_CASE_COLUMNS = tuple(column.name for column in cases.columns)


class Store:
    """The transactional memory of one service."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._turns: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def transaction(self, *owned: Ownership) -> AsyncIterator[UnitOfWork]:
        """Open one unit of work, fenced by every claim in ``owned`` (see ``UnitOfWork``); without any, a plain one.

        Raises:
            StaleEpoch: a newer claim exists; nothing was written. Drop the partitions it names.
            StoreBusy: SQLite's write lock was not to be had within ten seconds; nothing was written. Try again.
        """
        is_sqlite = self.database.is_sqlite
        if not owned:
            async with self.database.writing() as connection:
                yield UnitOfWork(connection, is_sqlite=is_sqlite, held=False)
            return
        async with AsyncExitStack() as turns:
            for name in sorted({claim.name for claim in owned}):
                await turns.enter_async_context(self._turns.setdefault(name, asyncio.Lock()))
            async with self.database.reading() as connection:
                unit = UnitOfWork(connection, is_sqlite=is_sqlite, held=True)
                yield unit
            async with self.database.writing() as connection:
                await unit.flush(connection, await fence(connection, owned))

    async def position(self, consumer: str, topic: str, partition: int, topic_id: str) -> int:
        """Return the stored offset, or ``ABSENT`` when this incarnation of the topic was never read.

        A recreated topic has another id: reading starts over, and derived ids make the repeats harmless.
        """
        statement = select(consumed.c.topic_id, consumed.c.offset).where(
            consumed.c.consumer == consumer, consumed.c.topic == topic, consumed.c.partition == partition
        )
        async with self.database.reading() as connection:
            row = (await connection.execute(statement)).one_or_none()
        return row.offset if row is not None and row.topic_id == topic_id else ABSENT

    async def forget_position(self, consumer: str, topic: str, partition: int) -> None:
        """Read a partition from its start again: its log lost its end. The inbox makes the repeats harmless."""
        async with self.database.writing() as connection:
            await connection.execute(
                delete(consumed).where(
                    consumed.c.consumer == consumer, consumed.c.topic == topic, consumed.c.partition == partition
                )
            )

    async def due(self, partition: int, before: datetime, limit: int) -> list[tuple[datetime, str]]:
        """Return (deadline, case id) of the partition's deadlines before ``before``, earliest first."""
        statement = (
            select(cases.c.next_due_at, cases.c.case_id)
            .where(cases.c.partition == partition, cases.c.next_due_at < before)
            .order_by(cases.c.next_due_at)
            .limit(limit)
        )
        async with self.database.reading() as connection:
            return [(row.next_due_at, row.case_id) for row in await connection.execute(statement)]

    async def states(self, case_ids: Collection[str]) -> Mapping[str, str]:
        """Return the stored state of each case that exists, outside any unit of work."""
        wanted = among(cases.c.case_id, case_ids, is_sqlite=self.database.is_sqlite)
        statement = select(cases.c.case_id, cases.c.state).where(wanted)
        async with self.database.reading() as connection:
            return {row.case_id: row.state for row in await connection.execute(statement)}
