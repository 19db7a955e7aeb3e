"""What can be wrong with a schedule that reads well: nobody would hear, or nobody could know which call is meant."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, timedelta

from escalation_policies.durations import format_duration
from escalation_policies.placed_yaml import Finding, Steps
from escalation_policies.roll_call.schedule import Call, Schedule

_LONGEST_CLOSING = timedelta(hours=24)


def scrutinise(schedule: Schedule) -> Iterator[Finding]:
    """Yield what is wrong: where in the document, and what."""
    yield from _calls(["calls"], schedule.calls)
    for number, period in enumerate(schedule.special_periods):
        yield from _calls(["special_periods", number, "calls"], period.calls)
        for other in schedule.special_periods[:number]:
            if other.first_day <= period.last_day and period.first_day <= other.last_day:
                yield ["special_periods", number], f"overlaps {other.name!r}: which of them would hold?"
    yield from _units(schedule)
    yield from _chase(schedule)
    if schedule.closes_after > _LONGEST_CLOSING:
        yield ["closes_after"], "a roll call closes within a day: the next one begins"


def out_of_date(schedule: Schedule, today: date) -> Iterator[Finding]:
    """Yield a finding when the announced holidays of the schedule's calendar ended before the year of ``today``."""
    last = schedule.calendar.known_until
    if last is not None and last.year < today.year and schedule.days == "working_days":
        what = f"the calendar {schedule.calendar.id!r} knows holidays until {last} only: add those of {today.year}"
        yield ["calendar"], what


def _calls(steps: Steps, calls: Sequence[Call]) -> Iterator[Finding]:
    for number in _repeated(call.call for call in calls):
        yield [*steps, number, "call"], f"a day has one roll call {calls[number].call!r}: give each a name of its own"
    for number, call in enumerate(calls):
        for other in calls[:number]:
            if _overlap(call, other):
                what = f"its window overlaps that of {other.call!r}: an answer would belong to either"
                yield [*steps, number], what


def _overlap(one: Call, other: Call) -> bool:
    """Return whether two windows share a moment, today's or tomorrow's."""
    return any(_meet(one, other, days) for days in (-1, 0, 1))


def _meet(one: Call, other: Call, days: int) -> bool:
    start, begin = _since_midnight(one), _since_midnight(other) + timedelta(days=days)
    return start < begin + other.span and begin < start + one.span


def _since_midnight(call: Call) -> timedelta:
    return timedelta(hours=call.opens.hour, minutes=call.opens.minute, seconds=call.opens.second)


def _units(schedule: Schedule) -> Iterator[Finding]:
    places = [(number, place) for number, rule in enumerate(schedule.schools) for place in range(len(rule.units))]
    for index in _repeated(schedule.schools[number].units[place] for number, place in places):
        number, place = places[index]
        unit = schedule.schools[number].units[place]
        yield ["schools", number, "units", place], f"{unit!r} is named twice: which rule would hold?"


def _chase(schedule: Schedule) -> Iterator[Finding]:
    chase = schedule.chase
    for number in _repeated(step.step for step in chase):
        yield ["chase", number, "step"], f"a step {chase[number].step!r} is there already"
    for number, step in enumerate(chase):
        if number and step.offset < chase[number - 1].offset:
            yield ["chase", number], f"comes before {chase[number - 1].step!r}: give the steps in order"
        if step.offset >= schedule.closes_after:
            yield ["chase", number, "after"], f"the roll call is closed {format_duration(schedule.closes_after)} after"
        if step.before is not None and step.about != "school":
            yield ["chase", number, "before"], "before the cut-off only schools are reminded: nobody is missing yet"
        if step.before is not None and step.before >= (shortest := _shortest(schedule)):
            yield ["chase", number, "before"], f"the shortest window is {format_duration(shortest)}: it is not open yet"
    yield from _nobody_unnoticed(schedule)


def _nobody_unnoticed(schedule: Schedule) -> Iterator[Finding]:
    """Find schedules under which a missing school could stay unknown."""
    at_or_after = [step for step in schedule.chase if step.before is None]
    if not any(step.about == "school" for step in at_or_after):
        yield ["chase"], "no step tells a school that it is missing, at the cut-off or after it"
    if not any(step.about == "bureau" for step in at_or_after):
        yield ["chase"], "no step tells the bureau: a missing school would stay unnoticed"
    schools = [step.offset for step in at_or_after if step.about == "school"]
    for number, step in enumerate(schedule.chase):
        if step.about != "school" and step.before is None and schools and step.offset < min(schools):
            yield ["chase", number], "is told before the schools are"


def _shortest(schedule: Schedule) -> timedelta:
    calls = [*schedule.calls, *(call for period in schedule.special_periods for call in period.calls)]
    return min(call.span for call in calls)


def _repeated(values: Iterable[Hashable]) -> Iterator[int]:
    """Yield the place of each value that was there before."""
    seen: set[Hashable] = set()
    for number, value in enumerate(values):
        if value in seen:
            yield number
        seen.add(value)
