"""The roll calls in memory: every open one, and those of other days that somebody spoke of lately."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

import structlog

from escalation_policies.roll_call.bureaus import open_by_schedule
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.window import local_day, windows_on
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.roll_call_rows import RollCallRows, StoredCall

log = structlog.get_logger(__name__)
AGAIN_SECONDS = 1.0
KEPT_DAYS = 16_384
"""Days of bureaus kept in memory besides the open ones: late answers speak of yesterday's."""


class OpenCalls:
    """What is known of roll calls here; ``refresh`` brings what other workers changed."""

    def __init__(self, database: Database, schedules: Schedules, directory: Callable[[], DirectorySnapshot]) -> None:
        self._database = database
        self._schedules = schedules
        self._directory = directory
        self._open: dict[str, StoredCall] = {}
        self._taken_up: dict[str, RollCall] = {}
        self._days: OrderedDict[tuple[str, date], dict[str, StoredCall]] = OrderedDict()

    @property
    def open(self) -> Sequence[RollCall]:
        """Return every open roll call as last seen."""
        return [stored.call for stored in self._open.values()]

    def get(self, roll_call_id: str) -> RollCall | None:
        """Return an open roll call."""
        found = self._open.get(roll_call_id)
        return found.call if found is not None else None

    async def refresh(self) -> tuple[list[RollCall], list[str]]:
        """Read what changed; return the roll calls that did, by others or by us, and the ids of those that closed."""
        known = list(self._open)  # what is put here while we read is not closed because we did not see it
        changes = await self.catch_up()
        closed = [one for one in known if one not in changes and one in self._open]
        for gone in closed:
            self._forget_day(self._open.pop(gone).call)
        changed, self._taken_up = self._taken_up, {}
        closed += [one for one, call in changed.items() if call.closed_at is not None]
        return [call for call in changed.values() if call.closed_at is None], closed

    async def catch_up(self) -> Collection[str]:
        """Read what others opened or moved, before something is judged by it; return the ids of all that are open.

        The next ``refresh`` returns what was found here, too.
        """
        async with self._database.reading() as connection:
            rows = RollCallRows(connection)
            changes = await rows.open_changes()
            stale = [one for one, number in changes.items() if one not in self._open or self._is_older(one, number)]
            fresh = await rows.calls(stale) if stale else {}
        for one, stored in fresh.items():
            if one not in self._open or self._is_older(one, stored.changes):
                self.put(stored)
        return changes

    def put(self, stored: StoredCall) -> None:
        """Take up a roll call that was just written or read."""
        call = stored.call
        self._taken_up[call.roll_call_id] = call
        if call.closed_at is None:
            self._open[call.roll_call_id] = stored
        else:
            self._open.pop(call.roll_call_id, None)
        known = self._days.get((call.window.bureau_id, call.window.date))
        if known is not None:
            known[call.roll_call_id] = stored

    async def on(self, bureau_id: str, day: date) -> list[RollCall]:
        """Return a bureau's roll calls of a day: those that are stored, and those that its schedule will open.

        Whatever is not stored yet is judged by what will be: an answer never waits for the opening to be written.
        """
        key = (bureau_id, day)
        if key not in self._days:
            async with self._database.reading() as connection:
                found = await RollCallRows(connection).calls_on(bureau_id, day)
            known = {call.roll_call_id: StoredCall(call, 0) for call in self._planned(bureau_id, day)}
            self._days[key] = known | {stored.call.roll_call_id: stored for stored in found}
            if len(self._days) > KEPT_DAYS:
                self._days.popitem(last=False)
        self._days.move_to_end(key)
        return in_order({one: stored.call for one, stored in self._days[key].items()})

    def day_of(self, bureau_id: str, moment: datetime) -> date | None:
        """Return the day it is at ``moment`` where the bureau is; None when it has no roll calls."""
        schedule, unit = self._schedules.of(bureau_id), self._directory().unit(bureau_id)
        return local_day(schedule, unit.timezone, moment) if schedule is not None and unit is not None else None

    def _planned(self, bureau_id: str, day: date) -> list[RollCall]:
        schedule, unit = self._schedules.of(bureau_id), self._directory().unit(bureau_id)
        if schedule is None or unit is None:
            return []
        decisions = [
            open_by_schedule(schedule, window, unit.name, window.opens_at)
            for window in windows_on(schedule, bureau_id, unit.timezone, day)
        ]
        return [decision.state for decision in decisions if decision.state is not None]

    def _is_older(self, roll_call_id: str, changes: int) -> bool:
        return self._open[roll_call_id].changes < changes

    def _forget_day(self, call: RollCall) -> None:
        self._days.pop((call.window.bureau_id, call.window.date), None)


class LatestCalls:
    """The same for whoever only asks: what others changed is read once a second, when somebody asks.

    ``monotonic`` is real seconds.
    """

    def __init__(self, calls: OpenCalls, monotonic: Callable[[], float]) -> None:
        self._calls = calls
        self._monotonic = monotonic
        self._read_at: float | None = None

    async def on(self, bureau_id: str, day: date) -> list[RollCall]:
        """Return a bureau's roll calls of a day; see ``OpenCalls.on``."""
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= AGAIN_SECONDS:
            self._read_at = now
            await self._calls.refresh()
        return await self._calls.on(bureau_id, day)

    def day_of(self, bureau_id: str, moment: datetime) -> date | None:
        """Return the day it is at ``moment`` where the bureau is; None when it has no roll calls."""
        return self._calls.day_of(bureau_id, moment)


class CallsOfDays(Protocol):
    """Whoever knows the roll calls of a bureau's days."""

    async def on(self, bureau_id: str, day: date) -> list[RollCall]:
        """Return a bureau's roll calls of a day."""
        ...

    def day_of(self, bureau_id: str, moment: datetime) -> date | None:
        """Return the day it is at ``moment`` where the bureau is."""
        ...


async def day_asked(calls: CallsOfDays, bureau_id: str, moment: datetime) -> date | None:
    """Return the day that is meant at ``moment`` when nobody names one; None when the bureau has no roll calls.

    Today where the bureau is. After midnight it is still yesterday while a roll call of yesterday's goes on and none of
    today's has opened: who answers at one in the morning answers the roll call of the night.
    """
    today = calls.day_of(bureau_id, moment)
    if today is None:
        return None
    windows = [call.window for call in await calls.on(bureau_id, today)]
    if any(window.holds(moment) for window in windows):
        return today
    before = today - timedelta(days=1)
    earlier = [call.window for call in await calls.on(bureau_id, before)]
    if any(window.holds(moment) for window in earlier):
        return before
    has_opened, goes_on = (
        any(one.opens_at <= moment for one in windows),
        any(moment < one.closes_at for one in earlier),
    )
    return before if goes_on and not has_opened else today


def in_order(calls: Mapping[str, RollCall]) -> list[RollCall]:
    """Return a day's roll calls, given by id, in the order in which they open."""
    found = list(calls.values())
    return sorted(found, key=lambda call: (call.window.opens_at, call.window.call)) if len(found) > 1 else found


def named(calls: Sequence[RollCall], name: str | None, at: datetime) -> RollCall | None:
    """Return the roll call that is meant: by its name, or else the one whose window holds ``at``.

    After a window, and before the next one opens, the last that opened is meant; before all of them, the first.
    """
    if name is not None:
        return next((call for call in calls if call.window.call == name), None)
    within = [call for call in calls if call.window.holds(at)]
    opened = [call for call in calls if call.window.opens_at <= at]
    return next(iter(within), None) or (opened[-1] if opened else next(iter(calls), None))
