"""Which of a day's roll calls an answer is for, when it names none."""

from datetime import timedelta

import pytest

from escalation_policies.roll_call.call import RollCall
from services.runtime.open_calls import named
from tests.support.roll_calls import OPENS, opened

HOUR = timedelta(hours=1)


def call(name: str, opens: float, hours: float) -> RollCall:
    made = opened()
    begin = OPENS + opens * HOUR
    window = {"call": name, "opens_at": begin, "cut_off": begin + hours * HOUR}
    return made.model_copy(update={"window": made.window.model_copy(update=window)})


CALLS = [call("a", 0, 2), call("b", 2, 2), call("c", 6, 1)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(-1, "a"), (0, "a"), (1.9, "a"), (2, "a"), (2.1, "b"), (4, "b"), (5, "b"), (6, "c"), (7, "c"), (20, "c")],
)
def test_call_is_the_one_whose_window_holds_the_moment_or_the_latest_that_opened(hours: float, expected: str) -> None:
    """Where two windows touch it is the earlier, in time; before all of them the first, which says when it opens."""
    found = named(CALLS, None, OPENS + hours * HOUR)
    assert found is not None
    assert found.window.call == expected


def test_call_that_is_named_is_that_one() -> None:
    """Or none."""
    found = named(CALLS, "c", OPENS)
    assert found is not None
    assert found.window.call == "c"
    assert named(CALLS, "x", OPENS) is None
    assert named([], None, OPENS) is None
