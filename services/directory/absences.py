"""Who is away and who acts for them: judged, brought to UTC, and searched for times when nobody stands in."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from events.directory import Absence, PersonRecorded, UnitRecorded
from services.directory.file_format import AwayEntry, PersonEntry
from services.runtime.directory import DirectorySnapshot


def absences_of(person: PersonEntry, zone: ZoneInfo) -> list[tuple[AwayEntry, Absence]]:
    """Return the absences of a person that could be read and end after they begin, in the order of time."""
    found = []
    for entry in person.away:
        if entry.start is not None and entry.end is not None:
            start, end = _moment(entry.start, zone), _moment(_after(entry.end), zone)
            if start < end:
                found.append((entry, Absence(start=start, end=end, delegate=entry.delegate)))
    return sorted(found, key=lambda one: one[1].start)


def check_absences(people: Sequence[PersonEntry], zones: Sequence[ZoneInfo]) -> None:
    """Tell of absences that end before they begin or overlap, and of who would act for themselves."""
    for person, zone in zip(people, zones, strict=True):
        readable = absences_of(person, zone)
        sound = {entry.section.path for entry, _ in readable}
        for entry in person.away:
            if entry.start is not None and entry.end is not None and entry.section.path not in sound:
                entry.section.error("until", "is not after `from`")
            if entry.delegate is not None and entry.delegate == person.id:
                entry.section.error("delegate", "nobody acts for themselves: name somebody else, or remove it")
        _check_apart(readable)


def warn_of_vacancies(
    people: Sequence[PersonEntry],
    zones: Sequence[ZoneInfo],
    units: Sequence[UnitRecorded],
    recorded: Sequence[PersonRecorded],
    now: datetime,
) -> None:
    """Tell of every absence, under way or to come, in which a post or a duty is nobody's for a time."""
    if not any(person.away for person in people):
        return
    search = _Search(units, recorded)
    for entry, zone, person in zip(people, zones, recorded, strict=True):
        for away, absence in absences_of(entry, zone):
            for what, at in search.vacancies(person, absence, now):
                away.section.warn(
                    f"nobody stands in for `{what}` from {at.astimezone(zone):%Y-%m-%d %H:%M} on; "
                    "name a delegate who is there"
                )


class _Search:
    """Looks for moments when nobody acts for a person, by the very snapshot that will name people then."""

    def __init__(self, units: Sequence[UnitRecorded], people: Sequence[PersonRecorded]) -> None:
        self._snapshot = DirectorySnapshot.of(units, people)
        self._people = people
        self._rosters = [(unit, roster) for unit in units for roster in unit.rosters]

    def vacancies(self, person: PersonRecorded, absence: Absence, now: datetime) -> Iterator[tuple[str, datetime]]:
        """Yield the roles and duties of a person that are vacant during an absence, each with the first such moment."""
        alone = list(self._moments_without(person, max(absence.start, now), absence.end))
        for role in dict.fromkeys(person.roles):
            vacant = next((at for at in alone if not self._is_held(person.unit_id, role, at)), None)
            if vacant is not None:
                yield role, vacant
        for unit, roster in self._rosters:
            shifts = [one for one in roster.shifts if one.person_id == person.person_id]
            spans = ((max(one.start, absence.start, now), min(one.end, absence.end)) for one in shifts)
            moments = (at for start, end in spans for at in self._moments_without(person, start, end))
            vacant = next((at for at in moments if not self._is_kept(unit, roster.role, at)), None)
            if vacant is not None:
                yield f"on_duty:{roster.role}", vacant

    def _moments_without(self, person: PersonRecorded, start: datetime, end: datetime) -> Iterator[datetime]:
        """Yield moments from ``start`` to before ``end`` at which nobody acts for the person: one in each such span."""
        edges = {
            edge for one in self._deputies(person) for absence in one.absences for edge in (absence.start, absence.end)
        }
        moments = [start, *sorted(edge for edge in edges if start < edge < end)] if start < end else []
        return (at for at in moments if self._snapshot.acting_for(person.person_id, at) is None)

    def _deputies(self, person: PersonRecorded) -> list[PersonRecorded]:
        """Return the person and all who may come to act for them, through however many delegates."""
        found = {person.person_id: person}
        waiting = [person]
        while waiting:
            for absence in waiting.pop().absences:
                deputy = self._snapshot.person(absence.delegate or "")
                if deputy is not None and deputy.person_id not in found:
                    found[deputy.person_id] = deputy
                    waiting.append(deputy)
        return list(found.values())

    def _is_held(self, unit_id: str, role: str, at: datetime) -> bool:
        holders = (one for one in self._people if one.unit_id == unit_id and role in one.roles)
        return any(self._snapshot.acting_for(one.person_id, at) is not None for one in holders)

    def _is_kept(self, unit: UnitRecorded, role: str, at: datetime) -> bool:
        shifts = (one for roster in unit.rosters if roster.role == role for one in roster.shifts)
        keepers = (one.person_id for one in shifts if one.start <= at < one.end)
        return any(self._snapshot.acting_for(one, at) is not None for one in keepers)


def _check_apart(readable: Sequence[tuple[AwayEntry, Absence]]) -> None:
    last: tuple[AwayEntry, Absence] | None = None
    for entry, absence in readable:
        if last is not None and absence.start < last[1].end:
            entry.section.error(None, f"overlaps {last[0].section.path}: who acts then?")
        if last is None or absence.end > last[1].end:
            last = entry, absence


def _after(edge: date | datetime) -> date | datetime:
    """Return the end of a time away: a day counts whole."""
    return edge if isinstance(edge, datetime) else edge + timedelta(days=1)


def _moment(edge: date | datetime, zone: ZoneInfo) -> datetime:
    local = edge if isinstance(edge, datetime) else datetime.combine(edge, datetime.min.time())
    return (local if local.tzinfo is not None else local.replace(tzinfo=zone)).astimezone(UTC)
