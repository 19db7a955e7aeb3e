"""A school answers: in time or late, by whom it may, corrected as often as it must; every answer is kept."""

from datetime import timedelta

import pytest

from escalation_policies.roll_call.bureaus import move_cut_off
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.school_day import VERSIONS, SchoolDay, is_corrected_late, standing
from events.notification import NotificationCancelled
from events.roll_call import ConfirmedLate, CutOffMoved, SchoolExcused
from tests.support.roll_calls import (
    CUT_OFF,
    DIRECTOR,
    DIRECTORY,
    MONDAY,
    OFFICER,
    OPENS,
    answered,
    decide,
    live,
    minute,
    opened,
    step,
    told,
)

CALL = opened()


def excused(at: float = -60, by: str = DIRECTOR, *, lifted: bool = False) -> SchoolExcused:
    return SchoolExcused(school_id="s-1", date=MONDAY, received_at=minute(at), by=by, reason="no water", lifted=lifted)


def moved(call: RollCall, to: float, at: float, by: str = OFFICER) -> RollCall:
    fact = CutOffMoved(bureau_id="b", date=MONDAY, call="daily", received_at=minute(at), cut_off=minute(to), by=by)
    state = move_cut_off(call, fact, DIRECTORY, minute(at)).state
    assert state is not None
    return state


@pytest.mark.parametrize(
    ("minutes", "expected"), [(-120, "confirmed"), (-1, "confirmed"), (0, "confirmed"), (1, "late"), (600, "late")]
)
def test_answer_is_in_time_until_the_cut_off_itself(minutes: float, expected: str) -> None:
    """The time at which it was received decides, to the microsecond."""
    decision = decide(CALL, None, answered(minute(minutes)))
    assert standing(decision.state, CALL, minute(700)) == expected
    just_late = decide(CALL, None, answered(CUT_OFF + timedelta(microseconds=1))).state
    assert standing(just_late, CALL, minute(700)) == "late"


def test_answer_in_time_that_is_judged_late_is_in_time() -> None:
    """It lay on the bus while the service was away: whoever answered at 15:59 was not late."""
    decision = decide(CALL, None, answered(minute(-1)), now=minute(45))
    assert standing(decision.state, CALL, minute(45)) == "confirmed"
    assert decision.effects == ()
    assert decision.reason == "answered zero, in time"


def test_clock_of_a_client_that_runs_ahead_does_not_make_an_answer_late() -> None:
    """No answer is received later than it is judged."""
    decision = decide(CALL, None, answered(minute(3)), now=minute(-1))
    assert standing(decision.state, CALL, minute(10)) == "confirmed"


def test_late_answer_is_published_once_with_how_late() -> None:
    """A correction after it says nothing new about lateness."""
    day, effects = live(CALL, answered(minute(7)), answered(minute(9), "with_cases"))
    (late,) = effects
    assert isinstance(late, ConfirmedLate)
    assert (late.late_seconds, late.status, late.by, late.bureau_id) == (420, "zero", "p-s-1", "b")
    assert [note.reason for note in day.notes] == [
        "answered zero, 7m after the cut-off",
        "corrected to with_cases, 9m after the cut-off",
    ]


def test_every_version_is_kept_and_the_newest_counts() -> None:
    """Corrected until the cut-off, and after it, marked."""
    day, effects = live(CALL, answered(minute(-60)), answered(minute(-30), "with_cases"), answered(minute(5)))
    assert effects == []
    assert [(version.status, version.received_at) for version in day.versions] == [
        ("zero", minute(-60)),
        ("with_cases", minute(-30)),
        ("zero", minute(5)),
    ]
    assert day.answer == day.versions[-1]
    assert standing(day, CALL, minute(6)) == "confirmed"
    assert is_corrected_late(day, CALL)
    earlier, _ = live(CALL, answered(minute(-60)), answered(minute(-30), "with_cases"))
    assert not is_corrected_late(earlier, CALL)
    same, _ = live(CALL, answered(minute(-60)), answered(minute(5)))
    assert not is_corrected_late(same, CALL)
    late, _ = live(CALL, answered(minute(2)), answered(minute(5), "with_cases"))
    assert not is_corrected_late(late, CALL)


def test_earlier_late_answer_that_comes_second_is_not_published_again() -> None:
    """That the school was late is known."""
    _, effects = live(CALL, answered(minute(7)), answered(minute(5)))
    assert len(effects) == 1


def test_answers_that_come_out_of_order_are_put_in_order() -> None:
    """The bus carried the second first: the newer answer is the school's, the earlier one shows that it was in time."""
    day, effects = live(CALL, answered(minute(5), "with_cases"), answered(minute(-5)))
    assert day.answer is not None
    assert day.answer.status == "with_cases"
    assert standing(day, CALL, minute(6)) == "confirmed"
    assert [type(effect) for effect in effects] == [ConfirmedLate]  # what was published of it then stands
    assert day.notes[-1].reason == "answered zero, in time; a later answer is known already: with_cases"


@pytest.mark.parametrize("by", ["p-s-1", "p-s-1-deputy", DIRECTOR])
def test_head_deputy_and_district_may_answer(by: str) -> None:
    """The schedule names them, seen from the school."""
    assert standing(decide(CALL, None, answered(minute(-5), by=by)).state, CALL, minute(1)) == "confirmed"


@pytest.mark.parametrize("by", ["p-s-1-teacher", "p-s-2", "p-d2-director", "p-nobody"])
def test_answer_of_somebody_else_is_kept_and_does_not_count(by: str) -> None:
    """A teacher, the next school's head, another district: nothing is lost, and nobody is answered for."""
    day = decide(CALL, None, answered(minute(-5), by=by)).state
    assert standing(day, CALL, minute(1)) == "missing"
    assert [version.by for version in day.versions] == [by]
    assert "may not answer for this school" in day.notes[0].reason
    assert day.notes[0].by == by
    counted, _ = live(CALL, answered(minute(-5), by=by, status="with_cases"), answered(minute(-1)))
    assert counted.answer is not None
    assert counted.answer.status == "zero"


def test_answer_before_the_opening_does_not_count() -> None:
    """At seven nobody knows what the day brings; the reason says when, on the school's own clock."""
    decision = decide(CALL, None, answered(OPENS - timedelta(seconds=1)))
    assert standing(decision.state, CALL, minute(-60)) == "awaited"
    assert decision.reason == "the roll call opens at 14:00: this answer does not count, give it then"
    assert standing(decide(CALL, None, answered(OPENS)).state, CALL, minute(-60)) == "confirmed"


def test_more_answers_than_anybody_gives_are_not_kept() -> None:
    """A client that sends one each second fills no database; the reason says so."""
    call = CALL
    day: SchoolDay | None = None
    for number in range(VERSIONS):
        day = decide(call, day, answered(minute(-60) + timedelta(seconds=number))).state
    decision = decide(call, day, answered(minute(-1), "with_cases"))
    assert decision.state == day
    assert decision.reason == "the school has answered 100 times: this answer is not kept"


def test_excused_school_is_excused_until_it_answers() -> None:
    """By its district; it may answer all the same."""
    day, _ = live(CALL, excused())
    assert standing(day, CALL, minute(1)) == "excused"
    day, _ = live(CALL, excused(), answered(minute(2)))
    assert standing(day, CALL, minute(3)) == "late"


def test_excuse_may_be_lifted() -> None:
    """It was a mistake: the school must answer."""
    day, _ = live(CALL, excused(), excused(-50, lifted=True))
    assert standing(day, CALL, minute(1)) == "missing"
    assert day.notes[-1].reason == "the excuse is lifted, the school must answer: no water"
    again, _ = live(CALL, excused(lifted=True))
    assert again.notes[-1].reason == "it was not excused: nothing changes"


@pytest.mark.parametrize("by", ["p-s-1", "p-s-1-teacher", "p-d2-director"])
def test_school_cannot_excuse_itself(by: str) -> None:
    """Nor can another district: who may is above it."""
    day, _ = live(CALL, excused(by=by))
    assert standing(day, CALL, minute(1)) == "missing"
    assert day.notes[0].reason == "excused by somebody who may not: the school must answer"


def test_answer_calls_back_the_chase_that_still_waits() -> None:
    """Messages of one moment are spread: who answers meanwhile gets none."""
    chased, effects = live(CALL, step(CALL, "missing"))
    assert [person for person, _ in told(effects)] == ["p-s-1"]
    at = minute(0.01)
    assert chased.held[0].until > at
    decision = decide(CALL, chased, answered(at))
    (late, *_), cancelled = (
        decision.effects,
        [one for one in decision.effects if isinstance(one, NotificationCancelled)],
    )
    assert isinstance(cancelled[0], NotificationCancelled)
    assert [one.notification_id for one in cancelled] == [held.notification_id for held in chased.held]
    assert isinstance(late, NotificationCancelled)
    assert decision.state.held == ()
    gone = decide(CALL, chased, answered(minute(30)))
    assert not [one for one in gone.effects if isinstance(one, NotificationCancelled)]


def test_moved_cut_off_makes_late_answers_timely_and_nobody_late() -> None:
    """Nothing that was written has to be corrected: lateness is judged by the cut-off that holds."""
    day, _ = live(CALL, answered(minute(20)))
    later = moved(CALL, to=30, at=25)
    assert standing(day, CALL, minute(26)) == "late"
    assert standing(day, later, minute(26)) == "confirmed"
    assert standing(None, later, minute(26)) == "awaited"
    assert standing(None, later, minute(30)) == "missing"


def test_answer_after_the_close_is_kept_and_says_so() -> None:
    """The sheet that was told upward does not hide it."""
    closed = CALL.model_copy(update={"closed_at": CALL.window.closes_at})
    decision = decide(closed, None, answered(closed.window.closes_at + timedelta(hours=1)))
    assert decision.reason == "answered zero, 9h after the cut-off, after the roll call was closed"
    assert standing(decision.state, closed, minute(1000)) == "late"


def test_school_that_said_nothing_is_awaited_then_missing() -> None:
    """From the cut-off on."""
    assert standing(None, CALL, CUT_OFF - timedelta(microseconds=1)) == "awaited"
    assert standing(None, CALL, CUT_OFF) == "missing"


def test_school_day_is_the_same_after_it_was_stored() -> None:
    """Without what is empty, as the store keeps it."""
    day, _ = live(CALL, step(CALL, "reminder"), step(CALL, "missing"), answered(minute(1)), excused(3))
    assert SchoolDay.model_validate_json(day.model_dump_json(exclude_defaults=True)) == day
