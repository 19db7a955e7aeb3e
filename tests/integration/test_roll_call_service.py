"""The roll-call service on both databases: a day of a bureau, restarts in the middle of it, and what it refuses."""

from datetime import timedelta

import pytest

from escalation_policies.roll_call.loader import Schedules
from events.codec import encode
from events.directory import UnitRecorded
from events.ids import roll_call_id
from events.roll_call import (
    CaseNoted,
    ConfirmedLate,
    CutOffMoved,
    ReportContradicted,
    RollCallClosed,
    RollCallOpened,
    SchoolExcused,
    SchoolMissing,
)
from events.topics import PARTITIONS
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import StaleEpoch
from services.runtime.home import home_partition
from services.runtime.roll_call_codes import school_of_code
from services.runtime.store import CaseRow
from services.runtime.tables import codes
from tests.support.roll_call_desk import ID, Desk, ids
from tests.support.roll_calls import (
    BUREAU,
    CUT_OFF,
    MONDAY,
    OFFICER,
    OPENS,
    answered,
    everybody,
    minute,
    person,
    schedule,
    units,
)
from tests.support.store_rows import rows_of

MORNING = OPENS - timedelta(hours=4)
MISSING = SchoolMissing(
    school_id="s-1", bureau_id="b", date=MONDAY, call="daily", cut_off=CUT_OFF, received_at=OPENS, fired_at=OPENS
)
OPENED = RollCallOpened(
    bureau_id="b", date=MONDAY, call="x", received_at=OPENS, opens_at=OPENS, cut_off=CUT_OFF, closes_at=CUT_OFF
)

EXTRA = RollCallOpened(
    bureau_id=BUREAU,
    date=MONDAY,
    call="extra",
    received_at=minute(30),
    opens_at=minute(30),
    cut_off=minute(60),
    closes_at=minute(90),
    by=OFFICER,
)


async def open_desk(database: Database) -> Desk:
    """Return the service after it has opened Monday's roll call."""
    desk = Desk(database)
    await desk.begin(MORNING)
    await desk.until(OPENS)
    return desk


async def test_day_of_a_bureau(database: Database) -> None:
    """Opened at two: one in time, late, excused, missing; the summary equals the sheet; closed at midnight."""
    desk = await open_desk(database)
    assert desk.kinds() == ["RollCallOpened"]
    excuse = SchoolExcused(school_id="s-3", date=MONDAY, received_at=minute(-100), by=OFFICER, reason="water")
    await desk.say(excuse, answered(minute(-90)))
    await desk.until(minute(-30))
    assert desk.told() == [("p-s-2", "roll_call_reminder")]
    await desk.until(CUT_OFF)
    assert desk.told()[1:] == [("p-s-2", "roll_call_missing")]
    missing = [one.school_id for one in desk.published if isinstance(one, SchoolMissing)]
    assert sorted(missing) == ["s-2", "s-lonely"]
    await desk.say(answered(minute(7), by="p-s-2", school_id="s-2"))
    assert [one.late_seconds for one in desk.published if isinstance(one, ConfirmedLate)] == [420]
    await desk.until(minute(15))
    await desk.until(minute(30))
    summary = [one for one in desk.asked if one.template == "roll_call_summary"]
    words = summary[0].roll_call
    assert words is not None
    assert words.counts == (await desk.sheet()).counts
    assert words.counts is not None
    counts = words.counts.model_dump()
    assert (counts["confirmed"], counts["late"], counts["excused"], counts["missing"]) == (1, 1, 1, 1)
    assert words.missing == ("校s-lonely",)
    await desk.until(CUT_OFF + timedelta(hours=8))
    assert [one.counts for one in desk.published if isinstance(one, RollCallClosed)] == [words.counts]
    assert (await desk.call()).call.closed_at is not None
    assert not desk.calls.open
    assert len(set(ids(desk.asked))) == len(desk.asked)


async def test_roll_call_does_not_close_while_another_worker_has_schools_to_chase(database: Database) -> None:
    """A worker is away from before the cut-off until after midnight: its school is found missing all the same."""
    desk = await open_desk(database)
    away = f"roll_call/{home_partition('s-2')}"
    assert home_partition("s-2") != home_partition("b")
    del desk.owned[away]
    for at in (minute(-30), CUT_OFF, minute(15), minute(30), minute(481)):
        await desk.until(at)
    assert "s-2" not in {one.school_id for one in desk.published if isinstance(one, SchoolMissing)}
    assert (await desk.call()).call.closed_at is None
    await desk.begin(minute(500), worker="another")
    for at in (minute(500), minute(501)):
        await desk.until(at)
    found = {one.school_id: one.fired_at for one in desk.published if isinstance(one, SchoolMissing)}
    assert found["s-2"] == minute(500)
    closed = [one for one in desk.published if isinstance(one, RollCallClosed)]
    assert [(one.received_at, one.counts.missing) for one in closed] == [(minute(480), 4)]
    assert (await desk.call()).call.closed_at == minute(501)


async def test_message_to_a_school_has_a_code_that_stays_for_the_month(database: Database) -> None:
    """Thousands of chases of one moment make no thousands of codes anew each day."""
    desk = await open_desk(database)
    await desk.until(CUT_OFF)
    first = {one.person_id: one.code for one in desk.asked}
    assert all(first.values())
    assert len(set(first.values())) == len(first)
    stored = await rows_of(database, codes)
    assert {(school_of_code(row.case_id), row.person_id) for row in stored} == {
        (f"s-{number}", f"p-s-{number}") for number in (1, 2, 3)
    }
    await desk.until(OPENS + timedelta(days=1))
    await desk.until(CUT_OFF + timedelta(days=1))
    assert {one.person_id: one.code for one in desk.asked[-3:]} == first
    assert len(await rows_of(database, codes)) == len(stored)


async def test_no_roll_call_on_a_day_on_which_nobody_is_asked(database: Database) -> None:
    """Saturday and Sunday pass; Monday comes."""
    desk = await open_desk(database)
    for days in range(1, 8):
        await desk.until(OPENS + timedelta(days=days))
    opened = [one.date for one in desk.published if isinstance(one, RollCallOpened)]
    assert [day.isoformat() for day in opened] == [
        "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09",
    ]  # fmt: skip


async def test_roll_calls_that_ended_before_the_first_start_are_nobodys(database: Database) -> None:
    """Installed at five in the afternoon: today's is over, and no school is told that it missed it."""
    desk = Desk(database)
    await desk.begin(minute(60))
    await desk.until(minute(60))
    assert desk.published == []
    await desk.until(OPENS + timedelta(days=1))
    assert desk.kinds() == ["RollCallOpened"]


async def test_service_that_was_down_across_the_cut_off_skips_nothing_and_says_how_late(database: Database) -> None:
    """Down from half past three to a quarter to five: who answered meanwhile is in time, the others hear how late."""
    desk = await open_desk(database)
    await desk.until(minute(-30))
    before = list(desk.asked)
    await desk.begin(minute(45))
    await desk.say(answered(minute(-1)), at=minute(45))  # it lay on the bus
    await desk.until(minute(45))
    fresh = desk.asked[len(before) :]
    late = {(one.template, one.roll_call.late_minutes if one.roll_call else None) for one in fresh}
    assert late == {("roll_call_missing", 45), ("roll_call_list", 30), ("roll_call_summary", 15)}
    assert {one.person_id for one in fresh if one.template == "roll_call_missing"} == {"p-s-2", "p-s-3"}
    assert (await desk.sheet()).counts.confirmed == 1


async def test_service_that_was_down_at_the_opening_opens_late_and_hears_what_was_said(database: Database) -> None:
    """Answers that came before the opening was written count, for the window is the schedule's."""
    desk = Desk(database)
    await desk.begin(MORNING)
    await desk.until(MORNING)
    await desk.begin(minute(-60))
    await desk.say(answered(minute(-90)), at=minute(-60))
    assert not [one for one in desk.published if isinstance(one, RollCallOpened)]
    await desk.until(minute(-60))
    assert "60m late" in (await desk.call()).call.notes[0].reason.replace("1h", "60m")
    assert (await desk.sheet()).counts.confirmed == 1


async def test_step_that_was_broken_off_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty schools in pages of two, a crash after the first pages: every school is chased once, in both steps."""
    monkeypatch.setattr("services.roll_call.steps.PAGE", 2)
    schools = [f"t-{number}" for number in range(40)]
    places = [UnitRecorded(unit_id=one, name=one, kind="school", parent="d1") for one in schools]
    heads = [person(f"p-{one}", one, "principal") for one in schools]
    directory = DirectorySnapshot.of([*units()[:3], *places], [*heads, person(OFFICER, BUREAU, "duty_officer")])
    desk = Desk(database, directory)
    await desk.begin(MORNING)
    await desk.until(OPENS)
    desk.clock.show(CUT_OFF)
    for moment in (minute(-30), CUT_OFF):
        await desk.steps.take(desk.plan.due(moment, 5))
    await desk.deliver()
    assert 0 < len(await desk.days()) < 40
    await desk.begin(CUT_OFF)
    await desk.until(CUT_OFF)
    days = await desk.days()
    assert sorted(days) == sorted(schools)
    assert all([one.step for one in day.taken] == ["reminder", "missing"] for day in days.values())
    assert sorted(one for one, template in desk.told() if template == "roll_call_missing") == sorted(
        f"p-{one}" for one in schools
    )
    assert len(set(ids(desk.asked))) == len(desk.asked)


async def test_step_of_a_cut_off_that_has_moved_meanwhile_is_not_taken(database: Database) -> None:
    """The plan is a moment old; what is stored decides."""
    desk = await open_desk(database)
    await desk.until(minute(-30))
    stale = desk.plan.due(minute(30), 100)
    told = len(desk.asked)
    move = CutOffMoved(
        bureau_id=BUREAU, date=MONDAY, call="daily", received_at=minute(-25), cut_off=minute(90), by=OFFICER
    )
    await desk.say(move)
    desk.clock.show(minute(31))
    await desk.steps.take(stale)
    await desk.deliver()
    assert len(desk.asked) == told
    assert not [one for one in desk.published if isinstance(one, SchoolMissing)]
    await desk.until(minute(90))
    assert [one.template for one in desk.asked[told:]].count("roll_call_missing") == 3


async def test_two_bureaus_in_two_zones_are_asked_and_chased_at_their_own_hours(database: Database) -> None:
    """Four o'clock in the west is two hours after four o'clock in the east; New Year's Eve is asked on both sides."""
    west = [
        UnitRecorded(unit_id="w", name="西局", kind="bureau", timezone="Asia/Urumqi"),
        UnitRecorded(unit_id="w-d", name="西片区", kind="district", parent="w", timezone="Asia/Urumqi"),
        UnitRecorded(unit_id="w-1", name="西校", kind="school", parent="w-d", timezone="Asia/Urumqi"),
    ]
    people = [*everybody(), person("p-w-1", "w-1", "principal"), person("p-w", "w", "duty_officer")]
    desk = Desk(database, DirectorySnapshot.of([*units(), *west], people))
    await desk.begin(MORNING)
    await desk.until(MORNING)
    await desk.until(CUT_OFF)
    chased = {one for one, template in desk.told() if template == "roll_call_missing"}
    assert chased == {"p-s-1", "p-s-2", "p-s-3"}
    await desk.say(answered(minute(60), by="p-w-1", school_id="w-1"))
    await desk.until(minute(150))
    assert {one for one, _ in desk.told()} & {"p-w-1"} == set()
    summaries = {one.person_id: one for one in desk.asked if one.template == "roll_call_summary"}
    counts = {who: one.roll_call.counts for who, one in summaries.items() if one.roll_call is not None}
    east, other = counts[OFFICER], counts["p-w"]
    assert east is not None
    assert other is not None
    assert (east.expected, east.missing) == (4, 4)
    assert (other.expected, other.confirmed) == (1, 1)
    assert summaries["p-w"].deadline == minute(120)


async def test_school_that_is_new_at_noon_is_chased_like_all_others(database: Database) -> None:
    """Who is asked follows from the directory as it is when the step is taken."""
    desk = await open_desk(database)
    new = UnitRecorded(unit_id="s-new", name="新校", kind="school", parent="d1")
    desk.directory = DirectorySnapshot.of([*units(), new], [*everybody(), person("p-new", "s-new", "principal")])
    await desk.until(CUT_OFF)
    assert ("p-new", "roll_call_missing") in desk.told()
    assert (await desk.sheet()).counts.expected == 5


async def test_restart_opens_nothing_twice(database: Database) -> None:
    """What was taken and noted stays."""
    desk = await open_desk(database)
    await desk.until(minute(16))
    before = await desk.call()
    await desk.begin(minute(17))
    await desk.until(minute(17))
    assert desk.kinds().count("RollCallOpened") == 1
    assert await desk.call() == before


async def test_days_that_the_service_was_away_are_opened_afterwards_and_tell_nobody_who_is_a_day_late(
    database: Database,
) -> None:
    """From Monday to Thursday: each day is on record with its answers; what is more than a day late tells nobody."""
    desk = await open_desk(database)
    await desk.until(minute(500))
    told = len(desk.asked)
    thursday = minute(3 * 1440 - 60)
    await desk.begin(thursday)
    tuesday = answered(minute(1440 - 30), by="p-s-2", school_id="s-2")
    await desk.say(tuesday, at=thursday)
    await desk.until(thursday)
    opened = [one.date.isoformat() for one in desk.published if isinstance(one, RollCallOpened)]
    assert opened == ["2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05"]
    late = roll_call_id(BUREAU, "2026-03-03", "daily")
    assert (await desk.call(late)).call.closed_at is not None
    assert (await desk.sheet(late)).counts.confirmed == 1
    dates = {one.roll_call.date.isoformat() for one in desk.asked[told:] if one.roll_call is not None}
    assert dates == {"2026-03-04"}


async def test_steps_of_somebody_elses_partition_are_refused(database: Database) -> None:
    """A worker that slept through its lease tells nobody."""
    desk = await open_desk(database)
    old = desk.plan.due(CUT_OFF, 100)
    other = Desk(database)
    await other.begin(CUT_OFF)
    desk.clock.show(CUT_OFF)
    with pytest.raises(StaleEpoch):
        await desk.steps.take(old)
    await other.until(CUT_OFF)
    assert [one.template for one in other.asked].count("roll_call_missing") == 3


async def test_answer_that_reached_another_partition_is_sent_home(database: Database) -> None:
    """Another client partitions otherwise."""
    desk = await open_desk(database)
    fact = answered(minute(-60))
    encoded = encode(fact, event_id="e-1", key="s-1", source="/school/app", time=minute(-60), event_type=fact.TYPE)
    elsewhere = (home_partition("s-1") + 1) % PARTITIONS
    desk.clock.show(minute(-60))
    await desk.produce(elsewhere, encoded.headers, encoded.value)
    assert await desk.days() == {}
    await desk.deliver()
    assert (await desk.sheet()).counts.confirmed == 1
    await desk.produce(elsewhere, encoded.headers, encoded.value)
    await desk.deliver()
    assert len((await desk.days())["s-1"].versions) == 1


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answered(minute(-60), school_id="s-gone"), "the directory has no school 's-gone' below a bureau"),
        (answered(minute(-60), school_id="d1"), "the directory has no school 'd1' below a bureau"),
        (answered(minute(-60), call="night"), "bureau 'b' has no roll call 'night' on 2026-03-02"),
        (answered(minute(10)), "lies in the future"),
        (
            MISSING,
            "edu.tocsin.roll-call.missing.v1 is found out by Tocsin itself",
        ),
        (
            OPENED,
            "edu.tocsin.roll-call.opened.v1 is found out by Tocsin itself",
        ),
        (
            CutOffMoved(bureau_id="d1", date=MONDAY, call="daily", received_at=OPENS, cut_off=CUT_OFF, by=OFFICER),
            "the directory has no bureau 'd1' with a schedule of roll calls",
        ),
        (
            CutOffMoved(bureau_id="b", date=MONDAY, call="night", received_at=OPENS, cut_off=CUT_OFF, by=OFFICER),
            "there is no roll call 'night' of 'b' on 2026-03-02: nothing can move",
        ),
    ],
)  # fmt: skip
async def test_what_cannot_be_judged_goes_to_the_dead_letters_with_its_reason(
    database: Database, fact: object, reason: str
) -> None:
    """And nothing is changed by it."""
    desk = await open_desk(database)
    await desk.say(fact, source="/another/client", at=minute(-60))  # type: ignore[arg-type]
    assert len(desk.letters) == 1
    assert reason in desk.letters[0]
    assert await desk.days() == {}


async def test_moved_cut_off_gives_every_partition_its_steps_anew(database: Database) -> None:
    """At half past three it moves to five: nobody is missing at four."""
    desk = await open_desk(database)
    await desk.until(minute(-30))
    told = len(desk.asked)
    move = CutOffMoved(
        bureau_id=BUREAU, date=MONDAY, call="daily", received_at=minute(-25), cut_off=minute(60), by=OFFICER
    )
    await desk.say(move)
    await desk.until(minute(15))
    assert len(desk.asked) == told
    await desk.until(minute(30))
    assert [one.template for one in desk.asked[told:]] == ["roll_call_reminder"] * 3
    await desk.until(minute(60))
    assert [one.template for one in desk.asked[told + 3 :]] == ["roll_call_missing"] * 3
    assert len(set(ids(desk.asked))) == len(desk.asked)


async def test_officer_opens_a_drill_beside_the_schedule(database: Database) -> None:
    """It has its own school days, messages and end; the day's own roll call is untouched."""
    desk = await open_desk(database)
    drill = EXTRA.model_copy(update={"call": "drill", "exercise": True})
    await desk.until(minute(30))
    await desk.say(drill)
    await desk.say(answered(minute(40), call="drill"))
    await desk.until(minute(60))
    chased = [one for one in desk.asked if one.exercise]
    assert {one.person_id for one in chased} == {"p-s-2", "p-s-3"}
    drilled = roll_call_id(BUREAU, MONDAY.isoformat(), "drill")
    assert sorted(await desk.days(drilled)) == ["s-1", "s-2", "s-3", "s-lonely"]
    assert (await desk.sheet(drilled)).counts.confirmed == 1
    assert (await desk.sheet()).counts.confirmed == 0
    await desk.until(minute(90))
    assert (await desk.call(drilled)).call.closed_at is not None


async def test_answer_read_together_with_the_opening_before_it_is_about_what_was_opened(database: Database) -> None:
    """It names no roll call: the one that an officer has just opened is meant, as if they were read apart."""
    desk = await open_desk(database)
    await desk.until(minute(30))
    await desk.say_at_once(EXTRA, answered(minute(31)))
    assert (await desk.sheet(roll_call_id(BUREAU, MONDAY.isoformat(), "extra"))).counts.confirmed == 1
    assert (await desk.sheet()).counts.confirmed == 0
    await desk.until(minute(60))
    missing = [one.school_id for one in desk.published if isinstance(one, SchoolMissing) and one.call == "extra"]
    assert "s-1" not in missing


@pytest.mark.parametrize("is_opened_first", [True, False])
async def test_an_excuse_for_the_day_is_for_the_roll_calls_read_before_it(
    database: Database, *, is_opened_first: bool
) -> None:
    """In one unit of work, too: whoever excused a school before an officer opened one more did not speak of that."""
    desk = await open_desk(database)
    await desk.until(minute(30))
    excuse = SchoolExcused(school_id="s-3", date=MONDAY, received_at=minute(30), by=OFFICER, reason="water")
    await desk.say_at_once(*((EXTRA, excuse) if is_opened_first else (excuse, EXTRA)))
    sheet = await desk.sheet(roll_call_id(BUREAU, MONDAY.isoformat(), "extra"))
    assert sheet.counts.excused == int(is_opened_first)
    assert (await desk.sheet()).counts.excused == 1


async def test_two_calls_a_day_are_told_apart_by_the_time_of_the_answer(database: Database) -> None:
    """An answer at seven is the morning's, one at half past seven too, one of the evening the other's."""
    calls = '- {call: a, opens: "06:00", cut_off: "07:00"}\n  - {call: b, opens: "18:00", cut_off: "19:00"}'
    plan = schedule(**{'- {call: daily, opens: "14:00", cut_off: "16:00"}': calls})
    desk = Desk(database, schedules=Schedules([plan]))
    await desk.begin(OPENS - timedelta(hours=10))
    for hours in (-7.0, -6.5, 4.5):
        at = OPENS + timedelta(hours=hours)
        await desk.until(at)
        await desk.say(answered(at, by="p-s-1"))
    a, b = (roll_call_id(BUREAU, MONDAY.isoformat(), name) for name in ("a", "b"))
    assert [len(day.versions) for day in (await desk.days(a)).values() if day.versions] == [2]
    assert [len(day.versions) for day in (await desk.days(b)).values() if day.versions] == [1]


async def test_answer_after_midnight_is_the_nights_that_began_the_day_before(database: Database) -> None:
    """By a code, which names no day: it counts, and a case of that hour speaks against it."""
    night = '- {call: night, opens: "22:00", cut_off: "06:00"}'
    plan = schedule(**{'- {call: daily, opens: "14:00", cut_off: "16:00"}': night})
    desk = Desk(database, schedules=Schedules([plan]))
    ten = OPENS + timedelta(hours=8)
    await desk.begin(ten - timedelta(hours=1))
    await desk.until(ten)
    await desk.until(ten + timedelta(hours=3))
    await desk.say(answered(ten + timedelta(hours=3)))
    hour = ten + timedelta(hours=2.5)
    await desk.say(CaseNoted(school_id="s-1", received_at=ten + timedelta(hours=4), case_id="c-1", happened_at=hour))
    monday = roll_call_id(BUREAU, MONDAY.isoformat(), "night")
    (answer,) = (await desk.days(monday))["s-1"].versions
    assert answer.refused is None
    assert (await desk.sheet(monday)).counts.contradicted == 1


async def test_contradiction_is_published_and_asked(database: Database) -> None:
    """A case of the store that the school may hear of; one that is kept from it is not spoken of."""

    def a_case(case_id: str, school_id: str, state: str, kind: str = "fire", status: str = "open") -> CaseRow:
        return CaseRow(
            case_id, 0, "incident", kind, "III", school_id, status, False, minute(-200), minute(-200), 1, None, state
        )

    desk = await open_desk(database)
    told = minute(-200).isoformat()
    state = f'{{"received_at": "{told}", "excluded": []}}'
    hidden = f'{{"received_at": "{told}", "excluded": ["s-2"]}}'
    async with desk.store.transaction() as unit:
        await unit.save(
            [a_case("c-1", "s-1", state), a_case("c-2", "s-2", hidden), a_case("c-3", "s-3", state, "hazard")]
        )
        await unit.save([a_case("c-4", "s-3", state, status="closed")])
    for school in ("s-1", "s-2", "s-3"):
        await desk.say(answered(minute(-60), by=f"p-{school}", school_id=school))
    found = [(one.school_id, one.case_id) for one in desk.published if isinstance(one, ReportContradicted)]
    assert found == [("s-1", "c-1")]
    assert desk.told() == [("p-s-1", "roll_call_contradicted")]
    assert desk.asked[-1].code
    assert (await desk.sheet()).counts.contradicted == 1
    assert ID in {day.roll_call_id for day in (await desk.days()).values()}
