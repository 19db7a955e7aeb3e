"""How far the relay may run ahead of who reads what is not urgent (ADR 0011).

A partition is read in its order, so whatever lies in it unread stands before the next urgent record. Reminders
therefore wait in the outbox, where urgent records overtake them, and go out as their reader takes them. A reader that
takes nothing for a second slows them down, and stops nothing.
"""

import asyncio

from sqlalchemy import bindparam, select

from services.runtime.database import Database
from services.runtime.outbox_rows import CONFIRMED_BY, Published
from services.runtime.settings import Settings
from services.runtime.store import ABSENT
from services.runtime.tables import consumed
from services.runtime.topic_watch import TopicWatch

MOST_UNREAD = 100
"""Less urgent records on the bus that their reader has not taken yet: one of its units of work, about what it sends
meanwhile."""
PATIENCE_SECONDS = 1.0
"""After so long without room as many again go out: the reader may be away, or its place lost."""

_READ_SO_FAR = select(consumed).where(
    consumed.c.consumer.in_(bindparam("readers", expanding=True)),
    consumed.c.topic.in_(bindparam("topics", expanding=True)),
)


class ReadAhead:
    """The last places of less urgent records, and whether their readers have come there."""

    def __init__(self, settings: Settings, database: Database, watch: TopicWatch) -> None:
        self._database = database
        self._watch = watch
        self._readers = {settings.topic(name): consumer for name, consumer in CONFIRMED_BY.items()}
        self._ends: dict[tuple[str, int], Published] = {}
        self._full_since: float | None = None

    @property
    def is_full(self) -> bool:
        """Tell whether there was no room when it was last asked for."""
        return self._full_since is not None

    def note(self, topic: str, published: Published) -> None:
        """Remember where a less urgent record is; the last of its partition counts."""
        self._ends[topic, published.partition] = published

    async def room(self) -> int:
        """Return how many more less urgent records may go out now."""
        unread = await self._unread() if self._ends else 0
        now = asyncio.get_running_loop().time()
        if unread < MOST_UNREAD:
            self._full_since = None
            return MOST_UNREAD - unread
        if self._full_since is None:
            self._full_since = now
        if now - self._full_since < PATIENCE_SECONDS:
            return 0
        self._ends.clear()
        self._full_since = None
        return MOST_UNREAD

    async def _unread(self) -> int:
        topics = {topic for topic, _ in self._ends}
        readers = {self._readers[topic] for topic in topics}
        async with self._database.reading() as connection:
            found = await connection.execute(_READ_SO_FAR, {"readers": list(readers), "topics": list(topics)})
            rows = {(row.topic, row.partition, row.topic_id): row.offset for row in found}
        return sum(
            max(0, end.offset - rows.get((topic, partition, end.topic_id), ABSENT))
            for (topic, partition), end in self._ends.items()
            if self._watch.ids.get(topic) == end.topic_id
        )
