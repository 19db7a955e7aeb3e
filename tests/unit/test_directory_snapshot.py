"""The snapshot answers the core's questions: who holds a role or a duty, near a school, at one moment."""

import gc
import time
from datetime import UTC, datetime, timedelta

import pytest

from escalation_policies.selector import Selector
from events.directory import ContactAddress, PersonRecorded, Roster, Shift, UnitRecorded
from services.runtime.directory import DirectorySnapshot

EIGHT = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)  # eight in the morning in Shanghai
EVENING = EIGHT + timedelta(hours=12)
NEXT_DAY = EIGHT + timedelta(hours=24)


def person(person_id: str, unit_id: str, *roles: str) -> PersonRecorded:
    """Return a person with one number of a range kept for fiction."""
    number = ContactAddress(contact_id=f"{person_id}:sms", channel="sms", address="+12025550101")
    return PersonRecorded(
        person_id=person_id, name=f"name of {person_id}", unit_id=unit_id, roles=roles, contacts=(number,)
    )


DAY = Shift(start=EIGHT, end=EVENING, person_id="deputy")
NIGHT = Shift(start=EVENING, end=NEXT_DAY, person_id="visitor")
UNITS = (
    UnitRecorded(unit_id="bureau", name="Bureau", kind="bureau"),
    UnitRecorded(unit_id="far", name="Far bureau", kind="bureau", timezone="Asia/Urumqi"),
    UnitRecorded(unit_id="town", name="Town", kind="township", parent="bureau"),
    UnitRecorded(unit_id="district", name="District", kind="district", parent="bureau"),
    UnitRecorded(
        unit_id="school",
        name="School",
        kind="school",
        parent="district",
        township="town",
        rosters=(Roster(role="school_leader", shifts=(DAY, NIGHT)),),
    ),
    UnitRecorded(unit_id="other", name="Other school", kind="school", parent="bureau"),
)
PEOPLE = (
    person("head", "school", "principal"),
    person("deputy", "school", "deputy_principal", "deputy_principal"),
    person("second", "school", "deputy_principal"),
    person("director", "district", "district_director"),
    person("officer", "town", "township_officer"),
    person("chief", "bureau", "bureau_leader"),
    person("visitor", "far"),
)


@pytest.fixture(scope="module")
def snapshot() -> DirectorySnapshot:
    return DirectorySnapshot.of(UNITS, PEOPLE)


def found(snapshot: DirectorySnapshot, selector: dict[str, object], at: datetime = EIGHT) -> list[str]:
    """Return the ids of the people the snapshot names for a selector written as in a policy."""
    return [one.person_id for one in snapshot.resolve(Selector.model_validate(selector), "school", at)]


@pytest.mark.parametrize(
    ("role", "at", "people"),
    [
        ("principal", "self", ["head"]),
        ("deputy_principal", "self", ["deputy", "second"]),
        ("district_director", "parent", ["director"]),
        ("township_officer", "township", ["officer"]),
        ("bureau_leader", {"ancestor": "bureau"}, ["chief"]),
        ("district_director", {"ancestor": "district"}, ["director"]),
        ("township_officer", {"ancestor": "township"}, ["officer"]),
        ("principal", {"ancestor": "school"}, ["head"]),  # of a case of the bureau's own: the bureau itself
        ("bureau_leader", "self", []),
    ],
)
def test_a_role_is_found_at_the_place_the_selector_names(
    snapshot: DirectorySnapshot, role: str, at: object, people: list[str]
) -> None:
    """Every place of the chain leads to those who hold the role there, each once, in directory order."""
    assert found(snapshot, {"role": role, "at": at}) == people


@pytest.mark.parametrize(
    ("at", "people"),
    [
        (EIGHT - timedelta(microseconds=1), []),
        (EIGHT, ["deputy"]),
        (EVENING - timedelta(microseconds=1), ["deputy"]),
        (EVENING, ["visitor"]),
        (NEXT_DAY, []),
    ],
)
def test_a_duty_is_kept_from_the_start_of_a_shift_until_before_its_end(
    snapshot: DirectorySnapshot, at: datetime, people: list[str]
) -> None:
    """A shift's start belongs to it and its end to the next, so exactly one of the two is called."""
    assert found(snapshot, {"on_duty": "school_leader"}, at) == people


def test_two_rosters_of_one_role_name_everybody_on_duty_and_nobody_twice() -> None:
    """Two people may keep a duty together; one who stands in both rosters is told once."""
    second = DAY.model_copy(update={"person_id": "second"})
    both = (Roster(role="guard", shifts=(DAY,)), Roster(role="guard", shifts=(second, DAY)))
    school = UNITS[4].model_copy(update={"rosters": both})
    assert found(DirectorySnapshot.of([school], PEOPLE), {"on_duty": "guard"}) == ["deputy", "second"]
    only_first = UNITS[4].model_copy(update={"rosters": (*both[:1], Roster(role="guard"))})
    assert found(DirectorySnapshot.of([only_first], PEOPLE), {"on_duty": "guard"}) == ["deputy"]


def test_a_recipient_carries_role_own_unit_and_its_time_zone_but_no_address(snapshot: DirectorySnapshot) -> None:
    """Somebody of a far unit on duty here is told in the time of their own unit, and by contact id alone."""
    (one,) = snapshot.resolve(Selector(on_duty="school_leader"), "school", EVENING)
    assert (one.role, one.unit_id, one.unit_name, one.timezone) == (
        "on_duty:school_leader",
        "far",
        "Far bureau",
        "Asia/Urumqi",
    )
    assert [contact.model_dump(exclude_none=True) for contact in one.contacts] == [
        {"contact_id": "visitor:sms", "channel": "sms"}
    ]
    assert snapshot.resolve(Selector(role="principal"), "school", EIGHT)[0].role == "principal"


def test_only_a_school_counts_as_a_school(snapshot: DirectorySnapshot) -> None:
    """A report cannot be filed for a bureau, nor for an unknown id; a case of the bureau's own has its name."""
    school = snapshot.school("school")
    assert school is not None
    assert school.name == "School"
    assert (snapshot.is_school("school"), snapshot.is_school("bureau"), snapshot.is_school("nowhere")) == (
        True,
        False,
        False,
    )
    bureau = snapshot.school("bureau")
    assert bureau is not None
    assert bureau.name == "Bureau"
    assert snapshot.school("district") is None
    assert snapshot.school("nowhere") is None
    assert snapshot.resolve(Selector(role="principal"), "nowhere", EIGHT) == ()


def test_things_are_found_by_id_and_unknown_ids_are_none(snapshot: DirectorySnapshot) -> None:
    """A unit, a person and a contact with its address are each one look-up away."""
    assert snapshot.unit("town") == UNITS[2]
    assert snapshot.person("head") == PEOPLE[0]
    assert snapshot.contact("head:sms") == (PEOPLE[0], PEOPLE[0].contacts[0])
    assert (snapshot.unit("x"), snapshot.person("x"), snapshot.contact("x")) == (None, None, None)


@pytest.mark.parametrize(
    ("unit", "above", "within"),
    [
        ("school", "school", True),
        ("school", "district", True),
        ("school", "town", True),
        ("school", "bureau", True),
        ("other", "town", False),
        ("district", "town", False),
        ("bureau", "school", False),
        ("nowhere", "nowhere", False),
    ],
)
def test_a_unit_is_within_itself_all_above_it_and_its_township(
    snapshot: DirectorySnapshot, unit: str, above: str, within: bool
) -> None:
    """Rights follow this: upward only, and through the township a school lies in."""
    assert snapshot.is_within(unit, above) is within


def test_schools_under_a_unit_are_those_within_it_in_directory_order(snapshot: DirectorySnapshot) -> None:
    """The list for a roll-call agrees with ``is_within``."""
    under = {unit.unit_id: [school.unit_id for school in snapshot.schools_under(unit.unit_id)] for unit in UNITS}
    assert under == {
        "bureau": ["school", "other"],
        "far": [],
        "town": ["school"],
        "district": ["school"],
        "school": ["school"],
        "other": ["other"],
    }


def test_links_to_what_is_not_yet_known_lead_nowhere_and_break_nothing() -> None:
    """Records arrive in any order: a missing parent or person, or a circle of parents, is not an error here."""
    units = [
        UnitRecorded(unit_id="school", name="S", kind="school", parent="a", township="gone", rosters=UNITS[4].rosters),
        UnitRecorded(unit_id="a", name="A", kind="bureau", parent="b"),
        UnitRecorded(unit_id="b", name="B", kind="bureau", parent="a"),
    ]
    snapshot = DirectorySnapshot.of(units, [person("lost", "gone", "principal")])
    assert found(snapshot, {"on_duty": "school_leader"}) == []
    assert found(snapshot, {"role": "township_officer", "at": "township"}) == []
    assert found(snapshot, {"role": "x", "at": {"ancestor": "district"}}) == []
    assert snapshot.is_within("school", "b")


def test_an_id_given_twice_counts_as_given_last() -> None:
    """A compacted topic may still hold the older record of a key."""
    moved = PEOPLE[0].model_copy(update={"roles": ("teacher",)})
    snapshot = DirectorySnapshot.of(UNITS, [*PEOPLE, moved])
    assert found(snapshot, {"role": "principal"}) == []
    assert found(snapshot, {"role": "teacher"}) == ["head"]


def test_a_snapshot_never_shows_its_people_when_printed(snapshot: DirectorySnapshot) -> None:
    """A log line or a failing test that prints a snapshot must not print numbers."""
    assert "+1202" not in repr(snapshot)
    assert "name of" not in repr(snapshot)


def test_making_a_snapshot_grows_no_faster_than_the_directory() -> None:
    """Ten times the schools take about ten times as long, not a hundred times."""

    def seconds(schools: int) -> float:
        units = [UNITS[0], *(UNITS[5].model_copy(update={"unit_id": f"s{number}"}) for number in range(schools))]
        people = [
            PEOPLE[0].model_copy(update={"unit_id": f"s{number}", "person_id": f"p{number}"})
            for number in range(schools)
        ]
        gc.disable()  # a collection here would measure what other tests left behind
        try:
            begun = time.process_time()
            DirectorySnapshot.of(units, people)
            return time.process_time() - begun
        finally:
            gc.enable()

    small, large = (min(seconds(schools) for _ in range(3)) for schools in (2_000, 20_000))
    assert large < 40 * small
