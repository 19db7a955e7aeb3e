"""One partition's deadlines: nothing is forgotten, and a mass makes nothing that comes later wait for all of it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.escalation.deadlines import Deadlines

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_earliest_is_taken_first() -> None:
    """While everything that has come goes into one unit, the order is that of time."""
    held = Deadlines([(NOON + SECOND, "later"), (NOON, "now"), (NOON + 9 * SECOND, "to come")])
    assert held.take(NOON + SECOND, 10) == ["now", "later"]
    assert not held.is_due(NOON + SECOND)
    assert held.next_at == NOON + 9 * SECOND


def test_what_comes_during_a_mass_has_half_of_each_unit() -> None:
    """It overtakes what was left, and what was left goes on, in its order."""
    held = Deadlines((NOON, f"mass-{number}") for number in range(8))
    assert held.take(NOON, 4) == [f"mass-{number}" for number in range(4)]
    for number in range(3):
        held.put(NOON + SECOND, f"fresh-{number}")
    assert held.take(NOON + SECOND, 4) == ["fresh-0", "fresh-1", "mass-4", "mass-5"]
    assert held.take(NOON + SECOND, 4) == ["mass-6", "mass-7", "fresh-2"]
    assert not held.is_due(NOON + SECOND)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40), st.integers(1, 6))
def test_everything_that_comes_is_taken(arrivals: list[tuple[int, int]], most: int) -> None:
    """However they come, each unit is full while anything waits, and after the last nothing does."""
    held, taken = Deadlines(), set[str]()
    for number, (due, at) in enumerate(sorted(arrivals, key=lambda one: one[1])):
        held.put(NOON + due * SECOND, str(number))
        found = held.take(NOON + at * SECOND, most)
        assert len(found) <= most
        taken.update(found)
    end = NOON + 9 * SECOND
    while held.is_due(end):
        waiting = len(arrivals) - len(taken)
        found = held.take(end, most)
        assert len(found) == min(most, waiting)
        taken.update(found)
    assert taken == {str(number) for number in range(len(arrivals))}
