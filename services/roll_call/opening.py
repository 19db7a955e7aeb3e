"""Opens roll calls when their time has come, or had come while nobody was there to open them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.roll_call.bureaus import open_by_schedule
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.window import Window, local_day, windows_on
from events.directory import UnitRecorded
from events.ids import roll_call_id
from services.roll_call.docket import Docket
from services.roll_call.rolls import Rolls
from services.runtime.clock import Clock
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.open_calls import OpenCalls
from services.runtime.ownership import Ownership
from services.runtime.remembered_facts import recall, remembering
from services.runtime.settings import Settings
from services.runtime.store import Store

log = structlog.get_logger(__name__)
SINCE = "roll_calls_since"
"""When roll calls began here: those that ended before are nobody's."""

LOOK_BACK_DAYS = 7
"""How long the service may have been away for its roll calls to be opened afterwards, so that their answers count."""

MOST_DONE = 100_000
"""Roll calls remembered as looked at before those of other weeks are forgotten."""

AT_ONCE = 200
"""Most roll calls opened in one unit of work."""


class Opening:
    """Opens the roll calls of the bureaus whose home partitions are ours."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        directory: Callable[[], DirectorySnapshot],
        schedules: Schedules,
        calls: OpenCalls,
        rolls: Rolls,
        code_key: bytes,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._directory = directory
        self._schedules = schedules
        self._calls = calls
        self._rolls = rolls
        self._code_key = code_key
        self._wake = wake
        self._since: datetime | None = None
        self._seen: DirectorySnapshot | None = None
        self._next: dict[str, datetime] = {}
        self._done: dict[str, date] = {}

    def next_at(self, now: datetime) -> datetime | None:
        """Return when the next roll call of ours opens; None while there is none within two days."""
        return min((at for at in self._next.values() if at > now), default=None)

    async def open_due(self, owned: Mapping[str, Ownership]) -> list[RollCall]:
        """Open what is due at bureaus whose home one of ``owned`` is; return what was opened.

        Raises:
            StaleEpoch: some of ``owned`` belong to somebody else now; nothing was opened.
        """
        now = self._clock.now()
        if self._directory() is not self._seen:
            self._seen = self._directory()
            self._next.clear()
        claims = {claim.partition: claim for claim in owned.values()}
        opened: list[RollCall] = []
        due: list[tuple[Ownership, UnitRecorded, Window]] = []
        for unit in self._directory().bureaus():
            claim = claims.get(home_partition(unit.unit_id))
            if claim is None:
                self._next.pop(unit.unit_id, None)
            elif self._next.get(unit.unit_id, now) <= now:
                due += [(claim, unit, window) for window in self._due_windows(unit, now)]
        for start in range(0, len(due), AT_ONCE):
            opened += await self._open(due[start : start + AT_ONCE], now)
        return opened

    def _due_windows(self, unit: UnitRecorded, now: datetime) -> Iterator[Window]:
        """Yield the windows of a bureau that have opened, and note when the next one does."""
        schedule = self._schedules.of(unit.unit_id)
        if schedule is None:
            self._next[unit.unit_id] = now + timedelta(days=2)
            return
        today = local_day(schedule, unit.timezone, now)
        ahead = now + timedelta(days=2)
        for day in (today + timedelta(days=number) for number in range(-LOOK_BACK_DAYS, 3)):
            for window in windows_on(schedule, unit.unit_id, unit.timezone, day):
                if window.opens_at > now:
                    ahead = min(ahead, window.opens_at)
                elif roll_call_id(unit.unit_id, day.isoformat(), window.call) not in self._done:
                    yield window
        self._next[unit.unit_id] = ahead
        if len(self._done) > MOST_DONE:
            self._done = {one: day for one, day in self._done.items() if (today - day).days <= LOOK_BACK_DAYS}

    async def _open(self, due: list[tuple[Ownership, UnitRecorded, Window]], now: datetime) -> list[RollCall]:
        opened: list[RollCall] = []
        async with self._store.transaction(*dict.fromkeys(claim for claim, _, _ in due)) as unit:
            since = await self._began(unit.connection, now)
            if self._since is None:
                await unit.write(remembering(unit.connection, SINCE, since.isoformat()))
            docket = Docket(unit, self._directory(), self._settings, self._code_key, now)
            ids = {_id(window): window for _, _, window in due}
            there = await docket.rows.calls(ids)
            for claim, bureau, window in due:
                schedule = self._schedules.of(bureau.unit_id)
                assert schedule is not None
                decision = open_by_schedule(schedule, window, bureau.name, now)
                call = decision.state
                if call is None or _id(window) in there or window.cut_off <= since or not self._rolls.asked(call):
                    continue
                docket.take(claim, decision, 0)
                opened.append(call)
            await docket.write()
        self._since = since
        self._done.update({one: window.date for one, window in ids.items()})
        for stored in docket.calls.values():
            self._calls.put(stored)
            window = stored.call.window
            log.info("roll_call.opened", bureau=window.bureau_id, date=window.date.isoformat(), call=window.call)
        if opened:
            self._wake()
        return opened

    async def _began(self, connection: AsyncConnection, now: datetime) -> datetime:
        if self._since is not None:
            return self._since
        known = await recall(connection, SINCE)
        return datetime.fromisoformat(known) if known is not None else now


def _id(window: Window) -> str:
    return roll_call_id(window.bureau_id, window.date.isoformat(), window.call)
