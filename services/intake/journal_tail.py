"""Follows the journal table for everybody who listens: one reader a process, running only while somebody does.

Polling, because SQLite has no notification and a poll of twelve index seeks costs less than a millisecond. A listener
that does not keep up is let go and comes back by its last event id: the reader never waits for anybody.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from sqlalchemy import bindparam, select, union_all
from sqlalchemy.exc import SQLAlchemyError

from events.topics import PARTITIONS
from services.intake.metrics import DROPPED, LISTENERS
from services.intake.positions import Positions
from services.runtime.database import Database
from services.runtime.tables import journal

LOG = structlog.stdlib.get_logger()
PAGE = 100
"""Entries read of one partition at a time."""

QUEUE = 2_000
"""Entries that wait for one listener: about 4 MB, some minutes of a province's worst hour (DOMAIN §8)."""

RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal entry with its place. ``text`` is the stored JSON."""

    partition: int
    position: int
    school_id: str
    kind: str
    text: str


@dataclass(eq=False, slots=True)
class Listener:
    """What waits for one client. None in the queue ends the stream."""

    queue: asyncio.Queue[Entry | None] = field(default_factory=lambda: asyncio.Queue(QUEUE))

    def offer(self, entry: Entry) -> bool:
        """Hand over an entry; False when the listener is too slow."""
        try:
            self.queue.put_nowait(entry)
        except asyncio.QueueFull:
            return False
        return True

    def end(self) -> None:
        """Drop what waits and end the stream: the client's last id says where to go on."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class JournalTail:
    """The shared reader. ``poll_seconds`` and ``heartbeat_seconds`` are real time."""

    def __init__(self, database: Database, poll_seconds: float = 0.2, heartbeat_seconds: float = 15.0) -> None:
        self.heartbeat_seconds = heartbeat_seconds
        self._database = database
        self._poll_seconds = poll_seconds
        self._starting = asyncio.Lock()
        self._listeners: set[Listener] = set()
        self._heads: Positions = {}
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def join(self) -> tuple[Listener, Positions]:
        """Return a listener for everything after the positions returned with it."""
        async with self._starting:
            if self._task is None:
                self._heads = await self.heads()
                self._task = asyncio.create_task(self._follow())
                self._task.add_done_callback(self._ended)
            listener = Listener()
            self._listeners.add(listener)
            LISTENERS.set(len(self._listeners))
            if self._closed:
                self.leave(listener)
                listener.end()
            return listener, dict(self._heads)

    def leave(self, listener: Listener) -> None:
        """Forget a listener; the last one stops the reader."""
        self._listeners.discard(listener)
        LISTENERS.set(len(self._listeners))
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self._closed = True
        self._end_all()

    async def heads(self) -> Positions:
        """Return the last position of each partition now."""
        async with self._database.reading() as connection:
            row = (await connection.execute(_HEADS)).one()
        return {partition: row[partition] or 0 for partition in range(PARTITIONS)}

    async def after(self, positions: Mapping[int, int]) -> list[Entry]:
        """Return the next entries behind ``positions``, in order within each partition; at most a page of each."""
        behind = {f"after_{partition}": positions.get(partition, 0) for partition in range(PARTITIONS)}
        async with self._database.reading() as connection:
            rows = (await connection.execute(_NEXT, behind)).all()
        return sorted((Entry(*row) for row in rows), key=lambda entry: (entry.partition, entry.position))

    async def _follow(self) -> None:
        while True:
            try:
                entries = await self.after(self._heads)
            except SQLAlchemyError as error:
                LOG.warning("journal_tail.interrupted", error=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for entry in entries:
                self._publish(entry)
            if len(entries) < PAGE:
                await asyncio.sleep(self._poll_seconds)

    def _publish(self, entry: Entry) -> None:
        self._heads[entry.partition] = entry.position
        for listener in [other for other in self._listeners if not other.offer(entry)]:
            DROPPED.inc()
            listener.end()
            self.leave(listener)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Send everybody home when the reader died of something unforeseen: they come back and start it anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            LOG.error("journal_tail.failed", exc_info=error)
            self._task = None
            self._end_all()

    def _end_all(self) -> None:
        for listener in list(self._listeners):
            listener.end()
            self.leave(listener)


_COLUMNS = (journal.c.partition, journal.c.position, journal.c.school_id, journal.c.kind, journal.c.entry)
_NEXT = union_all(
    *(
        select(
            select(*_COLUMNS)
            .where(journal.c.partition == partition, journal.c.position > bindparam(f"after_{partition}"))
            .order_by(journal.c.position)
            .limit(PAGE)
            .subquery()
        )
        for partition in range(PARTITIONS)
    )
)
"""A limited seek for each partition: one condition over all would tempt a planner into reading the index whole."""

_HEADS = select(
    *(
        select(journal.c.position)
        .where(journal.c.partition == partition)
        .order_by(journal.c.position.desc())
        .limit(1)
        .scalar_subquery()
        .label(f"head_{partition}")
        for partition in range(PARTITIONS)
    )
)
