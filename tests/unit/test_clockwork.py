"""How a clock is counted: its reminders, its end, and what a graver case does to both."""

from datetime import timedelta
from typing import Any

import pytest

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import ClockRule
from escalation_policies.schema import Policy
from events.incident import SEVERITIES
from tests.support.policy_variants import county
from tests.support.scenario import START, minute, shipped


def policy(**receipt: Any) -> Policy:
    """Return a policy whose receipts are counted so."""
    rule = ClockRule.model_validate(receipt)
    fire = county()
    return fire.model_copy(update={"clocks": fire.clocks.model_copy(update={"upward_receipt": rule})})


def moments(clock: Clock) -> list[tuple[str, float]]:
    return [(due.step, minute(due.at)) for due in clock.due]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_graver_case_keeps_all_reminders_that_are_still_to_come() -> None:
    """From 20 minutes to 10, at minute 1: every two minutes until the tenth."""
    every = policy(within={"IV": "20m", "III": "10m", "II": "10m", "I": "10m"}, reminders=[{"every": "2m"}])
    clock = clockwork.start(every, "upward_receipt", "district", "IV", START)
    faster = clockwork.hasten(clock, every, "III", START + minutes(1), START + minutes(1))
    assert moments(faster) == [*((f"reminder:{n}m", n) for n in (2, 4, 6, 8)), ("deadline", 10)]


@pytest.mark.parametrize("now", [4, 4.5])
def test_reminder_that_was_sent_is_not_sent_again_when_the_case_becomes_graver(now: float) -> None:
    """Not even when it became graver in the very moment of the reminder."""
    every = policy(within={"IV": "20m", "III": "10m", "II": "10m", "I": "10m"}, reminders=[{"every": "4m"}])
    clock = clockwork.start(every, "upward_receipt", "district", "IV", START)
    sent = clockwork.without(clock, clock.due[0])
    faster = clockwork.hasten(sent, every, "III", START + minutes(now), START + minutes(now))
    assert moments(faster) == [("reminder:8m", 8), ("deadline", 10)]


def test_graver_case_whose_time_is_the_same_leaves_the_clock_as_it_is() -> None:
    """Nothing is nearer, so nothing is said to be."""
    same = policy(within="10m", reminders=[{"at": "50%", "severities": ["I"]}])
    clock = clockwork.start(same, "upward_receipt", "district", "IV", START)
    assert clockwork.hasten(clock, same, "I", START + minutes(1), START + minutes(1)) == clock


def test_clock_counted_anew_is_the_same_clock() -> None:
    """It keeps its number, and what it comes from: with that it is called off."""
    plain = policy(within="10m", reminders=[{"every": "2m"}])
    clock = clockwork.start(plain, "upward_receipt", "district", "IV", START, round_number=2, because="another")
    again = clockwork.anew(clock, plain, "IV", START - minutes(1), START + minutes(3))
    assert (again.key, again.because) == ("upward_receipt@district#2", "another")
    assert (again.started_at, again.deadline) == (START - minutes(1), START + minutes(9))


def test_clock_counted_anew_sends_only_reminders_that_are_to_come() -> None:
    """One that would be due in this very moment is past as well: whoever it is for has just been heard of."""
    plain = policy(within="10m", reminders=[{"every": "2m"}])
    clock = clockwork.start(plain, "upward_receipt", "district", "IV", START)
    again = clockwork.anew(clock, plain, "IV", START - minutes(1), START + minutes(3))
    assert moments(again) == [("reminder:6m", 5), ("reminder:8m", 7), ("deadline", 9)]


@pytest.mark.parametrize(
    ("within", "share", "found"),
    [
        ("2s", "50%", [("reminder:1s", 1 / 60)]),  # the shortest that can be said
        ("3s", "10%", [("reminder:1s", 1 / 60)]),  # never at once: whoever it is for has just been told
        ("1s", "50%", []),  # the end is no reminder
    ],
)
def test_share_of_a_very_short_clock_is_a_whole_second_inside_it(
    within: str, share: str, found: list[tuple[str, float]]
) -> None:
    """Tests of the real thing run at such speeds: a reminder is named by its seconds, and comes before the end."""
    short = policy(within=within, reminders=[{"at": share}])
    clock = clockwork.start(short, "upward_receipt", "district", "IV", START)
    assert moments(clock)[:-1] == found


def test_two_reminders_of_one_moment_are_one_to_everybody_whom_they_name() -> None:
    """Half of ten minutes is five: who was told and who stands in are reminded together, nobody twice."""
    both = policy(
        within="10m",
        reminders=[{"at": "50%", "to": ["told"]}, {"at": "5m", "to": ["stand_in", "told"]}, {"at": "8m"}],
    )
    clock = clockwork.start(both, "upward_receipt", "district", "IV", START)
    assert [(due.step, due.to) for due in clock.due[:-1]] == [
        ("reminder:5m", ("told", "stand_in")),
        ("reminder:8m", ("told",)),
    ]


def test_clock_that_the_policy_does_not_have_is_refused_by_name() -> None:
    """A hazard's policy has no time to answer a petition: the error names both."""
    hazard = shipped().for_kind("hazard")
    with pytest.raises(ValueError, match="policy hazard has no clock 'resolution'"):
        clockwork.start(hazard, "resolution", "school", "IV", START)


def test_reminder_at_the_very_end_of_a_graver_case_is_none() -> None:
    """After ten minutes, which is when a case of the highest grade is over."""
    graded = policy(within={"IV": "20m", "III": "20m", "II": "20m", "I": "10m"}, reminders=[{"at": "10m"}])
    found = [moments(clockwork.start(graded, "upward_receipt", "district", grade, START)) for grade in SEVERITIES]
    assert found == [[("deadline", 10)], *3 * [[("reminder:10m", 10), ("deadline", 20)]]]
