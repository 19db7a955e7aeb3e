"""The breaker and the paces, on a clock that a test moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.breaker import Breaker
from services.notifier.pace import Pace, RecipientPace


class Seconds:
    """A clock."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Seconds:
    return Seconds()


def test_breaker_opens_after_so_many_different_messages_and_not_after_one_that_fails_often(now: Seconds) -> None:
    """A full mailbox is no server that is down."""
    breaker = Breaker(3, 10.0, now)
    assert not any(breaker.failed("one") for _ in range(10))
    assert [breaker.failed(each) for each in ("two", "three")] == [False, True]
    assert not breaker.is_closed


def test_message_that_is_taken_forgets_the_failures_before_it(now: Seconds) -> None:
    """In a row means in a row."""
    breaker = Breaker(2, 10.0, now)
    breaker.failed("one")
    breaker.took()
    assert not breaker.failed("two")


def test_open_breaker_lets_one_probe_through_in_a_while(now: Seconds) -> None:
    """The next probe is due a whole span after the last one began, however that ended."""
    breaker = Breaker(1, 10.0, now)
    breaker.failed("one")
    assert breaker.wait == 10.0
    now.at += 10.0
    assert breaker.wait == 0
    breaker.begin()
    assert breaker.wait == 10.0
    breaker.failed("two")
    assert breaker.wait == 10.0
    breaker.took()
    assert (breaker.wait, breaker.is_closed) == (0, True)


@given(rate=st.floats(0.2, 500), pauses=st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_pace_never_gives_more_turns_than_its_rate(rate: float, pauses: list[float]) -> None:
    """Whenever turns are asked for: within any span no more than the rate's and a tenth of a second's, plus one."""
    now = Seconds()
    pace = Pace(rate, now)
    taken: list[float] = []
    for pause in pauses:
        now.at += pause
        while pace.wait <= 0 and len(taken) < 2_000:
            pace.take()
            taken.append(now.at)
    for first in range(len(taken)):
        for last in range(first, len(taken), 7):
            assert last - first <= rate * (taken[last] - taken[first] + 0.1) + 1.0001


@given(rate=st.floats(0.2, 500))
def test_pace_gives_the_next_turn_when_it_said(rate: float) -> None:
    """Who waits as long as told has a turn then."""
    now = Seconds()
    pace = Pace(rate, now)
    for _ in range(200):
        now.at += pace.wait + 1e-9
        assert pace.wait < 1e-6
        pace.take()


def test_no_rate_is_no_limit(now: Seconds) -> None:
    """Unset: any number at once."""
    pace = Pace(None, now)
    for _ in range(1000):
        pace.take()
        assert pace.wait == 0


def test_recipient_gets_a_minutes_worth_at_once_and_then_one_by_one(now: Seconds) -> None:
    """Three a minute: three now, the fourth in twenty seconds, the fifth in forty; another person is not concerned."""
    pace = RecipientPace(3, now)
    assert [pace.take("one") for _ in range(5)] == pytest.approx([0, 0, 0, 20, 40])
    assert pace.take("two") == 0
    now.at += 200
    assert pace.take("one") == 0


def test_recipients_who_heard_nothing_for_long_are_forgotten(now: Seconds) -> None:
    """Memory does not grow with everybody who ever had a reminder."""
    pace = RecipientPace(3, now)
    for number in range(1000):
        pace.take(str(number))
    now.at += 100
    pace.take("one")
    assert len(pace._next) == 1
