"""When a roll call of a date opens, ends and closes: local hours turned into instants, in any zone and year."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from escalation_policies.roll_call.schedule import Call, Schedule
from events.base import Frozen, Utc
from events.roll_call import CallName

_SECOND = timedelta(seconds=1)


class Window(Frozen):
    """The instants of one roll call."""

    bureau_id: str
    date: date
    call: CallName
    timezone: str
    opens_at: Utc
    cut_off: Utc
    closes_at: Utc

    def holds(self, moment: datetime) -> bool:
        """Return whether an answer received at ``moment`` is in time."""
        return self.opens_at <= moment <= self.cut_off


def windows_on(schedule: Schedule, bureau_id: str, timezone: str, day: date) -> tuple[Window, ...]:
    """Return the roll calls of ``day`` in the order in which they open, whether or not any school is asked.

    ``timezone`` is the bureau's own: it counts where the schedule names none.
    """
    zone = schedule.timezone or timezone
    found = [_window(schedule, bureau_id, zone, day, call) for call in schedule.calls_on(day)]
    return tuple(sorted(found, key=lambda window: (window.opens_at, window.call)))


def local_day(schedule: Schedule, timezone: str, moment: datetime) -> date:
    """Return the day that it is at ``moment`` where the bureau is."""
    return moment.astimezone(_zone(schedule.timezone or timezone)).date()


def _window(schedule: Schedule, bureau_id: str, zone: str, day: date, call: Call) -> Window:
    opens = instant(day, call.opens, zone)
    end = instant(day if call.cut_off > call.opens else day + timedelta(days=1), call.cut_off, zone)
    if end <= opens:  # an hour that clocks leave out moved the opening behind it: the window keeps its length
        end = opens + call.span
    return Window(
        bureau_id=bureau_id,
        date=day,
        call=call.call,
        timezone=zone,
        opens_at=opens,
        cut_off=end,
        closes_at=end + schedule.closes_after,
    )


def instant(day: date, hour: time, zone: str) -> datetime:
    """Return the instant of a local hour, in UTC.

    An hour that comes twice (clocks set back) is meant the first time; one that does not come at all (clocks set
    forward) is the instant at which it is skipped.
    """
    where = _zone(zone)
    found = datetime.combine(day, hour, tzinfo=where).astimezone(UTC)
    if found.astimezone(where).replace(tzinfo=None) == datetime.combine(day, hour):
        return found
    before = found - timedelta(days=1)
    while found - before > _SECOND:  # the offset changes once in between: that instant is meant
        middle = before + (found - before) / 2
        if middle.astimezone(where).utcoffset() == found.astimezone(where).utcoffset():
            found = middle
        else:
            before = middle
    return found.replace(microsecond=0)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
