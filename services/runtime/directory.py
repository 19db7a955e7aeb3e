"""The directory as one immutable picture in memory: what the core asks (``escalation_policies.selector.Directory``).

Whoever follows ``tocsin.directory`` makes a new snapshot after changes and swaps it in whole, so a decision never sees
half a change. Making one is a single pass over units and people; no question reads more than its own answer.
Records reach a follower in any order, so a snapshot may name a parent or a person it does not hold yet: such a link
leads nowhere, and nothing fails because of it (`services.directory.loader` is where a directory is judged).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from escalation_policies.selector import SchoolName, Selector
from events.directory import Absence, ContactAddress, PersonRecorded, Shift, UnitRecorded
from events.escalation import Contact, Recipient


# No generated repr or equality: the one would print people's numbers into a log, the other would compare a nation.
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class DirectorySnapshot:
    """Units, people, contacts and rosters as they are at one moment. Made by ``DirectorySnapshot.of``."""

    _units: Mapping[str, UnitRecorded]
    _people: Mapping[str, PersonRecorded]
    _contacts: Mapping[str, tuple[PersonRecorded, ContactAddress]]
    _contacts_by_number: Mapping[str, tuple[str, ...]]
    _holders: Mapping[tuple[str, str], tuple[PersonRecorded, ...]]
    _duties: Mapping[tuple[str, str], tuple[Shift, ...]]
    _schools_under: Mapping[str, tuple[UnitRecorded, ...]]
    _bureaus: tuple[UnitRecorded, ...]

    @classmethod
    def of(cls, units: Iterable[UnitRecorded], people: Iterable[PersonRecorded]) -> Self:
        """Return the snapshot of these units and people, whose order becomes the directory order.

        An id given twice counts once, as given last: a compacted topic means just that by it.
        """
        by_unit_id = {unit.unit_id: unit for unit in units}
        by_person_id = {person.person_id: person for person in people}
        contacts = {
            address.contact_id: (person, address) for person in by_person_id.values() for address in person.contacts
        }
        return cls(
            _units=by_unit_id,
            _people=by_person_id,
            _contacts=contacts,
            _contacts_by_number=_by_number(address for _, address in contacts.values()),
            _holders=_holders(by_person_id.values()),
            _duties=_duties(by_unit_id.values()),
            _schools_under=_schools_under(by_unit_id),
            _bureaus=tuple(unit for unit in by_unit_id.values() if unit.kind == "bureau"),
        )

    def unit(self, unit_id: str) -> UnitRecorded | None:
        """Return the unit, or None when the directory does not know it."""
        return self._units.get(unit_id)

    def person(self, person_id: str) -> PersonRecorded | None:
        """Return the person, or None when the directory does not know them."""
        return self._people.get(person_id)

    @property
    def units(self) -> tuple[UnitRecorded, ...]:
        """Return every unit, in directory order."""
        return tuple(self._units.values())

    @property
    def people(self) -> tuple[PersonRecorded, ...]:
        """Return everybody, in directory order."""
        return tuple(self._people.values())

    def contact(self, contact_id: str) -> tuple[PersonRecorded, ContactAddress] | None:
        """Return the contact with its address and whose it is, or None when it is gone: then send nothing to it."""
        return self._contacts.get(contact_id)

    def contacts_at(self, number: str) -> tuple[tuple[PersonRecorded, ContactAddress], ...]:
        """Return who is reached at a telephone number (E.164), by message or by call: several share a duty phone."""
        return tuple(self._contacts[contact_id] for contact_id in self._contacts_by_number.get(number, ()))

    def school(self, school_id: str) -> SchoolName | None:
        """Return the school, or the bureau that has a case of its own; None for any other unit, or an unknown one."""
        unit = self._units.get(school_id)
        if unit is None or unit.kind not in {"school", "bureau"}:
            return None
        return SchoolName(unit_id=unit.unit_id, name=unit.name)

    def is_school(self, unit_id: str) -> bool:
        """Return whether the directory knows this unit, as a school."""
        unit = self._units.get(unit_id)
        return unit is not None and unit.kind == "school"

    def bureau_of(self, unit_id: str) -> str | None:
        """Return the nearest bureau at or above a unit, or None when none is known."""
        return next((unit.unit_id for unit in _lineage(self._units, unit_id) if unit.kind == "bureau"), None)

    def bureaus(self) -> tuple[UnitRecorded, ...]:
        """Return every bureau, in directory order."""
        return self._bureaus

    def is_within(self, unit_id: str, ancestor_id: str) -> bool:
        """Return whether the unit is the other, or lies anywhere below it. An unknown unit lies nowhere."""
        return any(unit.unit_id == ancestor_id for unit in _lineage(self._units, unit_id))

    def schools_under(self, unit_id: str) -> tuple[UnitRecorded, ...]:
        """Return every school within the unit in directory order: a school itself, a township those that lie in it."""
        return self._schools_under.get(unit_id, ())

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the people meant, in directory order; empty when nobody holds the role or duty then.

        ``at`` is an aware time. A shift covers it from its start (inclusive) to its end (exclusive).
        """
        unit = self._place(selector, school_id)
        if unit is None:
            return ()
        meant, role = self._meant(selector, unit, at)
        # A dict, so that who acts for two people is told once; who is meant themselves, in their own right.
        told: dict[str, Recipient] = {}
        for person in meant:
            one = self._recipient(person, role, unit, at)
            if one is not None and (one.on_behalf_of is None or one.person_id not in told):
                told[one.person_id] = one
        return tuple(told.values())

    def recipient(self, person_id: str) -> Recipient | None:
        """Return a person by id, or None when the directory does not know them."""
        found = self._people.get(person_id)
        unit = self._units.get(found.unit_id) if found is not None else None
        return None if found is None or unit is None else _as_recipient(found, "in person", unit, unit)

    def acting_for(self, person_id: str, at: datetime) -> PersonRecorded | None:
        """Return who acts for a person at an aware time: themselves, or their delegate while they are away.

        A delegate who is away hands it on to their own. None when nobody is left, or the person is unknown.
        """
        seen: set[str] = set()
        acting = self._people.get(person_id)
        while acting is not None and (absence := _absence(acting, at)) is not None:
            seen.add(acting.person_id)
            delegate = absence.delegate or ""
            acting = None if delegate in seen else self._people.get(delegate)
        return acting

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return ``ids`` with whoever goes with them: see ``selector.Directory``."""
        found = set(ids)
        offices = {
            self._people[one].unit_id
            for one in ids
            if one in self._people and set(heads).intersection(self._people[one].roles)
        }
        waiting = [*ids]
        while waiting:
            person = self._people.get(waiting.pop())
            delegates = {one.delegate for one in person.absences if one.delegate is not None} if person else set()
            waiting += delegates - found  # whoever was met before leads nowhere new: a circle ends the walk
            found |= delegates
        return tuple(sorted(found | offices))

    def _meant(self, selector: Selector, unit: UnitRecorded, at: datetime) -> tuple[Iterable[PersonRecorded], str]:
        if selector.role is not None:
            return self._holders.get((unit.unit_id, selector.role), ()), selector.role
        if selector.group is not None:
            members = next((group.people for group in unit.groups if group.name == selector.group), ())
            found = [self._people[one] for one in members if one in self._people]
            return found, f"group:{selector.group}"
        duty = selector.on_duty or ""
        return self._on_duty(unit.unit_id, duty, at), f"on_duty:{duty}"

    def _place(self, selector: Selector, school_id: str) -> UnitRecorded | None:
        school = self._units.get(school_id)
        if school is None:
            return None
        match selector.at:
            case "self":
                return school
            case "parent":
                return self._units.get(school.parent or "")
            case "township":
                return self._units.get(school.township or "")
            case ancestor:
                found = (unit for unit in _lineage(self._units, school_id) if unit.kind == ancestor.ancestor)
                return next(found, None)  # for a case of the bureau's own that is the bureau itself

    def _on_duty(self, unit_id: str, duty: str, at: datetime) -> Iterator[PersonRecorded]:
        shifts = self._duties.get((unit_id, duty), ())
        # A dict, so that a person found in two rosters of one role is told once.
        for person_id in dict.fromkeys(shift.person_id for shift in shifts if shift.start <= at < shift.end):
            person = self._people.get(person_id)
            if person is not None:
                yield person

    def _recipient(self, person: PersonRecorded, role: str, asked: UnitRecorded, at: datetime) -> Recipient | None:
        """Return the person, or who acts for them while they are away; None when nobody does."""
        acting = self.acting_for(person.person_id, at)
        if acting is None:
            return None
        # A duty may be kept by somebody of another unit; their own unit says when it is night where they are.
        unit = self._units.get(acting.unit_id, asked)
        found = _as_recipient(acting, role, unit, asked)
        return found if acting is person else found.model_copy(update={"on_behalf_of": person.person_id})


def _as_recipient(person: PersonRecorded, role: str, unit: UnitRecorded, asked: UnitRecorded) -> Recipient:
    return Recipient(
        person_id=person.person_id,
        name=person.name,
        role=role,
        unit_id=unit.unit_id,
        unit_name=unit.name,
        office_id=asked.unit_id if asked.unit_id != unit.unit_id else None,
        language=person.language,
        timezone=unit.timezone,
        contacts=tuple(
            Contact(contact_id=one.contact_id, channel=one.channel, used_for=one.used_for) for one in person.contacts
        ),
    )


def _absence(person: PersonRecorded, at: datetime) -> Absence | None:
    return next((absence for absence in person.absences if absence.start <= at < absence.end), None)


def _lineage(units: Mapping[str, UnitRecorded], unit_id: str) -> Iterator[UnitRecorded]:
    """Yield the unit, the township it lies in, then each unit above it, every one once: a circle ends the walk."""
    seen: set[str] = set()
    unit = units.get(unit_id)
    while unit is not None and unit.unit_id not in seen:
        seen.add(unit.unit_id)
        yield unit
        township = units.get(unit.township or "")
        if township is not None and township.unit_id not in seen:
            seen.add(township.unit_id)
            yield township
        unit = units.get(unit.parent or "")


def _by_number(addresses: Iterable[ContactAddress]) -> dict[str, tuple[str, ...]]:
    numbers: defaultdict[str, list[str]] = defaultdict(list)
    for address in addresses:
        if address.channel in {"sms", "voice"}:
            numbers[address.address].append(address.contact_id)
    return {number: tuple(contacts) for number, contacts in numbers.items()}


def _holders(people: Iterable[PersonRecorded]) -> dict[tuple[str, str], tuple[PersonRecorded, ...]]:
    holders: defaultdict[tuple[str, str], list[PersonRecorded]] = defaultdict(list)
    for person in people:
        for role in dict.fromkeys(person.roles):
            holders[person.unit_id, role].append(person)
    return {place: tuple(found) for place, found in holders.items()}


def _duties(units: Iterable[UnitRecorded]) -> dict[tuple[str, str], tuple[Shift, ...]]:
    duties: defaultdict[tuple[str, str], tuple[Shift, ...]] = defaultdict(tuple)
    for unit in units:
        for roster in unit.rosters:
            duties[unit.unit_id, roster.role] += roster.shifts
    return dict(duties)


def _schools_under(units: Mapping[str, UnitRecorded]) -> dict[str, tuple[UnitRecorded, ...]]:
    under: defaultdict[str, list[UnitRecorded]] = defaultdict(list)
    for unit in units.values():
        if unit.kind == "school":
            for above in _lineage(units, unit.unit_id):
                under[above.unit_id].append(unit)
    return {unit_id: tuple(schools) for unit_id, schools in under.items()}
