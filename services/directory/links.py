"""The ids of the file and what they lead to: given once, found somewhere, allowed there, and in no circle."""

from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from events.directory import UnitKind
from services.directory.file_format import PersonEntry, UnitEntry
from services.directory.file_section import Section

DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
ABOVE: Mapping[UnitKind, tuple[UnitKind, ...]] = {
    "bureau": ("bureau",),
    "township": ("bureau",),
    "district": ("bureau",),
    "school": ("district", "bureau"),
}
"""What may stand as `parent` above each kind of unit."""
NEEDS_PARENT: frozenset[UnitKind] = frozenset({"district", "school"})


def check_ids(entries: Iterable[UnitEntry | PersonEntry]) -> None:
    """Tell of an id given twice: units and people share one key space on the bus."""
    first: dict[str, Section] = {}
    for entry in entries:
        if entry.id is not None and first.setdefault(entry.id, entry.section) is not entry.section:
            entry.section.error("id", f"`{entry.id}` is already the id of {first[entry.id].path}; give it another")


def check_links(units: list[UnitEntry], people: list[PersonEntry]) -> None:
    """Tell of every unit or person that is named and is not in the file."""
    unit_ids, person_ids = {unit.id for unit in units}, {person.id for person in people}
    for person in people:
        if person.unit is not None and person.unit not in unit_ids:
            person.section.error("unit", f"there is no unit `{person.unit}` in this file")
    named: list[tuple[Section, str, str | None]] = []
    for unit in units:
        for roster in unit.rosters:
            named += [(one.section, "person", one.person) for one in roster.weekly]
            named += [(one.section, "person", one.person) for one in roster.shifts]
        named += [(group.section, *member) for group in unit.groups for member in group.members]
    named += [(one.section, "delegate", one.delegate) for person in people for one in person.away]
    for section, field, name in named:
        if name is not None and name not in person_ids:
            section.error(field, f"there is no person `{name}` in this file")


def check_places(units: list[UnitEntry], by_id: Mapping[str, UnitEntry]) -> None:
    """Tell of every unit that hangs on nothing, or on what may not be above it, and of circles."""
    for unit in units:
        _check_place(unit, by_id)
    _check_circles(by_id)


def _check_place(unit: UnitEntry, by_id: Mapping[str, UnitEntry]) -> None:
    if unit.kind is not None:
        _check_link(unit, "parent", by_id.get(unit.parent or ""), ABOVE[unit.kind])
        if unit.kind in NEEDS_PARENT and "parent" not in unit.section.given:
            unit.section.error("parent", f"is missing: a {unit.kind} stands under a {' or '.join(ABOVE[unit.kind])}")
        if unit.kind == "school":
            _check_link(unit, "township", by_id.get(unit.township or ""), ("township",))
        elif unit.township is not None:
            unit.section.error("township", "only a school lies in a township; remove it")
    for name, target in (("parent", unit.parent), ("township", unit.township)):
        if target is not None and target not in by_id:
            unit.section.error(name, f"there is no unit `{target}` in this file")


def _check_link(unit: UnitEntry, name: str, target: UnitEntry | None, allowed: tuple[UnitKind, ...]) -> None:
    if target is not None and target.kind is not None and target.kind not in allowed:
        wanted = " or ".join(allowed)
        unit.section.error(name, f"`{target.id}` is a {target.kind}; the {name} of a {unit.kind} is a {wanted}")


def _check_circles(by_id: Mapping[str, UnitEntry]) -> None:
    judged: set[str] = set()
    for start in by_id:
        trail: list[str] = []
        at: str | None = start
        while at is not None and at in by_id and at not in judged:
            judged.add(at)
            trail.append(at)
            at = by_id[at].parent
        if at is not None and at in trail:
            circle = [*trail[trail.index(at) :], at]
            by_id[at].section.error("parent", f"goes round in a circle: {' -> '.join(circle)}")


def zone_of(unit: UnitEntry | None, by_id: Mapping[str, UnitEntry]) -> ZoneInfo:
    """Return a unit's time zone: its own, or that of the nearest unit above it that has one."""
    passed: set[str | None] = set()
    while unit is not None and unit.timezone is None and unit.id not in passed:  # a circle is told of elsewhere
        passed.add(unit.id)
        unit = by_id.get(unit.parent or "")
    return unit.timezone if unit is not None and unit.timezone is not None else DEFAULT_ZONE
