"""From the directory file to units and people: everything the file's form alone cannot show, judged at once.

The file either loads whole or not at all, and then every mistake is told: a clerk mends it in one sitting, and the
directory in use stays as it was. Weekly rosters are written out as shifts for ``HORIZON_DAYS``; load the file again
well before they run out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from events.directory import PersonRecorded, Roster, Shift, UnitKind, UnitRecorded
from services.directory.file_format import (
    DirectoryError,
    DirectoryWarning,
    Findings,
    PersonEntry,
    RosterEntry,
    Section,
    UnitEntry,
    WeeklyEntry,
    read_file,
)
from services.runtime.errors import TocsinError

HORIZON_DAYS = 28
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
WEEK = timedelta(days=7)

ABOVE: Mapping[UnitKind, tuple[UnitKind, ...]] = {
    "bureau": ("bureau",),
    "township": ("bureau",),
    "district": ("bureau",),
    "school": ("district", "bureau"),
}
"""What may stand as `parent` above each kind of unit."""
NEEDS_PARENT: frozenset[UnitKind] = frozenset({"district", "school"})


@dataclass(frozen=True, slots=True)
class Post:
    """A post that the chain calls on at every unit of a kind: held by a role, or kept by the roster of a duty."""

    kind: UnitKind
    role: str
    duty: str | None
    required: bool
    why: str


POSTS = (
    Post("school", "principal", None, True, "reports go to the principal first"),
    Post("school", "deputy_principal", "school_leader", False, "nobody stands in for a principal who does not answer"),
    Post("district", "district_director", None, True, "the principals of this district report to its director"),
    Post("township", "township_officer", None, False, "nobody here can be told of what happens at its schools"),
    Post("bureau", "bureau_leader", None, False, "nobody here can be told when a case is reported upward"),
    Post("bureau", "duty_officer", "duty_officer", True, "the duty officer is called when all others are silent"),
)


class DirectoryErrors(TocsinError):
    """The file was not taken over. ``errors`` lists all that is wrong, in the order of the lines: mend and reload."""

    def __init__(self, errors: Iterable[DirectoryError]) -> None:
        self.errors = sorted(errors, key=lambda error: error.line)
        super().__init__("\n".join(map(str, self.errors)))


@dataclass(frozen=True, slots=True)
class LoadedDirectory:
    """What a faultless file says, in the file's order."""

    units: tuple[UnitRecorded, ...]
    people: tuple[PersonRecorded, ...]
    warnings: tuple[DirectoryWarning, ...]


def load_directory(path_or_text: Path | str, now: datetime, horizon_days: int = HORIZON_DAYS) -> LoadedDirectory:
    """Return the directory of a file (``Path``) or of its text (``str``).

    ``now`` is an aware time; weekly rosters are written out from the day before it to ``horizon_days`` (1 or more)
    after it. Raises ``DirectoryErrors`` with every mistake of the file.
    """
    findings = Findings()
    units, people = read_file(_text(path_or_text), findings)
    _check_ids([*units, *people])
    by_id = {unit.id: unit for unit in units if unit.id is not None}
    for unit in units:
        _check_places(unit, by_id)
    _check_circles(by_id)
    _check_people(units, people, by_id)
    for roster in (roster for unit in units for roster in unit.rosters):
        _check_shifts(roster)
        _check_week(roster)
    _check_posts(units, people)
    if findings.errors:
        raise DirectoryErrors(findings.errors)
    return LoadedDirectory(
        tuple(_unit(unit, _zone(unit, by_id), now, horizon_days) for unit in units),
        tuple(_person(person) for person in people),
        tuple(findings.warnings),
    )


def _text(source: Path | str) -> str:
    if isinstance(source, str):
        return source
    try:
        return source.read_text(encoding="utf-8")
    except OSError as error:
        raise DirectoryErrors([DirectoryError("", 1, f"cannot read {source}: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DirectoryErrors([DirectoryError("", line, "not UTF-8 text; save the file as UTF-8")]) from error


def _check_ids(entries: Iterable[UnitEntry | PersonEntry]) -> None:
    """Units and people share one key space on the bus, so an id may stand for one of them only."""
    first: dict[str, Section] = {}
    for entry in entries:
        if entry.id is not None and first.setdefault(entry.id, entry.section) is not entry.section:
            entry.section.error("id", f"`{entry.id}` is already the id of {first[entry.id].path}; give it another")


def _check_places(unit: UnitEntry, by_id: Mapping[str, UnitEntry]) -> None:
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


def _check_people(units: list[UnitEntry], people: list[PersonEntry], by_id: Mapping[str, UnitEntry]) -> None:
    known = {person.id for person in people}
    for person in people:
        if person.unit is not None and person.unit not in by_id:
            person.section.error("unit", f"there is no unit `{person.unit}` in this file")
    for roster in (roster for unit in units for roster in unit.rosters):
        named = [(one.person, one.section) for one in roster.weekly] + [
            (one.person, one.section) for one in roster.shifts
        ]
        for name, section in named:
            if name is not None and name not in known:
                section.error("person", f"there is no person `{name}` in this file")


def _check_shifts(roster: RosterEntry) -> None:
    for shift in roster.shifts:
        if shift.start is not None and shift.end is not None and shift.end <= shift.start:
            shift.section.error("end", "is not after `start`")
    timed = [
        (one.start, one.end, one.section)
        for one in roster.shifts
        if one.start is not None and one.end is not None and one.start < one.end
    ]
    _check_apart(sorted(timed, key=lambda one: one[0]))


def _check_week(roster: RosterEntry) -> None:
    """Judge the pattern by the clock on the wall, so that the verdict is the same in every week of the year."""
    monday = datetime(2001, 1, 1, tzinfo=UTC)  # any Monday
    timed = [
        (start, end, entry.section)
        for entry in roster.weekly
        for day in entry.days
        for start, end in _hours(entry, (monday + timedelta(days=day)).date(), UTC)
    ]
    timed.sort(key=lambda one: one[0])
    # The week is round: its last shift is followed by its first.
    _check_apart(timed + [(start + WEEK, end + WEEK, section) for start, end, section in timed[:1]])


def _check_apart(timed: list[tuple[datetime, datetime, Section]]) -> None:
    told: set[str] = set()
    for (_, end, section), (start, _, following) in pairwise(timed):
        if start < end and following.path not in told:
            told.add(following.path)
            following.error(None, f"overlaps {section.path}; for two at once, write a second roster of this role")


def _check_posts(units: list[UnitEntry], people: list[PersonEntry]) -> None:
    held = {(person.unit, role) for person in people for role in person.roles}
    for unit in units:
        kept = {roster.role for roster in unit.rosters if roster.role and (roster.weekly or roster.shifts)}
        for post in POSTS:
            if post.kind != unit.kind or (unit.id, post.role) in held or post.duty in kept:
                continue
            message = f"{unit.kind} without a `{post.role}`: {post.why}"
            if post.required:
                unit.section.error(None, message)
            else:
                unit.section.warn(message)


def _zone(unit: UnitEntry, by_id: Mapping[str, UnitEntry]) -> ZoneInfo:
    above: UnitEntry | None = unit
    while above is not None and above.timezone is None:
        above = by_id.get(above.parent or "")
    return above.timezone if above is not None and above.timezone is not None else DEFAULT_ZONE


def _unit(unit: UnitEntry, zone: ZoneInfo, now: datetime, horizon_days: int) -> UnitRecorded:
    # From yesterday, for the shift that began last night and is still being kept.
    first = now.astimezone(zone).date() - timedelta(days=1)
    days = [first + timedelta(days=number) for number in range(horizon_days + 2)]
    return UnitRecorded.model_validate(
        {
            "unit_id": unit.id,
            "name": unit.name,
            "kind": unit.kind,
            "parent": unit.parent,
            "township": unit.township,
            "timezone": zone.key,
            "rosters": [Roster(role=one.role or "", shifts=tuple(_shifts(one, days, zone))) for one in unit.rosters],
        }
    )


def _shifts(roster: RosterEntry, days: list[date], zone: ZoneInfo) -> list[Shift]:
    """Write the pattern out, then let the dated shifts go before it."""
    dated = [
        Shift.model_validate({"start": one.start, "end": one.end, "person_id": one.person}) for one in roster.shifts
    ]
    pattern = sorted(
        (start, end, entry.person or "")
        for day in days
        for entry in roster.weekly
        if day.weekday() in entry.days
        for start, end in _hours(entry, day, zone)
        if start < end
    )
    # An hour that the clocks skip is read as the hour after it. So a shift may run into the next, which wins then, and
    # one that lies in the skipped hour may end before it begins: nobody keeps it.
    limits = [start for start, _, _ in pattern[1:]]
    shifts = [
        Shift(start=start, end=min(end, limit), person_id=person)
        for (start, end, person), limit in zip(pattern, [*limits, datetime.max.replace(tzinfo=UTC)], strict=True)
        if start < min(end, limit)
    ]
    for taken in dated:
        shifts = [rest for shift in shifts for rest in _without(shift, taken)]
    return sorted([*shifts, *dated], key=lambda shift: shift.start)


def _hours(entry: WeeklyEntry, day: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    if entry.start is not None and entry.end is not None:
        until = day + timedelta(days=1) if entry.end <= entry.start else day
        yield _instant(day, entry.start, zone), _instant(until, entry.end, zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _without(shift: Shift, taken: Shift) -> Iterator[Shift]:
    """Yield what is left of a shift outside the other."""
    if taken.end <= shift.start or shift.end <= taken.start:
        yield shift
        return
    if shift.start < taken.start:
        yield shift.model_copy(update={"end": taken.start})
    if taken.end < shift.end:
        yield shift.model_copy(update={"start": taken.end})


def _person(person: PersonEntry) -> PersonRecorded:
    contacts = []
    numbers: dict[str, int] = {}
    for channel, address in person.contacts:
        # Named by channel and place, never by the address: contact ids are keys on the bus.
        numbers[channel] = number = numbers.get(channel, 0) + 1
        contact_id = f"{person.id}:{channel}" if number == 1 else f"{person.id}:{channel}:{number}"
        contacts.append({"contact_id": contact_id, "channel": channel, "address": address})
    return PersonRecorded.model_validate(
        {
            "person_id": person.id,
            "name": person.name,
            "unit_id": person.unit,
            "roles": person.roles,
            "language": person.language,
            "contacts": contacts,
        }
    )
