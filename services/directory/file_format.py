"""The directory file a bureau keeps by hand: its entries and the fields of each.

Written for a clerk. A file has ``units`` and ``people``; each class below is one kind of entry and lists its fields. An
entry with a mistake is kept as far as it could be read, so that one reading tells everything that is wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, Self, get_args
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode

from events.channel import Channel
from events.directory import UnitKind
from events.notification import Lane
from services.directory.file_section import DirectoryError, Findings, Section
from services.directory.file_values import (
    day_or_time,
    days,
    email,
    hour,
    identifier,
    moment,
    name,
    one_of,
    phone,
    webhook,
    zone,
)

Language = Literal["zh", "en"]
LANES: tuple[Lane, ...] = get_args(Lane)


@dataclass(frozen=True, slots=True)
class ShiftEntry:
    """``{start: 2026-11-24T08:00:00+08:00, end: ..., person: p-001}``: goes before the weekly pattern (a swap)."""

    section: Section
    start: datetime | None
    end: datetime | None
    person: str | None

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of a roster's ``shifts``."""
        return cls(of, of.value("start", moment), of.value("end", moment), of.value("person", identifier))


@dataclass(frozen=True, slots=True)
class WeeklyEntry:
    """``{days: [mon-thu, sat], from: 18:00, until: 08:00, person: p-001}``, in the hours of the unit's own clock.

    ``until`` at or before ``from`` is on the day after: 08:00 until 08:00 is a day and a night.
    """

    section: Section
    days: list[int]
    start: time | None
    end: time | None
    person: str | None

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of a roster's ``weekly``."""
        found = sorted({day for run in of.values("days", days) for day in run})
        if not found:
            of.error("days", "name at least one day")
        return cls(of, found, of.value("from", hour), of.value("until", hour), of.value("person", identifier))


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """Who keeps one duty of a unit. Two people at once are two rosters of one role."""

    section: Section
    role: str | None
    weekly: list[WeeklyEntry]
    shifts: list[ShiftEntry]

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of a unit's ``rosters``."""
        weekly = [WeeklyEntry.read(one) for one in of.sections("weekly")]
        return cls(of, of.value("role", identifier), weekly, [ShiftEntry.read(one) for one in of.sections("shifts")])


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """``crisis_team: [p-001, p-002]``: people of any unit whom a policy calls together."""

    section: Section
    name: str
    members: list[tuple[str, str]]
    """Person ids, each with its place in the section."""

    @classmethod
    def read_all(cls, of: Section | None) -> list[Self]:
        """Read a unit's ``groups``."""
        return [] if of is None else [cls._read(of, name) for name in of.names]

    @classmethod
    def _read(cls, of: Section, name: str) -> Self:
        try:
            identifier(name)
        except ValueError as refusal:
            of.error(name, str(refusal))
        return cls(of, name, of.items(name, identifier, wanted="lists nobody: name its people, or remove it"))


@dataclass(frozen=True, slots=True)
class UnitEntry:
    """A bureau, district, township or school. Without ``timezone`` it has that of the unit above it."""

    section: Section
    id: str | None
    name: str | None
    kind: UnitKind | None
    parent: str | None
    township: str | None
    timezone: ZoneInfo | None
    rosters: list[RosterEntry]
    groups: list[GroupEntry]

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of ``units``."""
        return cls(
            section=of,
            id=of.value("id", identifier),
            name=of.value("name", name),
            kind=of.value("kind", one_of(get_args(UnitKind))),
            parent=of.value("parent", identifier, required=False),
            township=of.value("township", identifier, required=False),
            timezone=of.value("timezone", zone, required=False),
            rosters=[RosterEntry.read(one) for one in of.sections("rosters")],
            groups=GroupEntry.read_all(of.section("groups")),
        )


@dataclass(frozen=True, slots=True)
class AwayEntry:
    """``{from: 2026-11-01, until: 2026-11-08, delegate: p-002}``: away, and who acts for them meanwhile.

    Days are whole days, the last included; times (``2026-11-01T12:00``) are by the clock of the person's unit.
    """

    section: Section
    start: date | datetime | None
    end: date | datetime | None
    delegate: str | None

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of a person's ``away``."""
        start, end = of.value("from", day_or_time), of.value("until", day_or_time)
        return cls(of, start, end, of.value("delegate", identifier, required=False))


@dataclass(frozen=True, slots=True)
class ContactEntry:
    """``{voice: +86..., for: [escalation]}``: one address, and how urgent what is sent to it may be."""

    section: Section
    channel: Channel
    address: str
    used_for: tuple[Lane, ...] | None

    @classmethod
    def read(cls, of: Section) -> list[Self]:
        """Read one entry of a person's ``contacts``; none, when it has not one readable address."""
        found = [(channel, of.value(channel, reader, required=False)) for channel, reader in ADDRESSES.items()]
        if len(of.given & set(ADDRESSES)) != 1:
            of.error(
                None,
                "give one address here: `sms: +86...`, `voice: +86...`, `email: ...`, `chat: name` or "
                "`webhook: https://...`",
            )
        nothing = f"is for nothing: name one of {', '.join(LANES)}; or remove it, and it is used for everything"
        kept = of.items("for", one_of(LANES), wanted=nothing if "for" in of.names else "")
        used_for = tuple(dict.fromkeys(lane for _, lane in kept))
        return [cls(of, channel, address, used_for or None) for channel, address in found if address]


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person, the roles they hold at their unit, and how to reach them, the best way first."""

    section: Section
    id: str | None
    name: str | None
    unit: str | None
    roles: list[str]
    language: Language
    contacts: list[ContactEntry]
    away: list[AwayEntry]

    @classmethod
    def read(cls, of: Section) -> Self:
        """Read one entry of ``people``."""
        contacts = of.sections("contacts", wanted="give at least one way to reach this person, such as `- sms: +86...`")
        return cls(
            section=of,
            id=of.value("id", identifier),
            name=of.value("name", name),
            unit=of.value("unit", identifier),
            roles=of.values("roles", identifier),
            language=of.value("language", one_of(get_args(Language)), required=False) or "zh",
            contacts=[contact for one in contacts for contact in ContactEntry.read(one)],
            away=[AwayEntry.read(one) for one in of.sections("away")],
        )


ADDRESSES: Mapping[Channel, Callable[[str], str]] = {
    "sms": phone,
    "email": email,
    "voice": phone,
    "webhook": webhook,
    "chat": identifier,
}
"""What an address of each channel looks like."""


def read_file(text: str, findings: Findings) -> tuple[list[UnitEntry], list[PersonEntry]]:
    """Return the entries of a directory file, noting every mistake of form."""
    try:
        document = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        line = mark.line + 1 if mark is not None else text.count("\n", 0, getattr(error, "position", 0)) + 1
        what = getattr(error, "problem", None) or getattr(error, "reason", "unreadable")
        findings.errors.append(DirectoryError("", line, f"not YAML: {what}"))
        return [], []
    if not isinstance(document, MappingNode):
        findings.errors.append(DirectoryError("", 1, "expected `units:` and `people:`, each with a list of entries"))
        return [], []
    root = Section(document, "", findings)
    units = [
        UnitEntry.read(one) for one in root.sections("units", wanted="is missing: list the bureau and its schools")
    ]
    people = [PersonEntry.read(one) for one in root.sections("people", wanted="is missing: list who is to be told")]
    root.close()
    return units, people
