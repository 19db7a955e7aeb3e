"""The directory as the bus has it: its topic is compacted, so the last word about each entry is there."""

from events.codec import decode
from events.directory import EntryRemoved, PersonRecorded, UnitRecorded
from events.errors import EventError
from services.cli.replay.past import Past
from services.runtime.directory import DirectorySnapshot


async def directory_of(past: Past) -> DirectorySnapshot:
    """Return the units and people of ``tocsin.directory``, in the order of ids, as the store has them."""
    entries: dict[str, UnitRecorded | PersonRecorded] = {}
    async for record in past.records("directory"):
        try:
            body = decode(record.headers, record.value).body
        except EventError:
            continue
        if isinstance(body, UnitRecorded):
            entries[body.unit_id] = body
        elif isinstance(body, PersonRecorded):
            entries[body.person_id] = body
        elif isinstance(body, EntryRemoved):
            entries.pop(body.entry_id, None)
    found = [entries[entry_id] for entry_id in sorted(entries)]
    units = [entry for entry in found if isinstance(entry, UnitRecorded)]
    return DirectorySnapshot.of(units, [entry for entry in found if isinstance(entry, PersonRecorded)])
