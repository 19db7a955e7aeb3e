"""Which schools a roll call asks: what the directory has of a bureau, seen through the schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.selector import Directory
from events.directory import UnitRecorded


@dataclass(frozen=True, slots=True)
class School:
    """A school as a roll call sees it. ``district``: the unit above it, whatever its kind."""

    unit_id: str
    name: str
    district_id: str
    district_name: str


class RollCallDirectory(Directory, Protocol):
    """What a roll call asks of the directory, besides who holds which post."""

    def unit(self, unit_id: str) -> UnitRecorded | None:
        """Return a unit, or None when the directory does not know it."""
        ...

    def schools_under(self, unit_id: str) -> Sequence[UnitRecorded]:
        """Return every school within a unit, in directory order."""
        ...

    def bureau_of(self, unit_id: str) -> str | None:
        """Return the nearest bureau at or above a unit."""
        ...


def asked_schools(schedule: Schedule, directory: RollCallDirectory, bureau_id: str, day: date) -> tuple[School, ...]:
    """Return the schools that the bureau asks on ``day``, in directory order. A bureau below it asks its own."""
    found = []
    for unit in directory.schools_under(bureau_id):
        if directory.bureau_of(unit.unit_id) == bureau_id:
            rule = schedule.rule_for(tuple(_lineage(directory, unit))) if schedule.schools else schedule
            if schedule.asks(rule, day):
                found.append(_school(directory, unit))
    return tuple(found)


def school_of(directory: RollCallDirectory, school_id: str) -> School | None:
    """Return a school, asked or not, or None when the directory does not know it as one."""
    unit = directory.unit(school_id)
    return _school(directory, unit) if unit is not None and unit.kind == "school" else None


def _school(directory: RollCallDirectory, unit: UnitRecorded) -> School:
    above = directory.unit(unit.parent or "") or unit
    return School(unit.unit_id, unit.name, above.unit_id, above.name)


def _lineage(directory: RollCallDirectory, unit: UnitRecorded | None) -> Iterator[str]:
    seen: set[str] = set()
    while unit is not None and unit.unit_id not in seen:
        seen.add(unit.unit_id)
        yield unit.unit_id
        unit = directory.unit(unit.parent or "")
