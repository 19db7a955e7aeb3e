"""Terms of law: from the day after, to the last second of the last day, where the office is (民法典 arts 201–203)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from escalation_policies.calendar import Calendar, Term
from tests.support.scenario import shipped

CN = shipped().for_kind("petition").calendar
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: str, hour: int = 10, zone: str = "Asia/Shanghai") -> datetime:
    """Return an hour of a local day."""
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def last_day(calendar: Calendar, term: Term, start: datetime) -> date:
    """Return the last day that belongs to a term."""
    return calendar.local_day(calendar.end(term, start) - timedelta(microseconds=1))


def test_end_of_a_day_is_told_in_utc() -> None:
    """Wherever the machine stands: what is stored and carried has one time zone."""
    end = CN.end_of(date(2026, 9, 1))
    assert end.tzinfo is UTC
    assert end == datetime(2026, 9, 1, 16, tzinfo=UTC)


def test_term_is_said_as_people_say_it() -> None:
    """Days are not working days, and the difference is a week."""
    assert (str(Term(days=15)), str(Term(working_days=5))) == ("15 days", "5 working days")


@pytest.mark.parametrize(
    ("start", "days", "ends"),
    [
        ("2026-09-01", 15, "2026-09-16"),  # the day of receipt does not count
        ("2026-09-04", 15, "2026-09-20"),  # the 19th is a Saturday, the 20th a Sunday that is worked
        ("2026-09-16", 15, "2026-10-08"),  # 1 October and the week of the holiday
        ("2025-12-17", 15, "2026-01-04"),  # over the year's end: New Year, and a Sunday that is worked
        ("2026-05-20", 60, "2026-07-20"),  # the 19th of July is a Sunday
        ("2024-02-28", 1, "2024-02-29"),
    ],
)
def test_term_in_days_ends_with_a_working_day(start: str, days: int, ends: str) -> None:
    """Calendar days are counted from the day after; a last day that is free gives way to the next that is worked."""
    assert last_day(CN, Term(days=days), at(start)) == date.fromisoformat(ends)


@pytest.mark.parametrize(
    ("start", "working_days", "ends"),
    [
        ("2026-09-01", 5, "2026-09-08"),  # one weekend between
        ("2026-09-17", 5, "2026-09-23"),  # Sunday the 20th is worked, Saturday the 19th is not
        ("2026-09-30", 5, "2026-10-13"),  # the holiday counts nothing, Saturday 10 October is worked
        ("2025-12-31", 1, "2026-01-04"),
        ("2026-02-13", 2, "2026-02-24"),  # Saturday 14 February is worked, then Spring Festival
        ("2026-09-05", 1, "2026-09-07"),  # filed on a Saturday
    ],
)
def test_term_in_working_days_counts_no_free_day(start: str, working_days: int, ends: str) -> None:
    """Weekends and holidays are passed over, make-up days count."""
    assert last_day(CN, Term(working_days=working_days), at(start)) == date.fromisoformat(ends)


def test_term_ends_with_its_last_second_in_local_time() -> None:
    """Midnight in Shanghai, which is 16:00 UTC."""
    assert CN.end(Term(days=15), at("2026-09-01")) == datetime(2026, 9, 16, 16, tzinfo=UTC)


@pytest.mark.parametrize("hour", [0, 12, 23])
def test_hour_of_the_start_does_not_matter(hour: int) -> None:
    """Whoever files at one minute to midnight has the same last day as who filed that morning."""
    assert CN.end(Term(days=15), at("2026-09-01", hour)) == CN.end(Term(days=15), at("2026-09-01"))


def test_day_of_the_start_is_the_local_one() -> None:
    """20:00 UTC on the 1st is the 2nd in Shanghai."""
    start = datetime(2026, 9, 1, 20, tzinfo=UTC)
    assert last_day(CN, Term(days=15), start) == date(2026, 9, 17)


@pytest.mark.parametrize(
    ("zone", "start", "ends"),
    [
        ("Europe/Berlin", "2026-03-26", "2026-03-30T22:00"),  # summer time began on the 29th
        ("Europe/Berlin", "2026-10-22", "2026-10-26T23:00"),  # and ended on the 25th
        ("America/New_York", "2026-10-29", "2026-11-03T05:00"),  # the 1st of November is a Sunday
    ],
)
def test_days_are_local_days_where_clocks_are_changed(zone: str, start: str, ends: str) -> None:
    """A day of 23 or 25 hours is a day."""
    calendar = Calendar(timezone=zone)
    assert calendar.end(Term(days=4), at(start, zone=zone)) == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_day_without_a_midnight_ends_when_the_next_one_begins() -> None:
    """In Cairo the last Friday of April begins at 01:00; Thursday ends at that instant, not an hour later."""
    calendar = Calendar(timezone="Africa/Cairo")
    assert calendar.end_of(date(2026, 4, 23)) == datetime(2026, 4, 23, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-10-01", False),  # a Thursday that is free
        ("2026-10-10", True),  # a Saturday that is worked
        ("2026-10-11", False),
        ("2026-10-12", True),
        ("2028-10-02", True),  # beyond what is announced: by weekday alone
    ],
)
def test_working_days_are_the_announced_ones(day: str, working: bool) -> None:
    """Holidays and make-up days are data; the rest is the week."""
    assert CN.is_working(date.fromisoformat(day)) is working


def test_calendar_without_a_working_day_says_that_it_is_wrong() -> None:
    """A list that frees every day is a mistake in the data, and named as such."""
    free = tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(100))
    with pytest.raises(ValueError, match="no working day within 60 days"):
        Calendar(id="idle", holidays=free).end(Term(days=1), at("2026-01-01"))


@pytest.mark.parametrize(
    "fields",
    [
        {"timezone": "Mars/Olympus"},
        {"holidays": ["2026-10-01"], "working": ["2026-10-01"]},
    ],
)
def test_calendar_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    """An unknown zone, or a day both free and worked."""
    with pytest.raises(ValidationError):
        Calendar.model_validate(fields)


@pytest.mark.parametrize("fields", [{}, {"days": 1, "working_days": 1}, {"days": 0}])
def test_term_is_one_span_of_at_least_a_day(fields: dict[str, int]) -> None:
    """In days or in working days, never both or neither."""
    with pytest.raises(ValidationError):
        Term.model_validate(fields)
