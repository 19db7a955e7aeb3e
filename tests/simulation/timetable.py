"""The roll calls of a life: a short schedule, drawn with dice of its own, and its hours told independently."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from random import Random
from typing import Any

from escalation_policies.durations import format_duration
from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.scrutiny import scrutinise
from tests.simulation.machine import BOOT
from tests.simulation.plan import Plan

ZONE = timezone(timedelta(hours=8))
"""Asia/Shanghai, which sets no clocks."""
BUREAU = "bureau"
BOARDING = "school-3"
"""The school that is asked on Sundays, too."""
SATURDAY, SUNDAY = 5, 6
_MORNING = BOOT.astimezone(ZONE).replace(hour=0, minute=0)
_LATEST_OPENING = timedelta(hours=14)
"""How long after the boot a roll call opens at the latest: it opens on the day that its hours name."""


@dataclass(frozen=True)
class Hours:
    """One roll call of each day: when it opens, seen from midnight, and how long it may be answered."""

    name: str
    opens: timedelta
    span: timedelta


@dataclass(frozen=True)
class Timetable:
    """The schedule of the county's roll calls, and what it comes to."""

    schedules: Schedules
    hours: Sequence[Hours]

    @property
    def schedule(self) -> Schedule:
        """Return the one schedule that there is."""
        return self.schedules.schedules[0]

    def windows(self, day: date) -> Iterator[tuple[Hours, datetime, datetime]]:
        """Yield each roll call of a day, with its opening and its first cut-off, whether or not anybody is asked."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZONE)
        for hours in self.hours:
            opens = (midnight + hours.opens).astimezone(UTC)
            yield hours, opens, opens + hours.span


def is_anybody_asked(day: date) -> bool:
    """Return whether a day has roll calls."""
    return day.weekday() != SATURDAY


def is_asked(school_id: str, day: date) -> bool:
    """Return whether a school is asked on a day."""
    return day.weekday() < SATURDAY or (day.weekday() == SUNDAY and school_id == BOARDING)


def draw_timetable(rng: Random, plan: Plan) -> Timetable:
    """Return a timetable by which a life sees one or two roll calls, or the beginning of one."""
    life = plan.speed * plan.seconds * rng.choice([0.6, 1, 1, 2.5])
    hours, begin = [], life * rng.uniform(0.02, 0.15)
    for name in ("first", "second")[: rng.randint(1, 2)]:
        opens, span = _whole(begin, 0), _whole(life * rng.uniform(0.25, 0.4), 20)
        if opens < _LATEST_OPENING:
            hours.append(Hours(name, BOOT - _MORNING + opens, span))
        begin = (opens + span).total_seconds() + life * rng.uniform(0.02, 0.1) + 1
    schedule = Schedule.model_validate(_written(rng, hours))
    assert not list(scrutinise(schedule)), list(scrutinise(schedule))
    return Timetable(Schedules([schedule]), hours)


def _whole(seconds: float, least: int) -> timedelta:
    return timedelta(seconds=max(least, int(seconds)))


def _written(rng: Random, hours: Sequence[Hours]) -> dict[str, Any]:
    """Return the schedule as somebody would write it. Its steps stand where the shortest window bears them."""
    span = min(one.span for one in hours).total_seconds()
    channels = rng.choice([["sms"], ["sms"], ["sms", "voice"]])
    return {
        "id": "simulated", "version": 1, "title": "Every day", "bureaus": [BUREAU], "timezone": "Asia/Shanghai",
        "calls": [
            {"call": one.name, "opens": _hour(one.opens), "cut_off": _hour(one.opens + one.span)} for one in hours
        ],
        "schools": [{"name": "boarding", "units": [BOARDING], "also_on": ["sunday"]}],
        "confirm_by": [
            {"role": "principal"}, {"role": "deputy_principal"}, {"on_duty": "school_leader"},
            {"role": "district_director", "at": "parent"}, {"role": "district_deputy", "at": "parent"},
        ],
        "excuse_by": [
            {"role": "district_director", "at": "parent"}, {"on_duty": "duty_officer", "at": {"ancestor": "bureau"}},
        ],
        "chase": [
            {"step": "reminder", "about": "school", "before": _span(0.3 * span), "tell": [{"role": "principal"}]},
            {
                "step": "missing", "about": "school", "channels": channels,
                "tell": [{"role": "principal"}, {"on_duty": "school_leader"}],
                "fallback": [{"role": "deputy_principal"}],
            },
            {
                "step": "district", "about": "district", "after": _span(0.1 * span), "channels": ["sms", "email"],
                "tell": [{"role": "district_director"}], "fallback": [{"role": "district_deputy"}],
            },
            {
                "step": "bureau", "about": "bureau", "after": _span(0.2 * span), "channels": ["sms", "email"],
                "tell": [{"on_duty": "duty_officer"}], "fallback": [{"role": "duty_officer"}],
            },
        ],
        "contradiction": {
            "ask": [{"role": "principal"}], "flag": [{"on_duty": "duty_officer", "at": {"ancestor": "bureau"}}],
        },
        "spread": _span(rng.choice([0.001, 0.05]) * span),
        "closes_after": _span(0.5 * span),
    }  # fmt: skip


def _span(seconds: float) -> str:
    return format_duration(timedelta(seconds=max(1, int(seconds))))


def _hour(since_midnight: timedelta) -> str:
    return f"{(_MORNING + since_midnight):%H:%M:%S}"
