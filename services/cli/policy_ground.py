"""What a policy is checked against: a directory file, its schools and the moments at which its answers change."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from escalation_policies.reach import Ground
from events.directory import PersonRecorded, UnitRecorded
from services.directory.loader import HORIZON_DAYS, load_directory
from services.runtime.directory import DirectorySnapshot


def ground_of(file: Path, now: datetime) -> Ground:
    """Return the ground of a directory file, from ``now`` as far as weekly rosters are written out.

    Raises:
        DirectoryErrors: the file has mistakes: mend these first (`tocsin directory check`).
    """
    loaded = load_directory(file, now)
    end = now + timedelta(days=HORIZON_DAYS)
    changes = sorted({moment for moment in _changes(loaded.units, loaded.people) if now < moment < end})
    return Ground(
        directory=DirectorySnapshot.of(loaded.units, loaded.people),
        schools={unit.unit_id: unit.parent or "" for unit in loaded.units if unit.kind == "school"},
        moments=(now, *changes),
    )


def _changes(units: Iterable[UnitRecorded], people: Iterable[PersonRecorded]) -> Iterator[datetime]:
    for shift in (shift for unit in units for roster in unit.rosters for shift in roster.shifts):
        yield from (shift.start, shift.end)
    for absence in (absence for person in people for absence in person.absences):
        yield from (absence.start, absence.end)
