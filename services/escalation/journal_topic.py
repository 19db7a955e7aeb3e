"""Publishes the journal again when ``tocsin.escalations`` was recreated: the bus may lose everything (DESIGN §4).

A cursor for each partition says up to which journal position the present incarnation of the topic was given the
past; what happens from now on is published as it happens. Ids are derived, so watchers recognise repeats.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Executable, select

from events.escalation import JournalEntry
from services.escalation.docket import journal_record
from services.runtime.errors import StaleEpoch
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.remembered_facts import recall, remembering
from services.runtime.settings import Settings
from services.runtime.store import Store, UnitOfWork
from services.runtime.tables import journal, ownership
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)
PAGE = 500
INTERVAL_SECONDS = 1.0
_ENTRY: TypeAdapter[JournalEntry] = TypeAdapter(JournalEntry)


class JournalTopic:
    """Keeps the topic's past complete for the partitions we own."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        watch: TopicWatch,
        claims: Callable[[], list[Ownership]],
        wake: Callable[[], None],
    ) -> None:
        self._topic = settings.topic("escalations")
        self._store = store
        self._watch = watch
        self._claims = claims
        self._wake = wake
        self._done: dict[Ownership, str] = {}

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            topic_id = self._watch.ids.get(self._topic)
            if topic_id is None or self._watch.away:
                continue
            claims = self._claims()
            self._done = {owned: known for owned, known in self._done.items() if owned in claims}
            for owned in claims:
                if self._done.get(owned) == topic_id:
                    continue
                try:
                    while await through_outages(partial(self.catch_up, owned, topic_id), "the journal waits"):
                        self._wake()
                    self._done[owned] = topic_id
                except StaleEpoch:
                    continue  # the new owner goes on from the same cursor

    async def catch_up(self, owned: Ownership, topic_id: str) -> bool:
        """Append one page of the past to the outbox; return whether there may be more."""
        name = _cursor_name(owned)
        async with self._store.transaction(owned) as unit:
            known = await recall(unit.connection, name)
            if known is None:  # the first incarnation: everything was published as it happened
                await unit.write(all_published(unit, owned, topic_id))
                return False
            seen_id, cursor = known.split(" ")
            if seen_id == topic_id and cursor == "done":
                return False
            first, last = (0, await _position(unit, owned)) if seen_id != topic_id else _span(cursor)
            rows = await unit.connection.execute(
                select(journal.c.position, journal.c.entry)
                .where(journal.c.partition == owned.partition, journal.c.position > first, journal.c.position <= last)
                .order_by(journal.c.position)
                .limit(PAGE)
            )
            page = rows.all()
            entries = [_ENTRY.validate_json(row.entry) for row in page]
            await unit.append([(owned.name, Outgoing(self._topic, journal_record(entry))) for entry in entries])
            more = len(page) == PAGE
            cursor = f"{page[-1].position}-{last}" if more else "done"
            await unit.write(remembering(unit.connection, name, f"{topic_id} {cursor}"))
        if page:
            log.warning("journal.published_again", partition=owned.partition, entries=len(page))
        return more


def all_published(unit: UnitOfWork, owned: Ownership, topic_id: str) -> Executable:
    """Return the statement that notes that this incarnation of the topic has the whole past of a partition."""
    return remembering(unit.connection, _cursor_name(owned), f"{topic_id} done")


def _cursor_name(owned: Ownership) -> str:
    return f"journal_topic:{owned.name}"


async def _position(unit: UnitOfWork, owned: Ownership) -> int:
    statement = select(ownership.c.position).where(ownership.c.name == owned.name)
    return int((await unit.connection.execute(statement)).scalar_one())


def _span(cursor: str) -> tuple[int, int]:
    first, last = cursor.split("-")
    return int(first), int(last)
