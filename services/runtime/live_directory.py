"""The directory as this process knows it: loaded from the store, swapped in whole when its version changes.

Read from the store rather than from ``tocsin.directory``, so that a worker that starts while Kafka is away still knows
whom to tell. The topic carries the same entries, for everybody else.

A nation's directory (110,000 schools) takes seconds to read whole, and deadlines do not wait for it: what changed is
read in pages, and made into a picture beside the event loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

import structlog
from pydantic import TypeAdapter
from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.directory import PersonRecorded, UnitRecorded
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.outages import through_outages
from services.runtime.remembered_facts import recall, remember
from services.runtime.tables import directory_entries

log = structlog.get_logger(__name__)
VERSION = "directory_version"
INTERVAL_SECONDS = 1.0
_UNIT: TypeAdapter[UnitRecorded] = TypeAdapter(UnitRecorded)
_PERSON: TypeAdapter[PersonRecorded] = TypeAdapter(PersonRecorded)
Entry = UnitRecorded | PersonRecorded
Written = Row[str, str, str, bool]
"""An entry's id, its kind and body, and whether it was removed."""
Changes = Mapping[str, Entry | None]
"""What changed, by id; None for what was removed."""
PAGE = 2_000
"""Entries read at once: their rows are taken apart in the event loop, in some 5 ms."""


class LiveDirectory:
    """Call ``snapshot()`` at the moment of use: it is the directory as it is now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = 0
        self._entries: Mapping[str, Entry] = {}
        self._snapshot = DirectorySnapshot.of((), ())
        self.loading: Callable[[], AbstractContextManager[None]] = nullcontext
        """Surrounds the making of a changed picture, which is large and stays."""

    def snapshot(self) -> DirectorySnapshot:
        """Return the present directory."""
        return self._snapshot

    async def refresh(self) -> bool:
        """Load what changed, if anything did; return whether it did."""
        async with self._database.reading() as connection:
            version = await _version(connection)
        if version == self._version:
            return False
        is_older = version < self._version  # the database was put back to a backup
        since, known = (0, {}) if is_older else (self._version, self._entries)
        with self.loading():
            version, changes = await self._changes(since)
            self._entries, self._snapshot = await asyncio.to_thread(_changed, known, changes)
        self._version = version
        units, people = len(self._snapshot.units), len(self._snapshot.people)
        log.info("directory.loaded", version=version, units=units, people=people, changed=len(changes))
        return True

    async def run(self) -> None:
        """Look for a new version every second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await through_outages(self.refresh, "the last directory stays in force")

    async def _changes(self, since: int) -> tuple[int, Changes]:
        """Return the present version, and what changed since another; pages of two versions are read again."""
        async with self._database.reading(at_length=True) as connection:
            while True:
                version = await _version(connection)
                changes: dict[str, Entry | None] = {}
                async for page in _pages_since(connection, since):
                    changes |= await asyncio.to_thread(_parsed, page)
                if version == await _version(connection):
                    return version, changes


async def read_entries(connection: AsyncConnection) -> tuple[list[UnitRecorded], list[PersonRecorded]]:
    """Return the store's directory, in the order of ids."""
    changes: dict[str, Entry | None] = {}
    async for page in _pages_since(connection, 0):
        changes |= _parsed(page)
    _, snapshot = _changed({}, changes)
    return list(snapshot.units), list(snapshot.people)


async def _version(connection: AsyncConnection) -> int:
    """Return the version of what is written; 0 where nothing ever was."""
    return int(await recall(connection, VERSION) or 0)


async def _pages_since(connection: AsyncConnection, version: int) -> AsyncIterator[Sequence[Written]]:
    """Give what was written after a version, removals included."""
    entries = directory_entries.c
    statement = select(entries.entry_id, entries.kind, entries.body, entries.removed).where(entries.version > version)
    statement = statement.order_by(entries.entry_id).limit(PAGE)
    page = (await connection.execute(statement)).all()
    while page:
        yield page
        page = (await connection.execute(statement.where(entries.entry_id > page[-1].entry_id))).all()


def _parsed(page: Sequence[Written]) -> dict[str, Entry | None]:
    return {
        entry_id: None if removed else (_UNIT if kind == "unit" else _PERSON).validate_json(body)
        for entry_id, kind, body, removed in page
    }


def _changed(known: Mapping[str, Entry], changes: Changes) -> tuple[dict[str, Entry], DirectorySnapshot]:
    """Return the entries with these changes, in the order of ids, and the picture of them."""
    merged = {**known, **changes}
    ordered = {entry_id: entry for entry_id in sorted(merged) if (entry := merged[entry_id]) is not None}
    units = [entry for entry in ordered.values() if isinstance(entry, UnitRecorded)]
    people = [entry for entry in ordered.values() if isinstance(entry, PersonRecorded)]
    return ordered, DirectorySnapshot.of(units, people)


async def write_entries(
    connection: AsyncConnection, units: Iterable[UnitRecorded], people: Iterable[PersonRecorded]
) -> tuple[list[UnitRecorded | PersonRecorded], list[str]]:
    """Make the store's directory equal to ``units`` and ``people``; return what changed and the ids removed."""
    wanted: dict[str, UnitRecorded | PersonRecorded] = {unit.unit_id: unit for unit in units}
    wanted.update({person.person_id: person for person in people})
    rows = await connection.execute(
        select(directory_entries.c.entry_id, directory_entries.c.body).where(~directory_entries.c.removed)
    )
    known = {row.entry_id: row.body for row in rows}
    bodies = {entry_id: entry.model_dump_json() for entry_id, entry in wanted.items()}
    changed = [entry for entry_id, entry in wanted.items() if known.get(entry_id) != bodies[entry_id]]
    gone = sorted(known.keys() - wanted.keys())
    if not changed and not gone:
        return [], []
    version = await _version(connection) + 1
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    statement = insert(directory_entries)
    values = [
        {
            "entry_id": _id(entry),
            "kind": "unit" if isinstance(entry, UnitRecorded) else "person",
            "body": bodies[_id(entry)],
            "version": version,
            "removed": False,
        }
        for entry in changed
    ]
    if values:
        excluded = {name: statement.excluded[name] for name in ("kind", "body", "version", "removed")}
        await connection.execute(
            statement.on_conflict_do_update(index_elements=[directory_entries.c.entry_id], set_=excluded), values
        )
    if gone:
        await connection.execute(
            directory_entries.update()
            .where(directory_entries.c.entry_id.in_(gone))
            .values(removed=True, version=version)
        )
    await remember(connection, VERSION, str(version))
    return changed, gone


def _id(entry: UnitRecorded | PersonRecorded) -> str:
    return entry.unit_id if isinstance(entry, UnitRecorded) else entry.person_id
