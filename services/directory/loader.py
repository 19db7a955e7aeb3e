"""From the directory file to units and people: everything the file's form alone cannot show, judged at once.

The file either loads whole or not at all, and then every mistake is told: a clerk mends it in one sitting, and the
directory in use stays as it was. Weekly rosters are written out as shifts for ``HORIZON_DAYS``; load the file again
well before they run out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from events.directory import Group, PersonRecorded, Roster, UnitRecorded
from services.directory.absences import absences_of, check_absences, warn_of_vacancies
from services.directory.contact_urgency import warn_of_urgencies
from services.directory.file_format import PersonEntry, UnitEntry, read_file
from services.directory.file_section import DirectoryError, DirectoryWarning, Findings
from services.directory.links import check_ids, check_links, check_places, zone_of
from services.directory.posts import check_posts
from services.directory.weekly_roster import check_roster, shifts_of
from services.runtime.errors import TocsinError

HORIZON_DAYS = 28


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
    by_id = {unit.id: unit for unit in units if unit.id is not None}
    zones = [zone_of(by_id.get(person.unit or ""), by_id) for person in people]
    check_ids([*units, *people])
    check_places(units, by_id)
    check_links(units, people)
    for roster in (roster for unit in units for roster in unit.rosters):
        check_roster(roster)
    check_absences(people, zones)
    check_posts(units, people)
    warn_of_urgencies(people)
    if findings.errors:
        raise DirectoryErrors(findings.errors)
    recorded_units = tuple(_unit(unit, zone_of(unit, by_id), now, horizon_days) for unit in units)
    recorded_people = tuple(_person(person, zone) for person, zone in zip(people, zones, strict=True))
    warn_of_vacancies(people, zones, recorded_units, recorded_people, now)
    return LoadedDirectory(recorded_units, recorded_people, tuple(findings.warnings))


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
            "rosters": [Roster(role=one.role or "", shifts=tuple(shifts_of(one, days, zone))) for one in unit.rosters],
            "groups": [
                Group(name=one.name, people=tuple(dict.fromkeys(id_ for _, id_ in one.members))) for one in unit.groups
            ],
        }
    )


def _person(person: PersonEntry, zone: ZoneInfo) -> PersonRecorded:
    contacts = []
    numbers: dict[str, int] = {}
    for one in person.contacts:
        # Named by channel and place, never by the address: contact ids are keys on the bus.
        numbers[one.channel] = number = numbers.get(one.channel, 0) + 1
        contact_id = f"{person.id}:{one.channel}" if number == 1 else f"{person.id}:{one.channel}:{number}"
        contact = {"contact_id": contact_id, "channel": one.channel, "address": one.address, "used_for": one.used_for}
        contacts.append(contact)
    return PersonRecorded.model_validate(
        {
            "person_id": person.id,
            "name": person.name,
            "unit_id": person.unit,
            "roles": person.roles,
            "language": person.language,
            "contacts": contacts,
            "absences": [absence for _, absence in absences_of(person, zone)],
        }
    )
