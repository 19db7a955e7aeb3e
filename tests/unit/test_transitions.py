"""The transition table is sound in itself, and drawn as it is."""

from collections import Counter
from typing import get_args

import pytest

from escalation_policies.case import ClockStatus
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine import rules
from escalation_policies.machine.transitions import TABLE, Consequence, find

CLOCKS = [clock for clock in get_args(ClockName) if clock != "review_request"]
"""Every clock that somebody owes. The time in which a petitioner may ask for review is nobody's duty."""

TERMINAL = {"satisfied", "cancelled"}


def test_no_two_rows_answer_the_same_question() -> None:
    """One clock in one status meets one trigger in one way."""
    counted = Counter((row.clock, row.before, row.trigger) for row in TABLE)
    assert [key for key, times in counted.items() if times > 1] == []


def test_every_consequence_named_has_a_rule_and_every_rule_is_named() -> None:
    """The table and the rules speak of the same things."""
    named = {consequence for row in TABLE for consequence in row.then}
    assert named == set(get_args(Consequence)) == set(rules._CONSEQUENCES)


@pytest.mark.parametrize("clock", CLOCKS)
def test_deadline_of_every_clock_is_a_breach_with_consequences(clock: ClockName) -> None:
    """No clock ends in silence."""
    row = find(clock, "running", "deadline")
    assert row is not None
    assert row.after == "breached"
    assert row.then


@pytest.mark.parametrize("clock", CLOCKS)
def test_breach_is_withdrawn_exactly_where_a_fact_in_time_meets_one(clock: ClockName) -> None:
    """`withdraw_breach` follows on `breached` from `answered`, and from `voided`: the clock had no ground."""
    found = {(row.before, row.trigger) for row in TABLE if row.clock == clock and "withdraw_breach" in row.then}
    assert found == {("breached", "answered"), ("breached", "voided")}


@pytest.mark.parametrize("clock", CLOCKS)
def test_answer_after_the_deadline_leaves_the_breach(clock: ClockName) -> None:
    """Late never becomes in time."""
    row = find(clock, "breached", "answered-late")
    assert row is not None
    assert row.after == "breached"


def test_time_to_ask_for_review_ends_without_a_breach() -> None:
    """A petitioner who does not ask has breached nothing: the petition is complete."""
    row = find("review_request", "running", "deadline")
    assert row is not None
    assert (row.after, row.then) == ("satisfied", ("complete_petition",))


def test_satisfied_and_cancelled_clocks_never_change() -> None:
    """They are ends: no row leaves them."""
    assert [row for row in TABLE if row.before in TERMINAL] == []


@pytest.mark.parametrize("clock", CLOCKS)
def test_every_status_can_be_reached_and_running_can_be_left_by_each_trigger(clock: ClockName) -> None:
    """A running clock can be answered, passed, called off and closed; from there every status is reached."""
    running = {row.trigger for row in TABLE if row.clock == clock and row.before == "running"}
    assert running == {"answered", "deadline", "outdone", "voided", "closed"}
    reached = {row.after for row in TABLE if row.clock == clock}
    assert reached == set(get_args(ClockStatus)) - {"running"}


def test_missing_row_is_none() -> None:
    """The caller is told that nothing happens, and says why in the journal."""
    assert find("report_to_principal", "satisfied", "deadline") is None
