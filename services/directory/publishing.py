"""The directory file becomes the store's directory and ``tocsin.directory``, in one transaction."""

from collections.abc import Iterable
from datetime import datetime

from events.base import Body
from events.codec import encode
from events.directory import EntryRemoved, PersonRecorded, UnitRecorded
from events.ids import derived
from services.runtime.live_directory import write_entries
from services.runtime.outbox_rows import Outgoing
from services.runtime.store import Store

LANE = "directory/main"
SOURCE = "/tocsin/directory"


async def store_directory(
    store: Store,
    topic: str,
    units: Iterable[UnitRecorded],
    people: Iterable[PersonRecorded],
    now: datetime,
    *,
    whole: bool = False,
) -> int:
    """Make the store's directory equal to what is given; publish what changed, or the ``whole`` of it.

    Returns how many records go out.
    """
    units, people = list(units), list(people)
    async with store.transaction() as unit:
        changed, gone = await write_entries(unit.connection, units, people)
        entries: list[UnitRecorded | PersonRecorded] = [*units, *people] if whole else changed
        bodies: list[tuple[str, Body]] = [(_id(entry), entry) for entry in entries]
        bodies += [(entry_id, EntryRemoved(entry_id=entry_id)) for entry_id in gone]
        records = [
            encode(
                body,
                event_id=derived("directory", entry_id, body.model_dump_json()),
                key=entry_id,
                source=SOURCE,
                time=now,
                event_type=body.TYPE,
            )
            for entry_id, body in bodies
        ]
        await unit.append([(LANE, Outgoing(topic, record)) for record in records])
    return len(records)


def _id(entry: UnitRecorded | PersonRecorded) -> str:
    return entry.unit_id if isinstance(entry, UnitRecorded) else entry.person_id
