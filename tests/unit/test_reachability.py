"""Who is asked when whether messages reach them, by which contacts, and what an answer, or none, means."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from escalation_policies.errors import PolicyFaults
from escalation_policies.reachability import (
    Asked,
    Round,
    asked_in,
    due_round,
    may_be_due,
    round_now,
    round_of_case,
)
from escalation_policies.reachability_plan import ReachabilityPlan, load_plan
from events.directory import Absence, ContactAddress, PersonRecorded, UnitRecorded
from events.notification import NotificationRequested

PLAN = load_plan()
SCHOOL = UnitRecorded(unit_id="school-1", name="湖畔小学", kind="school")
TEN = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai on the day of the plan: the first units are asked."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def planned(**changes: Any) -> ReachabilityPlan:
    """Return the built-in plan, changed as told."""
    return ReachabilityPlan.model_validate({**PLAN.model_dump(), **changes})


def school(number: int, **changes: Any) -> UnitRecorded:
    """Return one of many schools."""
    return SCHOOL.model_copy(update={"unit_id": f"school-{number}", **changes})


def person(*channels: str, **changes: Any) -> PersonRecorded:
    """Return somebody with these contacts; ``sms:escalation`` is kept for that."""
    contacts = [
        ContactAddress.model_validate(
            {
                "contact_id": f"p:{one.partition(':')[0]}",
                "channel": one.partition(":")[0],
                "address": "+12025550101",
                "used_for": [one.partition(":")[2]] if ":" in one else None,
            }
        )
        for one in channels
    ]
    fields = {"person_id": "p", "name": "甲", "unit_id": "school-1", "language": "en", "contacts": contacts}
    return PersonRecorded.model_validate({**fields, **changes})


def asked(one: PersonRecorded, flagged: Sequence[str] = (), plan: ReachabilityPlan = PLAN) -> list[list[str]]:
    """Return the contacts by which each of whom a round asks is asked."""
    found = asked_in(plan, Round("r", "school-1", TEN, TEN + DAY), SCHOOL, [one], flagged)
    return [[message.contact_id for message in messages] for _, messages in found]


def message(one: PersonRecorded) -> NotificationRequested:
    """Return the only message to somebody."""
    ((_, (found,)),) = asked_in(PLAN, Round("2026-11", "school-1", TEN, TEN + DAY), SCHOOL, [one], ())
    return found


def test_round_begins_on_its_day_at_its_hour_by_the_units_own_clock() -> None:
    """Ten in the morning is ten where the people are; a minute before, nobody is asked."""
    for zone, ten in (("Asia/Shanghai", TEN), ("Asia/Urumqi", TEN + 2 * HOUR), ("Europe/Berlin", TEN + 7 * HOUR)):
        unit = school(1, timezone=zone)
        assert due_round(PLAN, unit, ten - timedelta(seconds=1)) is None
        found = due_round(PLAN, unit, ten + 6 * HOUR)
        assert found is not None
        assert (found.round_id, found.unit_id, found.due_at - found.at) == ("2026-11", "school-1", DAY)


def test_units_are_asked_one_after_the_other_and_always_at_the_same_moment() -> None:
    """Six hundred schools over six hours: some in each quarter of an hour, none before or after, never a burst."""
    quarter = timedelta(minutes=15)
    turns = [
        sum(due_round(PLAN, school(n), TEN + quarter * step) is not None for n in range(600)) for step in range(25)
    ]
    new = [after - before for before, after in pairwise(turns)]
    assert turns[-1] == 600
    assert min(new) > 5
    assert max(new) < 60


def test_round_that_was_missed_for_its_whole_term_is_left_out() -> None:
    """Whoever installs Tocsin on the 20th asks nobody for the 10th's test."""
    assert due_round(PLAN, SCHOOL, TEN + 6 * HOUR + DAY - HOUR * 6) is not None
    assert due_round(PLAN, SCHOOL, TEN + 6 * HOUR + DAY) is None
    assert due_round(PLAN, SCHOOL, TEN + 30 * DAY + 6 * HOUR + timedelta(minutes=1)) is not None


def test_months_without_a_round_have_none() -> None:
    """Kindergartens quarterly, holidays never; no month at all is no round at all."""
    at = TEN + 6 * HOUR
    assert due_round(planned(months=[11]), SCHOOL, at) is not None
    for months in ([10, 12], []):
        assert due_round(planned(months=months), SCHOOL, at) is None
        assert not may_be_due(planned(months=months), at)


def test_term_that_reaches_into_the_next_month_belongs_to_the_month_it_began_in() -> None:
    """The round of the 28th is still that of November on the 3rd of December."""
    plan = planned(day=28, term="10d")
    found = due_round(plan, SCHOOL, datetime(2026, 12, 3, 12, 0, tzinfo=UTC))
    assert found is not None
    assert found.round_id == "2026-11"


@pytest.mark.parametrize("day", [1, 10, 28])
def test_looking_is_left_out_only_where_no_unit_is_due_in_any_time_zone(day: int) -> None:
    """A quick look says no in most of the month, and never where a slow one says yes."""
    plan, quiet_days = planned(day=day, spread="2d", term="2d"), 0
    units = [school(n, timezone=zone) for n in range(3) for zone in ("Pacific/Kiritimati", "Pacific/Niue")]
    for hour in range(0, 24 * 62, 5):
        now = datetime(2026, 1, 1, tzinfo=UTC) + hour * HOUR
        if any(due_round(plan, unit, now) is not None for unit in units):
            assert may_be_due(plan, now), now
        quiet_days += not may_be_due(plan, now)
    assert quiet_days > 100


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (datetime(2026, 11, 10, 13, 29, tzinfo=UTC), datetime(2026, 11, 10, 13, 29, tzinfo=UTC)),
        (datetime(2026, 11, 10, 13, 30, tzinfo=UTC), datetime(2026, 11, 10, 23, 0, tzinfo=UTC)),
        (datetime(2026, 11, 10, 20, 0, tzinfo=UTC), datetime(2026, 11, 10, 23, 0, tzinfo=UTC)),
    ],
)
def test_at_night_messages_wait_for_the_morning_and_so_does_the_term(now: datetime, at: datetime) -> None:
    """Nobody is woken by a test, by the plan or by a wish, and nobody loses their time to answer."""
    for found in (round_now(PLAN, "now", SCHOOL, now), due_round(planned(at="13:00"), SCHOOL, now)):
        assert found is not None
        assert (found.at, found.due_at) == (at, at + DAY)


def test_message_is_a_drill_in_the_bulk_lane_that_asks_and_says_nothing_of_anybody() -> None:
    """It delays nothing, wakes nobody, and opens no case."""
    found = message(person("sms"))
    assert (found.lane, found.exercise, found.template, found.kind) == (
        "bulk",
        True,
        "reachability_test",
        "reachability",
    )
    assert (found.not_before, found.deadline, found.language) == (TEN, TEN + DAY, "en")
    assert found.asks_acknowledgement
    assert (found.place, found.summary, found.note) == (None, None, None)
    assert message(person("sms")) == found
    assert round_of_case(found.case_id) == "2026-11"
    assert round_of_case("5c3b9d0f") is None


@pytest.mark.parametrize(
    ("ways", "flagged", "contacts"),
    [
        (("sms", "email", "voice"), (), ["p:sms", "p:email"]),
        (("sms", "email"), ("p:sms",), ["p:email"]),
        (("sms", "email"), ("p:sms", "p:email"), []),
        (("sms:escalation", "email"), (), ["p:email"]),
        (("sms:escalation", "email:escalation"), (), ["p:sms", "p:email"]),
        (("voice",), (), []),
        ((), (), []),
    ],
)
def test_people_are_asked_by_the_contacts_that_the_plan_and_they_allow_and_that_work(
    ways: tuple[str, ...], flagged: tuple[str, ...], contacts: list[str]
) -> None:
    """Dead contacts are skipped; whom none is left of is on the list, too."""
    assert asked(person(*ways), flagged) == [contacts]


def test_who_is_away_is_left_in_peace() -> None:
    """Their silence would mean nothing."""
    away = Absence(start=TEN - HOUR, end=TEN + HOUR)
    assert asked(person("sms", absences=(away,))) == []
    assert asked(person("sms", absences=(Absence(start=TEN - HOUR, end=TEN),))) == [["p:sms"]]


@pytest.mark.parametrize(
    ("contacts", "reached", "after", "standing"),
    [
        (2, None, DAY - timedelta(seconds=1), "waiting"),
        (2, None, DAY, "silent"),
        (2, HOUR, HOUR, "reached"),
        (2, 2 * DAY, 3 * DAY, "reached"),
        (0, None, timedelta(), "no-way"),
    ],
)
def test_silence_counts_from_the_end_of_the_term(
    contacts: int, reached: timedelta | None, after: timedelta, standing: str
) -> None:
    """Late is reached, too: the contact works."""
    found = Asked("r", "u", "p", TEN, TEN + DAY, contacts, None if reached is None else TEN + reached)
    assert found.standing(TEN + after) == standing


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ("day: 10 ", "day: 31 ", "day", "less than or equal to 28"),
        ("term: 24h", "term: 30d", "", "`term` is 10m to 14d"),
        ("spread: 6h", "spread: 30d", "", "`spread` is at most 7d"),
        ("spread: 6h", "spread: 6 hours", "spread", "not a duration"),
        ('end: "07:00"', 'end: "21:30"', "", "whole day"),
        ("channels: [sms, email]", "channels: [fax]", "channels.0", "should be 'sms'"),
        ("channels: [sms, email]", "chanels: [sms]", "chanels", "not permitted"),
        ("day: 10 ", "day: [", "", "not YAML"),
    ],
)
def test_plan_with_a_mistake_says_where_and_what(tmp_path: Path, old: str, new: str, path: str, says: str) -> None:
    """A site's own plan is checked whole before anybody is asked by it."""
    text = (Path(__file__).parents[2] / "escalation_policies" / "reachability.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "plan.yaml").write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PolicyFaults) as found:
        load_plan(tmp_path / "plan.yaml")
    assert [fault.path for fault in found.value.faults][:1] == [path]
    assert says in str(found.value)


def test_plan_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(PolicyFaults, match="cannot be read"):
        load_plan(tmp_path / "nowhere.yaml")
