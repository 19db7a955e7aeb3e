"""The directory as this process knows it: loaded from the store, swapped in whole when its version changes.

Read from the store rather than from ``tocsin.directory``, so that a worker that starts while Kafka is away still knows
whom to tell. The topic carries the same entries, for everybody else.
"""

import asyncio
from collections.abc import Iterable

import structlog
from pydantic import TypeAdapter
from sqlalchemy import select
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


class LiveDirectory:
    """Call ``snapshot()`` at the moment of use: it is the directory as it is now."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version: str | None = None
        self._snapshot = DirectorySnapshot.of((), ())

    def snapshot(self) -> DirectorySnapshot:
        """Return the present directory."""
        return self._snapshot

    async def refresh(self) -> bool:
        """Load the directory if it changed; return whether it did."""
        async with self._database.reading() as connection:
            version = await recall(connection, VERSION)
            if version == self._version:
                return False
            units, people = await read_entries(connection)
        self._snapshot = DirectorySnapshot.of(units, people)
        self._version = version
        log.info("directory.loaded", version=version, units=len(units), people=len(people))
        return True

    async def run(self) -> None:
        """Look for a new version every second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await through_outages(self.refresh, "the last directory stays in force")


async def read_entries(connection: AsyncConnection) -> tuple[list[UnitRecorded], list[PersonRecorded]]:
    """Return the store's directory, in the order of ids."""
    rows = await connection.execute(
        select(directory_entries.c.kind, directory_entries.c.body)
        .where(~directory_entries.c.removed)
        .order_by(directory_entries.c.entry_id)
    )
    units: list[UnitRecorded] = []
    people: list[PersonRecorded] = []
    for kind, body in rows:
        if kind == "unit":
            units.append(_UNIT.validate_json(body))
        else:
            people.append(_PERSON.validate_json(body))
    return units, people


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
    version = int(await recall(connection, VERSION) or 0) + 1
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
