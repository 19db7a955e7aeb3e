"""The rosters of the file: judged by the clock on the wall, and written out as shifts with dates."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

from events.directory import Shift
from services.directory.file_format import RosterEntry, WeeklyEntry
from services.directory.file_section import Section

WEEK = timedelta(days=7)


def check_roster(roster: RosterEntry) -> None:
    """Tell of shifts that end before they begin, and of two people who keep one duty at once."""
    _check_shifts(roster)
    _check_week(roster)


def shifts_of(roster: RosterEntry, days: Sequence[date], zone: ZoneInfo) -> list[Shift]:
    """Return the pattern written out for ``days`` of ``zone``, with the dated shifts before it."""
    dated = [
        Shift.model_validate({"start": one.start, "end": one.end, "person_id": one.person}) for one in roster.shifts
    ]
    pattern = sorted(
        (start, end, entry.person or "")
        for day in days
        for entry in roster.weekly
        if day.weekday() in entry.days
        for start, end in _hours(entry, day, zone)
        if start < end
    )
    # An hour that the clocks skip is read as the hour after it. So a shift may run into the next, which wins then, and
    # one that lies in the skipped hour may end before it begins: nobody keeps it.
    limits = [*(start for start, _, _ in pattern), datetime.max.replace(tzinfo=UTC)][1 : len(pattern) + 1]
    shifts = [
        Shift(start=start, end=min(end, limit), person_id=person)
        for (start, end, person), limit in zip(pattern, limits, strict=True)
        if start < min(end, limit)
    ]
    for taken in dated:
        shifts = [rest for shift in shifts for rest in _without(shift, taken)]
    return sorted([*shifts, *dated], key=lambda shift: shift.start)


def _check_shifts(roster: RosterEntry) -> None:
    for shift in roster.shifts:
        if shift.start is not None and shift.end is not None and shift.end <= shift.start:
            shift.section.error("end", "is not after `start`")
    timed = [
        (one.start, one.end, one.section)
        for one in roster.shifts
        if one.start is not None and one.end is not None and one.start < one.end
    ]
    _check_apart(sorted(timed, key=lambda one: one[0]))


def _check_week(roster: RosterEntry) -> None:
    """Judge the pattern by the clock on the wall, so that the verdict is the same in every week of the year."""
    monday = datetime(2001, 1, 1, tzinfo=UTC)  # any Monday
    timed = [
        (start, end, entry.section)
        for entry in roster.weekly
        for day in entry.days
        for start, end in _hours(entry, (monday + timedelta(days=day)).date(), UTC)
    ]
    timed.sort(key=lambda one: one[0])
    # The week is round: its last shift is followed by its first.
    _check_apart(timed + [(start + WEEK, end + WEEK, section) for start, end, section in timed[:1]])


def _check_apart(timed: list[tuple[datetime, datetime, Section]]) -> None:
    told: set[str] = set()
    for (_, end, section), (start, _, following) in pairwise(timed):
        if start < end and following.path not in told:
            told.add(following.path)
            following.error(None, f"overlaps {section.path}; for two at once, write a second roster of this role")


def _hours(entry: WeeklyEntry, day: date, zone: tzinfo) -> Iterator[tuple[datetime, datetime]]:
    if entry.start is not None and entry.end is not None:
        until = day + timedelta(days=1) if entry.end <= entry.start else day
        yield _instant(day, entry.start, zone), _instant(until, entry.end, zone)


def _instant(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


def _without(shift: Shift, taken: Shift) -> Iterator[Shift]:
    """Yield what is left of a shift outside the other."""
    if taken.end <= shift.start or shift.end <= taken.start:
        yield shift
        return
    if shift.start < taken.start:
        yield shift.model_copy(update={"end": taken.start})
    if taken.end < shift.end:
        yield shift.model_copy(update={"start": taken.end})
