"""The directory file a bureau keeps by hand: its fields, what each accepts, and the line every mistake stands on.

Written for a clerk, so values are read as they look on the page: ``id: 001`` stays ``001`` and a telephone number needs
no quotes. A file has ``units`` and ``people``; each class below is one kind of entry and lists its fields. An entry
with a mistake is kept as far as it could be read, so that one reading tells everything that is wrong.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Literal, Self, TypeVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from events.directory import UnitKind

T = TypeVar("T")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Channel = Literal["sms", "email"]
Language = Literal["zh", "en"]

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
PHONE = re.compile(r"\+[0-9][0-9 ()-]{3,30}")
# What a browser's e-mail field accepts (HTML Living Standard, "valid e-mail address"), with a dot in the domain.
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)
HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
NAME_LIMIT = 120  # as events.directory.Name


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell the file's keeper: where (``units[3].parent``), on which line (from 1), and what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.message}" if self.path else f"line {self.line}: {self.message}"


class DirectoryError(Finding):
    """A mistake: the file is not taken over until it is mended."""


class DirectoryWarning(Finding):
    """A gap that the escalation chain can live with, but should not have to."""


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    errors: list[DirectoryError] = field(default_factory=list)
    warnings: list[DirectoryWarning] = field(default_factory=list)


class Section:
    """One mapping of the file. Hands out its fields, and notes what is wrong with them where it stands."""

    def __init__(self, node: MappingNode, path: str, findings: Findings) -> None:
        self.path = path
        self._line = node.start_mark.line + 1
        self._findings = findings
        self._asked: set[str] = set()
        self._lines: dict[str, int] = {}
        self._nodes: dict[str, Node] = {}
        self._below: list[Section] = []
        for key, value in node.value:
            name = str(key.value)
            if name in self._lines:
                self._note(name, key.start_mark.line + 1, "is given twice: keep one of them")
                continue
            self._lines[name] = key.start_mark.line + 1
            if value.tag != "tag:yaml.org,2002:null":  # `parent:` with nothing after it means: no parent
                self._nodes[name] = value

    def error(self, name: str | None, message: str) -> None:
        """Note a mistake in a field, or in the whole entry when ``name`` is None."""
        self._note(name, self._lines.get(_head(name), self._line), message)

    def warn(self, message: str) -> None:
        """Note a gap of the whole entry."""
        self._findings.warnings.append(DirectoryWarning(self.path, self._line, message))

    def value(self, name: str, read: Callable[[str], T], *, required: bool = True) -> T | None:
        """Return one field as ``read`` understands it; None when it is absent or could not be read."""
        self._asked.add(name)
        node = self._nodes.get(name)
        if node is None:
            if required:
                self.error(name, "is missing: add it")
            return None
        return self._read(name, node, read)

    def values(self, name: str, read: Callable[[str], T]) -> list[T]:
        """Return a list's readable items; a single value counts as a list of one."""
        node = self._nodes.get(name)
        if not isinstance(node, SequenceNode):
            one = self.value(name, read, required=False)
            return [] if one is None else [one]
        self._asked.add(name)
        found = [self._read(f"{name}[{index}]", item, read) for index, item in enumerate(node.value)]
        return [one for one in found if one is not None]

    def sections(self, name: str, *, wanted: str = "") -> "list[Section]":
        """Return a list's entries. ``wanted`` is what to tell the clerk when there are none."""
        self._asked.add(name)
        node = self._nodes.get(name)
        items = node.value if isinstance(node, SequenceNode) else []
        if node is not None and not isinstance(node, SequenceNode):
            self.error(name, "expected a list: begin each entry with `- `")
        elif wanted and not items:
            self.error(name, wanted)
        found: list[Section] = []
        for index, item in enumerate(items):
            if isinstance(item, MappingNode):
                path = f"{self.path}.{name}[{index}]".removeprefix(".")
                found.append(Section(item, path, self._findings))
            else:
                self._note(f"{name}[{index}]", item.start_mark.line + 1, "expected fields here, written `name: value`")
        self._below += found
        return found

    @property
    def given(self) -> set[str]:
        """Return the names of the fields that have a value, readable or not."""
        return set(self._nodes)

    def close(self) -> None:
        """Note every field that nobody asked for, here and below: a misspelt field is never ignored in silence."""
        for name in (name for name in self._lines if name not in self._asked):
            self.error(name, f"unknown field; known here: {', '.join(sorted(self._asked))}")
        for section in self._below:
            section.close()

    def _read(self, name: str, node: Node, read: Callable[[str], T]) -> T | None:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode):
            self._note(name, line, "expected a single value")
            return None
        try:
            return read(node.value.strip())
        except ValueError as refusal:
            self._note(name, line, str(refusal))
            return None

    def _note(self, name: str | None, line: int, message: str) -> None:
        path = ".".join(part for part in (self.path, name) if part)
        self._findings.errors.append(DirectoryError(path, line, message))


def _head(name: str | None) -> str:
    return (name or "").partition("[")[0]


def identifier(text: str) -> str:
    """Return an id or a role's name. It becomes a key on the bus, where a person's name must never stand."""
    if not ID.fullmatch(text):
        raise ValueError("use 1-64 of the letters a-z, A-Z, digits, `.`, `_` and `-`, the first no punctuation")
    return text


def name(text: str) -> str:
    """Return the name of a unit or a person."""
    if not 0 < len(text) <= NAME_LIMIT:
        raise ValueError(f"write 1-{NAME_LIMIT} characters")
    return text


def one_of(words: tuple[T, ...]) -> Callable[[str], T]:
    """Return a reader of one of these words."""

    def read(text: str) -> T:
        for word in words:
            if word == text:
                return word
        raise ValueError(f"expected one of {', '.join(map(str, words))}")

    return read


def zone(text: str) -> ZoneInfo:
    """Return a time zone of the IANA database."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; use a name of the IANA database, such as Asia/Shanghai") from None


def moment(text: str) -> datetime:
    """Return a time with its offset from UTC, in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = datetime.min  # noqa: DTZ901
    if found.tzinfo is None:
        raise ValueError("write the time with its offset, such as 2026-11-24T08:00:00+08:00")
    return found.astimezone(UTC)


def hour(text: str) -> time:
    """Return an hour of the unit's own day."""
    if not HOUR.fullmatch(text):
        raise ValueError("write hours and minutes, 00:00 to 23:59, such as 08:00")
    return time.fromisoformat(text)


def days(text: str) -> range:
    """Return a weekday (`mon`) or a run of them (`mon-fri`) as numbers, Monday being 0."""
    first, _, last = text.partition("-")
    if first not in DAYS or (last or first) not in DAYS or DAYS.index(last or first) < DAYS.index(first):
        raise ValueError(f"expected a day ({', '.join(DAYS)}) or a run of days, such as mon-fri")
    return range(DAYS.index(first), DAYS.index(last or first) + 1)


# A refused address is never repeated: the message may end in a log, and the line says where it stands.
def phone(text: str) -> str:
    """Return a telephone number in E.164. Its length is judged, not its range: ranges kept for fiction are welcome."""
    try:
        number = phonenumbers.parse(text) if PHONE.fullmatch(text) else None
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise ValueError("not a telephone number; write it with + and the country's code, such as +86 ...")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> str:
    """Return an e-mail address (addr-spec of RFC 5322, without the obsolete forms)."""
    if not EMAIL.fullmatch(text) or ".." in text or text.startswith(".") or ".@" in text:
        raise ValueError("not an e-mail address; write it like duty@school.example.org")
    return text


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
        )


@dataclass(frozen=True, slots=True)
class PersonEntry:
    """A person, the roles they hold at their unit, and how to reach them, the best way first."""

    section: Section
    id: str | None
    name: str | None
    unit: str | None
    roles: list[str]
    language: Language
    contacts: list[tuple[Channel, str]]

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
            contacts=[contact for one in contacts for contact in _contact(one)],
        )


def _contact(of: Section) -> list[tuple[Channel, str]]:
    sms, address = of.value("sms", phone, required=False), of.value("email", email, required=False)
    if len(of.given & {"sms", "email"}) != 1:
        of.error(None, "give one address here: either `sms: +86...` or `email: ...`")
    given: list[tuple[Channel, str | None]] = [("sms", sms), ("email", address)]
    return [(channel, found) for channel, found in given if found]


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
