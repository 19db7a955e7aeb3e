"""Who is told of the missing, and when: the school, its district with one list, the bureau with the summary."""

from datetime import timedelta

import pytest

from escalation_policies.roll_call.bureaus import (
    CallDecision,
    move_cut_off,
    open_by_officer,
    open_by_schedule,
    take_step,
)
from escalation_policies.roll_call.call import CLOSE, NOTES, RollCall
from escalation_policies.roll_call.page import STALE, StepReached
from escalation_policies.roll_call.school_day import NotedCase, SchoolDay
from events.notification import NotificationRequested
from events.roll_call import CutOffMoved, RollCallClosed, RollCallOpened, SchoolExcused, SchoolMissing
from tests.support.roll_calls import (
    CUT_OFF,
    DIRECTOR,
    DIRECTORY,
    LONELY,
    MONDAY,
    OFFICER,
    OPENS,
    answered,
    decide,
    live,
    minute,
    opened,
    sheet,
    step,
    told,
)

CALL = opened()
OTHERS = (("s-2", "p-s-2"), ("s-3", "p-s-3"), (LONELY, "p-d2-director"))


def take(call: RollCall, event: StepReached, *days: SchoolDay) -> CallDecision:
    now = event.fired_at
    return take_step(call, event, DIRECTORY, lambda: sheet(call, now, *days), now)


def all_steps(call: RollCall, *days: SchoolDay, late: timedelta = timedelta()) -> tuple[RollCall, list[CallDecision]]:
    """Take every step of the bureau until it is closed."""
    decisions = []
    while (due := call.next_of_bureau()) is not None:
        decisions.append(take(call, StepReached(step=due.step, at=due.at, fired_at=due.at + late), *days))
        state = decisions[-1].state
        assert state is not None
        call = state
    return call, decisions


def after_districts(call: RollCall) -> RollCall:
    state = take(call, step(call, "district")).state
    assert state is not None
    return state


def moving(call: RollCall, to: float, at: float, by: str = OFFICER) -> CallDecision:
    fact = CutOffMoved(bureau_id="b", date=MONDAY, call="daily", received_at=minute(at), cut_off=minute(to), by=by)
    return move_cut_off(call, fact, DIRECTORY, minute(at))


def messages(decision: CallDecision) -> list[NotificationRequested]:
    return [one for one in decision.effects if isinstance(one, NotificationRequested)]


def test_school_is_reminded_before_the_cut_off_and_told_at_it() -> None:
    """The principal first; at the cut-off with whoever stands in. All of it is bulk, and asks."""
    day, effects = live(CALL, step(CALL, "reminder"), step(CALL, "missing"))
    assert told(effects) == [("p-s-1", "roll_call_reminder"), ("p-s-1", "roll_call_missing")]
    asked = [one for one in effects if isinstance(one, NotificationRequested)]
    assert {one.lane for one in asked} == {"bulk"}
    assert all(one.asks_acknowledgement and one.deadline == CUT_OFF for one in asked)
    assert [one.received_at for one in asked] == [minute(-30), minute(0)]
    assert [note.reason for note in day.notes] == ["reminder: p-s-1 told", "missing: p-s-1 told"]


def test_missing_is_published_once_with_when_it_was_found() -> None:
    """A second step at a school says nothing new."""
    _, effects = live(CALL, step(CALL, "missing", late=timedelta(minutes=42)))
    (missing,) = [one for one in effects if isinstance(one, SchoolMissing)]
    assert (missing.received_at, missing.fired_at, missing.cut_off) == (CUT_OFF, minute(42), CUT_OFF)


def test_reminder_finds_nobody_missing() -> None:
    """The cut-off has not come."""
    day, effects = live(CALL, step(CALL, "reminder"))
    assert not [one for one in effects if isinstance(one, SchoolMissing)]
    assert not day.missed


def test_school_that_is_missing_again_after_the_cut_off_moved_is_published_once() -> None:
    """It is told a second time, for it had more time."""
    day, first = live(CALL, step(CALL, "missing"))
    later = moving(CALL, to=60, at=10).state
    assert later is not None
    again = decide(later, day, step(later, "missing"))
    assert len([one for one in (*first, *again.effects) if isinstance(one, SchoolMissing)]) == 1
    assert told(again.effects) == [("p-s-1", "roll_call_missing")]


def test_messages_of_one_moment_are_spread_and_each_school_has_its_place() -> None:
    """Within a minute, none before it is due, and not all at once."""
    places = set()
    for school_id in ("s-1", "s-2", "s-3"):
        event = step(CALL, "missing")
        asked = [
            e for e in decide(CALL, None, event, school_id=school_id).effects if isinstance(e, NotificationRequested)
        ]
        again = [
            e for e in decide(CALL, None, event, school_id=school_id).effects if isinstance(e, NotificationRequested)
        ]
        assert asked == again
        held = {one.not_before for one in asked}
        assert all(at is not None and CUT_OFF <= at < CUT_OFF + timedelta(minutes=1) for at in held)
        places |= held
    assert len(places) == 3


def test_school_where_nobody_holds_a_post_is_missing_all_the_same() -> None:
    """Nobody can be told there; the reason says so, and the district hears."""
    day, effects = live(CALL, step(CALL, "missing"), school_id=LONELY)
    assert [type(one) for one in effects] == [SchoolMissing]
    assert day.notes[-1].reason == "missing: nobody can be told: nobody holds the post, or has such a contact"


@pytest.mark.parametrize("minutes", [-60, 1])
def test_school_that_has_answered_is_not_chased(minutes: float) -> None:
    """The rest stops, and says why."""
    day, effects = live(CALL, answered(minute(minutes)), step(CALL, "missing", late=timedelta(minutes=5)))
    assert not [one for one in effects if isinstance(one, SchoolMissing)]
    assert told(effects) == []
    stands = "confirmed" if minutes < 0 else "late"
    assert day.notes[-1].reason == f"missing: nobody is told, the school is {stands}"


def test_excused_school_is_not_chased() -> None:
    """It is closed today."""
    excuse = SchoolExcused(school_id="s-1", date=MONDAY, received_at=minute(-60), by=DIRECTOR, reason="closed")
    day, effects = live(CALL, excuse, step(CALL, "reminder"), step(CALL, "missing"))
    assert effects == []
    assert day.notes[-1].reason == "missing: nobody is told, the school is excused"


def test_step_is_taken_once() -> None:
    """Work repeated after a crash tells nobody twice."""
    day, _ = live(CALL, step(CALL, "missing"))
    again = decide(CALL, day, step(CALL, "missing"))
    assert (again.state, again.effects, again.reason) == (day, (), "missing was taken already")


def test_service_that_was_down_says_how_late_it_is_and_reminds_of_nothing_that_has_passed() -> None:
    """Down from three to a quarter to five: the reminder is over, the chase goes out and says so."""
    day, effects = live(
        CALL, step(CALL, "reminder", late=timedelta(minutes=75)), step(CALL, "missing", late=timedelta(minutes=45))
    )
    assert told(effects) == [("p-s-1", "roll_call_missing")]
    (asked,) = [one for one in effects if isinstance(one, NotificationRequested)]
    assert asked.roll_call is not None
    assert asked.roll_call.late_minutes == 45
    assert asked.not_before is not None
    assert asked.not_before >= minute(45)
    assert [note.reason for note in day.notes] == [
        "reminder: nobody is told, the cut-off has passed",
        "missing: p-s-1 told, 45m late",
    ]


def test_reminder_that_comes_at_the_cut_off_is_none() -> None:
    """The chase says it."""
    _, effects = live(CALL, step(CALL, "reminder", late=timedelta(minutes=30)))
    assert effects == []
    _, effects = live(CALL, step(CALL, "reminder", late=timedelta(minutes=29)))
    assert told(effects) == [("p-s-1", "roll_call_reminder")]


def test_step_that_is_a_day_late_is_recorded_and_tells_nobody() -> None:
    """Another day has its own roll call; that the school was missing stays on record."""
    day, effects = live(CALL, step(CALL, "missing", late=STALE + timedelta(minutes=1)))
    assert [type(one) for one in effects] == [SchoolMissing]
    assert day.notes[-1].reason == "missing: nobody is told, it was due 1d1m ago"
    _, effects = live(CALL, step(CALL, "missing", late=STALE))
    assert told(effects) == [("p-s-1", "roll_call_missing")]


def test_district_gets_one_message_with_the_list_of_its_own_schools() -> None:
    """Not fifty; a district where everybody answered gets none."""
    first, _ = live(CALL, answered(minute(-10), by="p-s-3", school_id="s-3"), school_id="s-3")
    lonely, _ = live(CALL, answered(minute(-10), by="p-d2-director", school_id=LONELY), school_id=LONELY)
    decision = take(CALL, step(CALL, "district"), first, lonely)
    assert told(decision.effects) == [(DIRECTOR, "roll_call_list"), (DIRECTOR, "roll_call_list")]
    assert {one.channel for one in messages(decision)} == {"sms", "email"}
    words = messages(decision)[0].roll_call
    assert words is not None
    assert words.missing == ("校s-1", "校s-2")
    assert words.counts is not None
    assert (words.counts.expected, words.counts.missing) == (2, 2)
    assert not messages(decision)[0].asks_acknowledgement
    assert decision.reason == "district: 1 districts told"


def test_district_hears_of_a_contradiction_where_nobody_is_missing() -> None:
    """It is on the same list."""
    case = NotedCase(case_id="case-1", happened_at=minute(-60))
    first = decide(CALL, None, answered(minute(-10)), case).state
    others = [live(CALL, answered(minute(-10), by=by, school_id=s), school_id=s)[0] for s, by in OTHERS]
    decision = take(CALL, step(CALL, "district"), first, *others)
    assert decision.reason == "district: 1 districts told"
    words = messages(decision)[0].roll_call
    assert words is not None
    assert (words.missing, words.contradicted) == ((), ("校s-1",))


def test_nobody_missing_tells_no_district_and_the_bureau_all_the_same() -> None:
    """Silence would say nothing: the duty officer hears that all have answered."""
    days = [
        live(CALL, answered(minute(-10), by=by, school_id=s), school_id=s)[0] for s, by in (("s-1", "p-s-1"), *OTHERS)
    ]
    call, (district, bureau, closing) = all_steps(CALL, *days)
    assert (district.effects, district.reason) == ((), "district: nobody is told, no school is missing")
    assert told(bureau.effects) == [(OFFICER, "roll_call_summary"), (OFFICER, "roll_call_summary")]
    assert bureau.reason == "bureau: p-officer told: 0 of 4 missing"
    (closed,) = closing.effects
    assert isinstance(closed, RollCallClosed)
    assert (closed.counts.confirmed, closed.counts.missing) == (4, 0)
    assert call.closed_at == CALL.window.closes_at
    assert call.counts == closed.counts


def test_summary_equals_the_sheet() -> None:
    """What the duty officer is told is read from it."""
    late, _ = live(CALL, answered(minute(3)))
    event = step(CALL, "bureau")
    decision = take(after_districts(CALL), event, late)
    words = messages(decision)[0].roll_call
    assert words is not None
    assert words.counts == sheet(CALL, event.fired_at, late).counts
    assert words.counts is not None
    assert words.counts.late == 1
    assert list(words.missing) == ["校s-2", "校s-3", "校s-lonely"]


def test_steps_of_the_bureau_come_in_their_order() -> None:
    """One that is not due next is none."""
    decision = take(CALL, step(CALL, "bureau").model_copy(update={"step": CLOSE}))
    assert (decision.state, decision.reason) == (CALL, "close is not the next step any more")
    _, decisions = all_steps(CALL)
    assert len(decisions) == 3


def test_bureau_that_was_away_hears_how_late() -> None:
    """Every step is taken, in order, and says so."""
    call, (district, bureau, closing) = all_steps(CALL, late=timedelta(minutes=42))
    assert [note.reason.rpartition(", ")[2] for note in call.notes[1:]] == ["42m late"] * 3
    for one in (*messages(district), *messages(bureau)):
        assert one.roll_call is not None
        assert one.roll_call.late_minutes == 42
    assert closing.effects


def test_district_without_anybody_goes_to_the_bureaus_duty() -> None:
    """The fallback, seen from the district."""
    plan = CALL.schedule.model_copy(
        update={
            "chase": tuple(
                one.model_copy(update={"tell": one.tell[:1]} if one.about != "district" else {"tell": one.fallback[:1]})
                for one in CALL.schedule.chase
            )
        }
    )
    decision = take(CALL.model_copy(update={"schedule": plan}), step(CALL, "district"))
    assert {person for person, _ in told(decision.effects)} == {OFFICER}


def test_cut_off_moved_ahead_takes_the_steps_anew() -> None:
    """At 15:50 it moves to 17:00: reminder at 16:30, missing at 17:00, under ids of their own."""
    later = moving(CALL, to=60, at=-10).state
    assert later is not None
    assert later.window.closes_at == CALL.window.closes_at + timedelta(hours=1)
    reminded, first = live(CALL, step(CALL, "reminder"))
    taken = reminded.taken
    due = later.next_step(("school",), taken)
    assert due is not None
    assert (due.step, due.at) == ("reminder", minute(30))
    again = decide(later, reminded, step(later, "reminder"))
    ids = [one.notification_id for one in (*first, *again.effects) if isinstance(one, NotificationRequested)]
    assert len(set(ids)) == 2


def test_cut_off_moved_does_not_repeat_what_lies_behind() -> None:
    """At 15:50 it moves by five minutes: the reminder's new time is over, it is not sent again."""
    later = moving(CALL, to=5, at=-10).state
    assert later is not None
    reminded, _ = live(CALL, step(CALL, "reminder"))
    due = later.next_step(("school",), reminded.taken)
    assert due is not None
    assert due.step == "missing"


@pytest.mark.parametrize(
    ("to", "at", "by", "reason"),
    [
        (-20, -10, OFFICER, "nobody becomes late by it: the new cut-off must lie ahead"),
        (-10, -10, OFFICER, "nobody becomes late by it: the new cut-off must lie ahead"),
        (60, -10, "p-s-1", "said by somebody who may not"),
        (60 * 30, -10, OFFICER, "a roll call ends within 24 hours of its opening"),
        (0, -10, OFFICER, "that is the cut-off already"),
    ],
)
def test_cut_off_that_may_not_move_stays(to: float, at: float, by: str, reason: str) -> None:
    """Each refusal has its reason, on record."""
    decision = moving(CALL, to, at, by)
    assert decision.reason == reason
    assert decision.state is not None
    assert (decision.state.cut_off, decision.state.revision) == (CUT_OFF, 0)
    assert decision.state.notes[-1].reason == f"not moved: {reason}"


def test_closed_roll_call_moves_no_more() -> None:
    """Its sheet has been told."""
    call, _ = all_steps(CALL)
    assert moving(call, 600, 500).reason == "the roll call is closed"


def opening(by: str | None = OFFICER, minutes: tuple[float, float, float] = (0, 30, 60)) -> RollCallOpened:
    opens, cut_off, closes = (minute(one) for one in minutes)
    return RollCallOpened(
        bureau_id="b",
        date=MONDAY,
        call="flood",
        received_at=opens,
        opens_at=opens,
        cut_off=cut_off,
        closes_at=closes,
        by=by,
        reason="the river",
        exercise=True,
    )


def opened_by(fact: RollCallOpened, call: RollCall | None = None) -> CallDecision:
    fields = {"call": "flood", "opens_at": fact.opens_at, "cut_off": fact.cut_off, "closes_at": fact.closes_at}
    window = CALL.window.model_copy(update=fields)
    return open_by_officer(call, fact, CALL.schedule, DIRECTORY, window, "局")


def test_officer_opens_a_roll_call_beside_the_schedule() -> None:
    """A drill says so in every message."""
    decision = opened_by(opening())
    assert decision.state is not None
    assert (decision.state.opened_by, decision.state.exercise, decision.reason) == (OFFICER, True, "opened")
    event = step(decision.state, "bureau")
    (one, *_) = messages(take(after_districts(decision.state), event))
    assert one.exercise
    assert opened_by(opening(), decision.state).reason == "open already"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (opening(by="p-s-1"), "not opened: said by somebody who may not open a roll call of this bureau"),
        (opening(by=None), "not opened: said by somebody who may not open a roll call of this bureau"),
        (opening(minutes=(0, 0, 60)), "not opened: the cut-off must come after the opening, within 24 hours"),
        (opening(minutes=(0, 60, 30)), "not opened: the cut-off must come after the opening, within 24 hours"),
        (opening(minutes=(0, 1441, 2000)), "not opened: the cut-off must come after the opening, within 24 hours"),
    ],
)
def test_roll_call_that_may_not_be_opened_is_none(fact: RollCallOpened, reason: str) -> None:
    """A school cannot ask its neighbours."""
    assert (opened_by(fact).state, opened_by(fact).reason) == (None, reason)


def test_late_opening_says_so() -> None:
    """The service was down at two: the window is the same."""
    decision = open_by_schedule(CALL.schedule, CALL.window, "局", OPENS + timedelta(minutes=20))
    assert decision.reason == "opened by schedule daily-zero-report version 1, 20m late"
    (fact,) = decision.effects
    assert isinstance(fact, RollCallOpened)
    assert (fact.received_at, fact.opens_at, fact.by) == (OPENS, OPENS, None)


def test_notes_have_an_end() -> None:
    """The first half and the newest stay, whatever a client repeats."""
    call = CALL
    for number in range(3 * NOTES):
        call = call.noting(minute(number), str(number))
    assert len(call.notes) == NOTES
    assert call.notes[1].reason == "0"
    assert call.notes[-1].reason == str(3 * NOTES - 1)


def test_roll_call_is_the_same_after_it_was_stored() -> None:
    """Its frozen schedule included."""
    call, _ = all_steps(CALL)
    assert RollCall.model_validate_json(call.model_dump_json()) == call
