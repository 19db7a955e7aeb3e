"""How a question to a person stands, from what is stored of the case alone."""

from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.case import Case, Clock, LevelState, Seat
from escalation_policies.question import Question, question_of
from tests.support.notices import START

CLOCK = "upward_receipt@district"


def seat(person: str, accepted: int | None = None, declined: int | None = None, told: int = 0, **more: Any) -> Seat:
    """Return a seat; times are minutes after the report."""
    return Seat(
        person_id=person,
        role="district_director",
        unit_id="district",
        question="role:district_director@parent",
        told_at=at(told),
        acknowledged_at=None if accepted is None else at(accepted),
        declined_at=None if declined is None else at(declined),
        **more,
    )


def at(minutes: int) -> Any:
    return START + timedelta(minutes=minutes)


def case(*seats: Seat, answered: int | None = None, clock: Any = "running", **more: Any) -> Case:
    """Return a case with one level; the rest of it nobody looks at."""
    level = LevelState(
        level="district", told_at=START, seats=seats, acknowledged_at=None if answered is None else at(answered)
    )
    running = Clock(name="upward_receipt", level="district", status=clock, started_at=START, deadline=at(20))
    return Case.model_construct(
        **{"status": "open", "received_at": START, "levels": (level,), "clocks": (running,), **more}
    )


ME, OTHER = "me", "other"


@pytest.mark.parametrize(
    ("found", "standing", "minute", "by"),
    [
        (case(seat(ME)), "waits", None, ()),
        (case(seat(ME), clock="breached"), "waits", None, ()),
        (case(seat(ME, accepted=3), answered=3), "accepted", 3, ()),
        (case(seat(ME, declined=4)), "declined", 4, ()),
        (case(seat(ME, accepted=3, declined=4), answered=3), "declined", 4, ()),
        (case(seat(ME), seat(OTHER, accepted=2), answered=2), "answered", 2, (OTHER,)),
        (case(seat(ME, told=5), seat(OTHER, accepted=2), answered=2), "answered", 2, (OTHER,)),
        (case(seat(ME), seat(OTHER, accepted=2)), "waits", None, ()),
        (case(seat(ME, told=9), seat(OTHER, accepted=2, declined=8), answered=2), "waits", None, ()),
        (case(seat(ME, told=9, assigned=True), seat(OTHER, accepted=2), answered=2), "waits", None, ()),
        (case(seat(ME, told=1, assigned=True), seat(OTHER, accepted=2), answered=2), "answered", 2, (OTHER,)),
        (case(seat(ME), clock="cancelled"), "called-off", None, ()),
        (case(seat(ME, accepted=3), answered=3, clock="cancelled"), "accepted", 3, ()),
        (case(seat(ME), status="closed", closed_at=at(50)), "closed", 50, ()),
        (case(), "waits", None, ()),
    ],
)
def test_question_stands_as_the_seats_of_its_level_say(
    found: Case, standing: Any, minute: int | None, by: tuple[str, ...]
) -> None:
    """Waiting, answered by oneself or by others, called off or over.

    With two who must both answer, one is not enough; who has handed a case on does not answer for whom they named; and
    who declined after all answers for nobody.
    """
    expected = Question(standing=standing, at=None if minute is None else at(minute), by=by)
    assert question_of(found, ME, level="district", clock=CLOCK) == expected


def test_without_a_level_the_one_that_waits_counts() -> None:
    """Asked at two levels, answered at one: a code answers the other."""
    both = case(seat(ME, accepted=3), answered=3)
    waiting = LevelState(level="bureau", told_at=START, seats=(seat(ME, told=20),))
    both = both.model_copy(update={"levels": (*both.levels, waiting)})
    assert question_of(both, ME).standing == "waits"
    assert question_of(both, ME, level="district").standing == "accepted"


def test_clock_that_was_called_off_says_nothing_of_another_round() -> None:
    """The level is asked again: the newer message waits, the older does not."""
    found = case(seat(ME), clock="cancelled")
    again = Clock(name="upward_receipt", level="district", round=1, status="running", started_at=at(9), deadline=at(29))
    found = found.model_copy(update={"clocks": (*found.clocks, again)})
    assert question_of(found, ME, level="district", clock=CLOCK).standing == "called-off"
    assert question_of(found, ME, level="district", clock=f"{CLOCK}#1").standing == "waits"
