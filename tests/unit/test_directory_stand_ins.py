"""The snapshot when people are away, in groups, keep the duty of another unit, or are concerned themselves."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation_policies.selector import Selector
from events.directory import Absence, ContactAddress, Group, PersonRecorded, Roster, Shift, UnitRecorded
from events.escalation import Recipient
from services.runtime.directory import DirectorySnapshot

NOON = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
HEADS = ("principal", "district_director", "bureau_leader")

UNITS = (
    UnitRecorded(
        unit_id="bureau",
        name="Bureau",
        kind="bureau",
        groups=(Group(name="crisis_team", people=("chief", "head", "gone", "chief", "clerk")),),
    ),
    UnitRecorded(unit_id="far", name="Far school", kind="school", parent="bureau", timezone="Asia/Urumqi"),
    UnitRecorded(
        unit_id="school",
        name="School",
        kind="school",
        parent="bureau",
        rosters=(Roster(role="guard", shifts=(Shift(start=NOON - DAY, end=NOON + DAY, person_id="guest"),)),),
        groups=(Group(name="gate", people=("deputy",)),),
    ),
)


def person(person_id: str, unit_id: str, *roles: str) -> PersonRecorded:
    number = ContactAddress(contact_id=f"{person_id}:sms", channel="sms", address="+12025550101")
    return PersonRecorded(person_id=person_id, name=person_id, unit_id=unit_id, roles=roles, contacts=(number,))


PEOPLE = {
    one.person_id: one
    for one in (
        person("head", "school", "principal"),
        person("deputy", "school", "deputy_principal"),
        person("second", "school", "deputy_principal"),
        person("guest", "far"),
        person("chief", "bureau", "bureau_leader"),
        person("clerk", "bureau"),
    )
}


def snapshot(**away: str | None) -> DirectorySnapshot:
    """Return the directory with people away the day around noon, each with a delegate or with None."""
    people = {**PEOPLE}
    for person_id, delegate in away.items():
        absence = Absence(start=NOON - DAY, end=NOON + DAY, delegate=delegate)
        people[person_id] = people[person_id].model_copy(update={"absences": (absence,)})
    return DirectorySnapshot.of(UNITS, people.values())


def told(of: DirectorySnapshot, when: datetime = NOON, **selector: object) -> tuple[Recipient, ...]:
    return of.resolve(Selector.model_validate(selector), "school", when)


def names(of: DirectorySnapshot, when: datetime = NOON, **selector: object) -> list[tuple[str, str | None]]:
    """Return whom the snapshot names, and for whom they act."""
    return [(one.person_id, one.on_behalf_of) for one in told(of, when, **selector)]


def test_delegate_answers_for_who_is_away_and_says_for_whom() -> None:
    """The post is the same, the person and their contacts are the delegate's own."""
    (one,) = told(snapshot(head="deputy"), role="principal")
    assert (one.person_id, one.on_behalf_of, one.role, one.unit_id) == ("deputy", "head", "principal", "school")
    assert [contact.contact_id for contact in one.contacts] == ["deputy:sms"]


@pytest.mark.parametrize(
    ("at", "who"),
    [
        (NOON - DAY - TICK, ("head", None)),
        (NOON - DAY, ("deputy", "head")),
        (NOON + DAY - TICK, ("deputy", "head")),
        (NOON + DAY, ("head", None)),
    ],
)
def test_absence_counts_from_its_start_until_before_its_end(at: datetime, who: tuple[str, str | None]) -> None:
    """At every moment exactly one of the two is called."""
    assert names(snapshot(head="deputy"), at, role="principal") == [who]


def test_absence_of_several_is_the_one_that_covers_the_moment() -> None:
    """Another leave has another delegate."""
    leaves = (
        Absence(start=NOON - DAY, end=NOON, delegate="second"),
        Absence(start=NOON, end=NOON + DAY, delegate="deputy"),
    )
    people = [{**PEOPLE, "head": PEOPLE["head"].model_copy(update={"absences": leaves})}[one] for one in PEOPLE]
    of = DirectorySnapshot.of(UNITS, people)
    assert names(of, NOON - TICK, role="principal") == [("second", "head")]
    assert names(of, NOON, role="principal") == [("deputy", "head")]


def test_delegate_who_is_away_hands_on_to_their_own_for_whoever_was_meant() -> None:
    """Through however many: the last who is there acts for the first."""
    assert names(snapshot(head="deputy", deputy="second", second="clerk"), role="principal") == [("clerk", "head")]


@pytest.mark.parametrize(
    "away",
    [
        {"head": None},
        {"head": "head"},
        {"head": "nobody-we-know"},
        {"head": "deputy", "deputy": "head"},
        {"head": "deputy", "deputy": "second", "second": "deputy"},
        {"head": "deputy", "deputy": None},
    ],
    ids=["no delegate", "themselves", "unknown", "circle of two", "circle further on", "delegate gone too"],
)
def test_nobody_is_named_when_nobody_is_left_to_act(away: dict[str, str | None]) -> None:
    """Then the post is vacant and the stand-ins of the policy are told; nothing goes round for ever."""
    assert names(snapshot(**away), role="principal") == []
    assert snapshot(**away).acting_for("head", NOON) is None


def test_who_is_away_without_a_delegate_is_left_out_and_the_others_are_not() -> None:
    """Of two deputies one is there."""
    assert names(snapshot(deputy=None), role="deputy_principal") == [("second", None)]


def test_delegate_of_two_is_told_once() -> None:
    """One message suffices for both posts."""
    assert names(snapshot(deputy="clerk", second="clerk"), role="deputy_principal") == [("clerk", "deputy")]


@pytest.mark.parametrize("away", [{"deputy": "second"}, {"second": "deputy"}])
def test_who_is_meant_and_a_delegate_too_is_told_once_in_their_own_right(away: dict[str, str | None]) -> None:
    """Whichever stands first in the directory: whom they also act for must not take their own post from them."""
    (who,) = {"deputy", "second"} - set(away)
    assert names(snapshot(**away), role="deputy_principal") == [(who, None)]


def test_delegate_of_another_unit_keeps_their_clock_and_names_the_office_that_was_asked() -> None:
    """The office is the school's; when it is night is decided where the delegate is."""
    (one,) = told(snapshot(head="guest"), role="principal")
    assert (one.unit_id, one.unit_name, one.office_id, one.timezone) == ("far", "Far school", "school", "Asia/Urumqi")


def test_office_is_named_only_where_it_is_not_the_persons_own() -> None:
    """A duty kept by somebody of another unit has the office; the principal's own post has none."""
    assert [one.office_id for one in told(snapshot(), on_duty="guard")] == ["school"]
    assert [one.office_id for one in told(snapshot(), role="principal")] == [None]


def test_duty_of_who_is_away_is_kept_by_their_delegate() -> None:
    """A roster is not rewritten for a leave."""
    (one,) = told(snapshot(guest="deputy"), on_duty="guard")
    assert (one.person_id, one.on_behalf_of, one.role, one.office_id) == ("deputy", "guest", "on_duty:guard", None)
    assert names(snapshot(guest=None), on_duty="guard") == []


def test_group_is_called_together_in_its_order_and_everybody_once() -> None:
    """Whoever is unknown, or named twice, changes nothing for the others."""
    team: dict[str, object] = {"group": "crisis_team", "at": {"ancestor": "bureau"}}
    found = told(snapshot(), NOON, **team)
    assert [one.person_id for one in found] == ["chief", "head", "clerk"]
    assert {one.role for one in found} == {"group:crisis_team"}
    assert [one.office_id for one in found] == [None, "bureau", None]
    assert names(snapshot(chief="clerk", head=None), NOON, **team) == [("clerk", None)]


def test_group_is_looked_for_at_the_unit_that_the_selector_names() -> None:
    """A school's group is not the bureau's, and one that does not exist is empty."""
    assert names(snapshot(), group="gate") == [("deputy", None)]
    assert names(snapshot(), group="crisis_team") == []
    assert names(snapshot(), group="gate", at="parent") == []


def test_person_asked_for_by_id_is_found_in_person_even_while_away() -> None:
    """Who is put in charge by name is meant themselves; an unknown person, or one of an unknown unit, is nobody."""
    one = snapshot(head="deputy").recipient("head")
    assert one is not None
    assert (one.person_id, one.role, one.unit_id, one.office_id) == ("head", "in person", "school", None)
    assert one.on_behalf_of is None
    assert [contact.contact_id for contact in one.contacts] == ["head:sms"]
    assert snapshot().recipient("nobody-we-know") is None
    assert DirectorySnapshot.of((), PEOPLE.values()).recipient("head") is None


def test_acting_for_somebody_unknown_is_nobody() -> None:
    """An id that leads nowhere has no delegate."""
    assert snapshot().acting_for("nobody-we-know", NOON) is None
    assert snapshot().acting_for("head", NOON) == PEOPLE["head"]


def test_delegates_at_any_time_go_with_who_is_concerned() -> None:
    """Yesterday's delegate and next year's owe the person something: neither hears of the case."""
    leaves = tuple(
        Absence(start=NOON + years * 365 * DAY, end=NOON + (years * 365 + 1) * DAY, delegate=delegate)
        for years, delegate in ((-1, "second"), (1, "clerk"), (2, None))
    )
    people = [*PEOPLE.values(), PEOPLE["deputy"].model_copy(update={"absences": leaves})]
    of = DirectorySnapshot.of(UNITS, people)
    assert of.concerned(["deputy"], HEADS) == ("clerk", "deputy", "second")


def test_delegates_of_delegates_go_along_to_the_end_of_the_chain() -> None:
    """Whoever may come to act for the person hears nothing; a chain that comes back to its beginning ends there."""
    leave = {"deputy": "second", "second": "clerk", "clerk": "deputy"}
    people = [
        PEOPLE[who].model_copy(update={"absences": (Absence(start=NOON, end=NOON + DAY, delegate=delegate),)})
        for who, delegate in leave.items()
    ]
    of = DirectorySnapshot.of(UNITS, [*PEOPLE.values(), *people])
    assert of.concerned(["deputy"], HEADS) == ("clerk", "deputy", "second")
    assert of.concerned(["clerk"], HEADS) == ("clerk", "deputy", "second")


def test_office_goes_with_who_heads_it_and_with_nobody_else() -> None:
    """A principal takes the school along, a deputy does not, nor does a head of what the policy does not list."""
    of = snapshot(deputy="head")
    assert of.concerned(["head"], HEADS) == ("head", "school")
    assert of.concerned(["second"], HEADS) == ("second",)
    assert of.concerned(["head"], ("bureau_leader",)) == ("head",)
    assert of.concerned(["deputy"], HEADS) == ("deputy", "head")  # the delegate, not the delegate's school


def test_units_and_unknown_ids_that_are_concerned_stay_as_they_are() -> None:
    """A whole office may be complained of, and a person whom the directory does not know yet."""
    assert snapshot().concerned(["school", "nobody-we-know", "chief", "chief"], HEADS) == (
        "bureau",
        "chief",
        "nobody-we-know",
        "school",
    )
    assert snapshot().concerned([], HEADS) == ()
