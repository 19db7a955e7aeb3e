"""Local hours become instants: where clocks are set, at the end of a year, over midnight, in two zones."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from escalation_policies.roll_call.loader import SCHEDULES, parse_schedule
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.window import instant, local_day, windows_on

DAILY = (SCHEDULES / "daily.yaml").read_text(encoding="utf-8")
USUAL = '- {call: daily, opens: "14:00", cut_off: "16:00"}'


def schedule(*calls: tuple[str, str, str], timezone: str | None = None) -> Schedule:
    written = "\n  ".join(f'- {{call: {name}, opens: "{opens}", cut_off: "{end}"}}' for name, opens, end in calls)
    text = DAILY.replace(USUAL, written or USUAL).replace("before: 30m", "before: 1m")
    return parse_schedule(text + (f"timezone: {timezone}\n" if timezone else ""))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "hour", "zone", "expected"),
    [
        (date(2026, 3, 2), time(14), "Asia/Shanghai", "2026-03-02 06:00"),
        (date(2026, 3, 8), time(14), "America/New_York", "2026-03-08 18:00"),
        (date(2026, 3, 8), time(2, 30), "America/New_York", "2026-03-08 07:00"),  # skipped: 03:00 of the new time
        (date(2026, 11, 1), time(1, 30), "America/New_York", "2026-11-01 05:30"),  # comes twice: the first
        (date(2026, 3, 29), time(2, 59, 59), "Europe/Berlin", "2026-03-29 01:00"),
        (date(2026, 4, 5), time(1, 45), "Australia/Lord_Howe", "2026-04-04 14:45"),  # half an hour twice
        (date(2011, 12, 30), time(9), "Pacific/Apia", "2011-12-30 10:00"),  # a day that never was
        (date(2026, 1, 1), time(0, 30), "Asia/Shanghai", "2025-12-31 16:30"),
    ],
)
def test_hour_becomes_an_instant(day: date, hour: time, zone: str, expected: str) -> None:
    """An hour that is skipped is the moment of the skip; one that comes twice is meant the first time."""
    assert instant(day, hour, zone) == utc(expected)


def test_window_has_its_hours_and_closes_after() -> None:
    """The usual day."""
    (window,) = windows_on(schedule(), "b-1", "Asia/Shanghai", date(2026, 3, 2))
    assert (window.opens_at, window.cut_off) == (utc("2026-03-02 06:00"), utc("2026-03-02 08:00"))
    assert window.closes_at == utc("2026-03-02 16:00")
    assert [window.holds(utc(f"2026-03-02 {hour}")) for hour in ("05:59", "06:00", "08:00")] == [False, True, True]
    assert not window.holds(window.cut_off + timedelta(microseconds=1))


def test_zone_of_the_schedule_goes_before_that_of_the_bureau() -> None:
    """One schedule for two bureaus in two zones, or one hour for a whole country."""
    west = windows_on(schedule(), "b-west", "Asia/Urumqi", date(2026, 3, 2))[0]
    east = windows_on(schedule(), "b-east", "Asia/Shanghai", date(2026, 3, 2))[0]
    assert west.opens_at - east.opens_at == timedelta(hours=2)
    fixed = windows_on(schedule(timezone="Asia/Shanghai"), "b-west", "Asia/Urumqi", date(2026, 3, 2))[0]
    assert fixed.opens_at == east.opens_at
    assert fixed.timezone == "Asia/Shanghai"


def test_cut_off_before_the_opening_is_of_the_next_day() -> None:
    """The night round of a boarding school on New Year's Eve."""
    (window,) = windows_on(schedule(("night", "21:30", "00:30")), "b", "Asia/Shanghai", date(2026, 12, 31))
    assert window.date == date(2026, 12, 31)
    assert window.cut_off == utc("2026-12-31 16:30")
    assert window.cut_off - window.opens_at == timedelta(hours=3)


def test_several_calls_come_in_the_order_in_which_they_open() -> None:
    """Whatever order the file has them in."""
    found = windows_on(
        schedule(("late", "18:00", "19:00"), ("early", "08:00", "09:00")), "b", "Asia/Shanghai", date(2026, 3, 2)
    )
    assert [window.call for window in found] == ["early", "late"]


def test_window_inside_a_skipped_hour_keeps_its_length() -> None:
    """Clocks jump from two to three: a window from 02:30 to 02:50 opens at the jump and is as long as ever."""
    (window,) = windows_on(schedule(("w", "02:30", "02:50")), "b", "America/New_York", date(2026, 3, 8))
    assert (window.opens_at, window.cut_off) == (utc("2026-03-08 07:00"), utc("2026-03-08 07:20"))


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-12-31 15:59", "Asia/Shanghai", date(2026, 12, 31)),
        ("2026-12-31 16:00", "Asia/Shanghai", date(2027, 1, 1)),
        ("2027-01-01 04:59", "America/New_York", date(2026, 12, 31)),
    ],
)
def test_day_is_that_of_the_bureau(moment: str, zone: str, day: date) -> None:
    """At the end of a year two bureaus live in two years."""
    assert local_day(schedule(), zone, utc(moment)) == day


def test_night_window_ends_by_the_clock_on_the_wall_when_clocks_are_set() -> None:
    """From 21:30 to 03:30 is seven hours in the night in which an hour comes twice."""
    (window,) = windows_on(schedule(("night", "21:30", "03:30")), "b", "America/New_York", date(2026, 10, 31))
    assert (window.opens_at, window.cut_off) == (utc("2026-11-01 01:30"), utc("2026-11-01 08:30"))
