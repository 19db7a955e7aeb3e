"""A small invented county whose people come, go, move and change numbers, and the policies it changes in between."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from random import Random

from escalation_policies.loader import PolicyLibrary, load_library
from events.directory import Absence, ContactAddress, PersonRecorded, Roster, Shift, UnitRecorded
from tests.simulation.machine import BOOT
from tests.support.policy_variants import with_both_in_the_district, with_rounds

SCHOOLS = ("school-1", "school-2", "school-3")
DISTRICT_OF: Mapping[str, str] = {"school-1": "district-2", "school-2": "district-1", "school-3": "district-2"}
SCHOOL_NAMES: Mapping[str, str] = {"school-1": "School 1", "school-2": "School 2", "school-3": "School 3"}
_OFFICES = ("health_officer", "protection_officer", "exam_officer", "petition_officer")
_YEARS = timedelta(days=4000)
ROUNDS = 2
"""Rounds at the top of the chain: the library's 96 would be a day of the same."""


class County:
    """The directory as it should be; ``units`` and ``people`` are written to the store as they are."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = 0
        self.people: dict[str, PersonRecorded] = {}
        for unit_id, roles in _posts():
            for role in roles:
                self._hire(unit_id, role)
        self.units = _units(list(self.people))

    def _hire(self, unit_id: str, role: str) -> None:
        self._numbers += 1
        person_id = f"{role}.{unit_id}.{self._numbers}"
        contacts = [self._address(person_id, "sms"), self._address(person_id, "email")]
        if self._rng.random() < 0.1:
            contacts.pop()
        if self._rng.random() < 0.4:
            contacts.append(self._address(person_id, "voice"))
        self.people[person_id] = PersonRecorded(
            person_id=person_id, name=person_id, unit_id=unit_id, roles=(role,), contacts=tuple(contacts),
            language=self._rng.choice(["zh", "en"]),
        )  # fmt: skip

    def _address(self, person_id: str, channel: str) -> ContactAddress:
        self._numbers += 1
        address = f"n{self._numbers}@example.org" if channel == "email" else f"+86138{self._numbers:08}"
        return ContactAddress.model_validate(
            {"contact_id": f"{person_id}:{channel}", "channel": channel, "address": address}
        )

    def who_has(self, address: str) -> str | None:
        """Return whose address it is now."""
        return next((p.person_id for p in self.people.values() for c in p.contacts if c.address == address), None)

    def change(self) -> str:
        """Let one thing in the directory change; return what."""
        person = self.people[self._rng.choice(sorted(self.people))]
        what = self._rng.choice(["leaves", "away", "new address", "no contacts", "role moves", "joins"])
        match what:
            case "leaves":
                del self.people[person.person_id]
            case "joins":
                self._hire(person.unit_id, person.roles[0] if person.roles else "teacher")
            case "away":
                start = BOOT + timedelta(hours=self._rng.randint(-2, 48))
                delegate = self._rng.choice([None, *sorted(self.people)])
                absence = Absence(start=start, end=start + timedelta(hours=self._rng.randint(1, 99)), delegate=delegate)
                self._put(person, absences=(absence,))
            case "new address":
                self._put(person, contacts=tuple(self._address(person.person_id, c.channel) for c in person.contacts))
            case "no contacts":
                self._put(person, contacts=())
            case "role moves":
                other = self.people[self._rng.choice(sorted(self.people))]
                self._put(person, roles=other.roles, unit_id=other.unit_id)
        return f"{person.person_id} {what}"

    def _put(self, person: PersonRecorded, **changes: object) -> None:
        self.people[person.person_id] = person.model_copy(update=changes)


def _posts() -> Sequence[tuple[str, Sequence[str]]]:
    posts: list[tuple[str, Sequence[str]]] = [
        (s, ("principal", "deputy_principal", "deputy_principal")) for s in SCHOOLS
    ]
    posts += [(d, ("district_director", "district_deputy")) for d in ("district-1", "district-2")]
    posts += [("town", ("township_officer",)), ("bureau", ("bureau_leader", "duty_officer", "duty_officer", *_OFFICES))]
    return posts


def _units(people: Sequence[str]) -> list[UnitRecorded]:
    def duty(role: str, post: str) -> tuple[Roster, ...]:
        keeper = next(person_id for person_id in people if person_id.startswith(post))
        shift = Shift(start=BOOT - _YEARS, end=BOOT + _YEARS, person_id=keeper)
        return (Roster(role=role, shifts=(shift,)),)

    return [
        UnitRecorded(
            unit_id="bureau", name="Bureau", kind="bureau", rosters=duty("duty_officer", "duty_officer.bureau.")
        ),
        UnitRecorded(unit_id="town", name="Town", kind="township", parent="bureau"),
        UnitRecorded(unit_id="district-1", name="First District", kind="district", parent="bureau"),
        UnitRecorded(unit_id="district-2", name="Second District", kind="district", parent="bureau"),
        *(
            UnitRecorded(
                unit_id=school, name=SCHOOL_NAMES[school], kind="school", parent=DISTRICT_OF[school],
                township="town", rosters=duty("school_leader", f"deputy_principal.{school}."),
            )
            for school in SCHOOLS
        ),
    ]  # fmt: skip


@cache
def libraries() -> tuple[PolicyLibrary, PolicyLibrary]:
    """Return the policies in force before and after a change of policy, with few rounds at the top of each chain."""
    policies = [with_rounds(policy, ROUNDS) for policy in load_library().policies]
    changed = [policy.model_copy(update={"version": policy.version + 1}) for policy in policies]
    changed = [with_both_in_the_district(p, "all") if p.id == "school-incident" else p for p in changed]
    return PolicyLibrary(policies), PolicyLibrary(changed)
