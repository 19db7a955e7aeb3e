"""Any day of a school, in any order, in any zone: nobody missing goes unnoticed, nobody in time is called late."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from escalation_policies.roll_call.bureaus import move_cut_off, take_step
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.page import Effect, StepReached
from escalation_policies.roll_call.school_day import SchoolDay, standing
from escalation_policies.roll_call.schools import SchoolEvent, decide_school
from escalation_policies.roll_call.window import windows_on
from events.notification import NotificationCancelled, NotificationRequested
from events.roll_call import CaseNoted, CutOffMoved, ReportConfirmed, SchoolExcused, SchoolMissing
from services.runtime.directory import DirectorySnapshot
from tests.support.roll_calls import (
    BUREAU,
    DIRECTORY,
    MONDAY,
    OFFICER,
    answered,
    everybody,
    minute,
    opened,
    schedule,
    school,
    sheet,
    units,
)

MINUTES = st.integers(-150, 600).map(float)
CALL = opened()
BY = st.sampled_from(["p-s-1", "p-s-1-deputy", "p-d1-director", "p-s-1-teacher", "p-s-2"])
MAY = {"p-s-1", "p-s-1-deputy", "p-d1-director"}
ZONES = st.sampled_from(
    ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "Pacific/Apia", "Asia/Kathmandu"]
)

ANSWERS = st.builds(
    lambda at, status, by: answered(minute(at), status, by), MINUTES, st.sampled_from(["zero", "with_cases"]), BY
)
CASES = st.builds(
    lambda at, before, number: CaseNoted(
        school_id="s-1", received_at=minute(at), case_id=f"case-{number}", happened_at=minute(at - before)
    ),
    MINUTES,
    st.integers(0, 300),
    st.integers(1, 3),
)
EXCUSES = st.builds(
    lambda at, lifted: SchoolExcused(
        school_id="s-1", date=MONDAY, received_at=minute(at), by="p-d1-director", reason="r", lifted=lifted
    ),
    MINUTES,
    st.booleans(),
)
FACTS = st.lists(ANSWERS | CASES | EXCUSES, max_size=8)


def at_of(event: SchoolEvent) -> datetime:
    return event.fired_at if isinstance(event, StepReached) else event.received_at


def steps(call: RollCall, late: timedelta) -> list[SchoolEvent]:
    return [
        StepReached(step=one.step, at=call.planned(one), fired_at=call.planned(one) + late)
        for one in call.steps(("school",))
    ]


def live(
    call: RollCall, events: list[SchoolEvent], late: timedelta = timedelta()
) -> tuple[SchoolDay | None, list[Effect]]:
    day: SchoolDay | None = None
    effects: list[Effect] = []
    for event in events:
        decision = decide_school(day, event, DIRECTORY, call, school(), at_of(event) + late)
        assert decision.reason, "every event has a reason"
        day = decision.state
        effects += decision.effects
    return day, effects


@given(facts=FACTS, late=st.integers(0, 1300).map(lambda number: timedelta(minutes=number)))
def test_school_is_told_missing_exactly_when_it_has_not_answered_by_then(
    facts: list[SchoolEvent], late: timedelta
) -> None:
    """Whatever happens, and however late the service is: who has not answered or been excused when the step is taken
    is found missing once and told; nobody else is."""
    events = sorted([*facts, *steps(CALL, late)], key=at_of)
    day, effects = live(CALL, events)
    missing = [one for one in effects if isinstance(one, SchoolMissing)]
    taken = minute(0) + late
    found = next(n for n, e in enumerate(events) if isinstance(e, StepReached) and e.step == "missing")
    before = events[:found]
    state, _ = live(CALL, before)
    expected = standing(state, CALL, taken) == "missing"
    assert len(missing) == expected
    told = [one for one in effects if isinstance(one, NotificationRequested) and one.template == "roll_call_missing"]
    assert bool(told) == expected
    assert len({one.notification_id for one in told}) == len(told)
    assert day is not None


@given(facts=FACTS)
def test_verdict_depends_on_the_times_of_the_answers_and_not_on_their_order(facts: list[SchoolEvent]) -> None:
    """Carried in any order, and judged at the end: the same standing and the same answer."""
    answers = [one for one in facts if isinstance(one, ReportConfirmed)]
    unlike = {one.received_at: one for one in answers}
    end = minute(700)
    verdicts = set()
    for order in list(permutations(list(unlike.values())[:4]))[:24]:
        day: SchoolDay | None = None
        for event in order:
            day = decide_school(day, event, DIRECTORY, CALL, school(), end).state
        answer = day.answer if day is not None else None
        verdicts.add((standing(day, CALL, end), answer.status if answer is not None else None))
    counted = (
        sorted((at, one) for at, one in list(unlike.items())[:4] if one.by in MAY and at >= CALL.window.opens_at)
        if unlike
        else []
    )
    if counted:
        stands = "confirmed" if counted[0][0] <= CALL.cut_off else "late"
        assert verdicts == {(stands, counted[-1][1].status)}
    else:
        assert verdicts == {("missing", None)}


@given(facts=FACTS)
def test_every_answer_is_kept_and_no_message_is_asked_for_twice(facts: list[SchoolEvent]) -> None:
    """All versions, and ids that never repeat; what is called back was asked for before."""
    events = sorted([*facts, *steps(CALL, timedelta())], key=at_of)
    day, effects = live(CALL, events)
    assert day is not None
    kept = sorted((one.received_at, one.by, one.status) for one in day.versions)
    assert kept == sorted((e.received_at, e.by, e.status) for e in facts if isinstance(e, ReportConfirmed))
    asked: set[str] = set()
    for one in effects:
        if isinstance(one, NotificationRequested):
            assert one.notification_id not in asked
            asked.add(one.notification_id)
        if isinstance(one, NotificationCancelled):
            assert one.notification_id in asked


@given(facts=FACTS)
def test_contradiction_stands_exactly_when_zero_came_after_a_case(facts: list[SchoolEvent]) -> None:
    """And whoever is contradicted has been asked."""
    events = sorted(facts, key=at_of)
    day, effects = live(CALL, events)
    if day is None:
        return
    answer = day.answer
    cases = {e.case_id: e.happened_at for e in events if isinstance(e, CaseNoted)}
    expected = answer is not None and answer.status == "zero" and any(at <= answer.received_at for at in cases.values())
    assert bool(day.contradicting) == expected
    if expected:
        assert any(isinstance(e, NotificationRequested) and e.template == "roll_call_contradicted" for e in effects)


@given(
    moves=st.lists(st.tuples(MINUTES, MINUTES), max_size=4),
    at=MINUTES,
    late=st.integers(0, 60).map(lambda number: timedelta(minutes=number)),
)
def test_moving_the_cut_off_makes_nobody_late_and_skips_no_step(
    moves: list[tuple[float, float]], at: float, late: timedelta
) -> None:
    """However often it moves: an answer that was in time stays so, the bureau hears its summary, and it closes."""
    call = CALL
    day = decide_school(None, answered(minute(at)), DIRECTORY, call, school(), minute(at)).state
    for when, to in sorted(moves):
        before = call
        fact = CutOffMoved(
            bureau_id=BUREAU, date=MONDAY, call="daily", received_at=minute(when), cut_off=minute(to), by=OFFICER
        )
        state = move_cut_off(call, fact, DIRECTORY, minute(when)).state
        assert state is not None
        call = state
        if at <= when and standing(day, before, minute(when)) == "confirmed":
            assert standing(day, call, minute(when)) == "confirmed"
        assert call.cut_off == before.cut_off or call.cut_off > minute(when)
    taken, ids = [], []
    while (due := call.next_of_bureau()) is not None:
        fired = due.at + late
        event = StepReached(step=due.step, at=due.at, fired_at=fired)
        decision = take_step(call, event, DIRECTORY, lambda call=call, fired=fired: sheet(call, fired, day), fired)  # type: ignore[misc]
        assert decision.state is not None
        taken.append(due.step)
        ids += [e.notification_id for e in decision.effects if isinstance(e, NotificationRequested)]
        call = decision.state
        assert len(taken) < 10
    assert taken == ["district", "bureau", "close"]
    assert len(set(ids)) == len(ids)


@given(
    day=st.dates(date(2024, 1, 1), date(2029, 12, 31)),
    zone=ZONES,
    opens=st.times().map(lambda one: one.replace(microsecond=0, tzinfo=None)),
    minutes=st.integers(31, 600),
)
def test_window_opens_before_it_ends_in_every_zone_on_every_day(
    day: date, zone: str, opens: datetime, minutes: int
) -> None:
    """Where clocks are set, at the end of a year, over midnight."""
    end = (datetime.combine(day, opens, tzinfo=UTC) + timedelta(minutes=minutes)).time()  # type: ignore[arg-type]
    plan = schedule(**{'opens: "14:00", cut_off: "16:00"': f'opens: "{opens}", cut_off: "{end}"'})
    (window,) = windows_on(plan, BUREAU, zone, day)
    length = window.cut_off - window.opens_at
    assert timedelta() < length
    assert abs(length - timedelta(minutes=minutes)) <= timedelta(hours=1)
    local = window.opens_at.astimezone(ZoneInfo(zone))
    assert local.date() in {day, day + timedelta(days=1)}  # Apia once left out a whole day


@given(day=st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_two_bureaus_in_two_zones_have_their_own_days(day: date) -> None:
    """The same hours on the wall, each in its own place; the dates are the same, the instants are not."""
    east, west = (DirectorySnapshot.of(units(zone), everybody()) for zone in ("Asia/Shanghai", "America/New_York"))
    one, other = opened(east, day=day), opened(west, day=day)
    assert one.window.date == other.window.date
    assert timedelta(hours=12) <= other.cut_off - one.cut_off <= timedelta(hours=13)
