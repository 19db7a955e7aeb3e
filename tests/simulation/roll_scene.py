"""What is known of the roll calls of a life besides the truth, and what can be checked without it."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from events.roll_call import ConfirmedLate, ReportContradicted, RollCallClosed, RollCallOpened, SchoolMissing
from tests.simulation.record import RollCallRecord
from tests.simulation.roll_truth import RollCallTruth
from tests.simulation.timetable import ZONE, Timetable, is_anybody_asked
from tests.simulation.truth import Broken

LOOK_BACK_DAYS = 7
A_UNIT_SECONDS = (1.0, 16.0)
"""Seconds of the loop from the reading of a unit of work to its writing, at most: alive, and where somebody froze."""


@dataclass(frozen=True)
class Scene:
    """What the checks look at, besides the truth."""

    record: RollCallRecord
    timetable: Timetable
    now: datetime
    speed: float
    behind: Sequence[float]
    """When the service gave up waiting for answers, by the loop's time."""
    told_who: dict[str, frozenset[str]] | None
    """Who is told of each step, by step and unit; None when the directory changed."""
    since: datetime | None
    """When roll calls began."""
    is_frozen: bool
    """Some process was frozen for a while."""

    @property
    def a_unit(self) -> timedelta:
        """Return how much of the services' time may lie between a unit's reading and its writing."""
        return timedelta(seconds=A_UNIT_SECONDS[self.is_frozen] * self.speed)


def nothing_is_told_twice(record: RollCallRecord) -> None:
    """Check that each thing was found out under one id, and each message was asked for under one.

    Raises:
        Broken: saying what, and of whom.
    """
    named: Mapping[type, Callable[[Any], tuple[object, ...]]] = {
        RollCallOpened: lambda f: (f.date, f.call, f.by),
        SchoolMissing: lambda f: (f.date, f.call, f.school_id),
        ConfirmedLate: lambda f: (f.date, f.call, f.school_id),
        RollCallClosed: lambda f: (f.date, f.call),
        ReportContradicted: lambda f: (f.date, f.call, f.school_id, f.case_id),
    }
    for kind, name in named.items():
        counts = Counter(name(fact) for fact in record.of(kind).values())
        _once(f"{kind.__name__} was published under two ids", counts)
    asked = Counter((r.case_id, r.step, r.clock, r.contact_id, r.channel) for r in record.requests.values())
    _once("one message was asked for under two ids", asked)


def _once(what: str, counts: Counter[Any]) -> None:
    if twice := [one for one, count in counts.items() if count > 1]:
        raise Broken(f"roll call: {what}: {twice[:3]}")


def all_were_opened(opened: Collection[tuple[date, str]], scene: Scene) -> None:
    """Check that each roll call whose time had come was opened, in time or afterwards.

    Raises:
        Broken: naming one that was not.
    """
    today = scene.now.astimezone(ZONE).date()
    since = scene.since or scene.now
    days = [today - timedelta(days=number) for number in range(LOOK_BACK_DAYS)]
    for day in filter(is_anybody_asked, days):
        for hours, opens, cut_off in scene.timetable.windows(day):
            if opens <= scene.now and cut_off > since and (day, hours.name) not in opened:
                raise Broken(f"roll call: {hours.name} of {day} was to open at {opens}, and did not")


def contradictions_are_true(truth: RollCallTruth, scene: Scene, incidents: dict[str, tuple[str, datetime]]) -> None:
    """Check that a "zero" was held against every case that it was told of, and against no other.

    Raises:
        Broken: naming school and case.
    """
    facts = scene.record.of(ReportContradicted).values()
    told = {(f.date, f.call, f.school_id, f.case_id) for f in facts}
    for fact in facts:
        school_id, happened_at = incidents.get(fact.case_id, ("", scene.now))
        if school_id != fact.school_id or happened_at != fact.happened_at:
            raise Broken(f"roll call: {fact} is about no case of that school")
    for call in truth.stored:
        for school_id, day in call.days.items():
            answer = day.answers[-1] if day.answers else None
            for case_id, happened_at in day.noted.items() if answer is not None else ():
                is_against = answer is not None and answer.status == "zero" and happened_at <= answer.received_at
                if is_against and (call.date, call.name, school_id, case_id) not in told:
                    raise Broken(f"roll call: {school_id} said zero to {call.name} {call.date} in spite of {case_id}")
