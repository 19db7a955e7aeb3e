"""The roll-call service on a database, with a clock that stands still and a bus of paper: its real parts, no broker."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any, cast

from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.school_day import SchoolDay
from escalation_policies.roll_call.sheet import Sheet, sheet_of
from events.codec import Encoded, decode, encode
from events.ids import roll_call_id
from events.notification import NotificationRequested
from events.roll_call import RollCallFact
from events.topics import PARTITIONS
from services.roll_call.case_watch import CaseWatch
from services.roll_call.caught_up import CaughtUp
from services.roll_call.consumer import RollCallConsumer
from services.roll_call.opening import Opening
from services.roll_call.plan import Plan
from services.roll_call.rolls import Rolls
from services.roll_call.steps import Steps
from services.roll_call.timers import Timers
from services.runtime.consumption import Consumption, Record
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.keeper import Keeper
from services.runtime.open_calls import OpenCalls
from services.runtime.outbox_rows import OutboxRow, OutboxRows
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.roll_call_rows import RollCallRows, StoredCall
from services.runtime.settings import Settings
from services.runtime.store import Store
from tests.support.intake import StillClock
from tests.support.roll_calls import BUREAU, DIRECTORY, MONDAY, schedule
from tests.support.store_rows import CODE_KEY

TOPIC, NOTICES = "tocsin.zero-reports", "tocsin.notifications"
ID = roll_call_id(BUREAU, MONDAY.isoformat(), "daily")


class _Heard:
    """A bus without a backlog, unless ``reading`` has one."""

    def __init__(self) -> None:
        self.times = 0
        self.reading: Callable[[], Awaitable[None]] | None = None

    async def wait(self) -> bool:
        self.times += 1
        if self.reading is not None:
            await self.reading()
        return True


class Desk:
    """One worker that owns every partition. What it publishes to its own topic comes back at once."""

    def __init__(
        self,
        database: Database,
        directory: DirectorySnapshot = DIRECTORY,
        schedules: Schedules | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.database, self.clock, self.directory = database, StillClock(), directory
        self.store = Store(database)
        self._settings = settings or Settings()
        self._schedules = schedules or Schedules([schedule()])
        self.owned: dict[str, Ownership] = {}
        self._offsets = [0] * PARTITIONS
        self.letters: list[str] = []
        self.asked: list[NotificationRequested] = []
        self.published: list[RollCallFact] = []

    async def begin(self, at: datetime, worker: str = "test") -> None:
        """Start the service, as after a restart: nothing is in memory."""
        await self.claim(worker)
        self.clock.show(at)

        def snapshot() -> DirectorySnapshot:
            return self.directory

        def wake() -> None:
            return None

        self.calls = OpenCalls(self.database, self._schedules, snapshot)
        self.rolls, self.plan = Rolls(snapshot), Plan()
        parts = (self._settings, self.store, self.clock, snapshot)
        self.opening = Opening(*parts, self._schedules, self.calls, self.rolls, CODE_KEY, wake)
        self.steps = Steps(*parts, self.calls, self.rolls, self.plan, CODE_KEY, self.owned.get, wake)
        self.watch = CaseWatch(
            self._settings, self.store, snapshot, self._schedules, lambda: list(self.owned.values()), wake
        )
        keeper = Keeper(OwnershipRows(self.database, worker, 60.0), "roll_call/", 60.0)
        keeper.owned = self.owned
        self.heard = _Heard()
        heard = cast("CaughtUp", self.heard)
        self.timers = Timers(self.database, self.clock, self.calls, self.plan, self.opening, self.steps, heard, keeper)
        consumer = RollCallConsumer(
            self._settings,
            self.clock,
            snapshot,
            self._schedules,
            self.calls,
            CODE_KEY,
            wake,
            claimed=self.timers.claimed,
            lost=self.timers.lost,
            changed=self.timers.look_again,
        )
        self._consumption = Consumption(self.store, self.clock, consumer)

    async def claim(self, worker: str = "test") -> None:
        """Own every partition, and keep what is in memory."""
        rows = OwnershipRows(self.database, worker, 60.0)
        for partition in range(PARTITIONS):
            owned = await rows.claim(f"roll_call/{partition}")
            assert owned is not None
            self.owned[owned.name] = owned

    async def take_over(self, other: "Desk") -> None:
        """Go on where another worker of the same database was, with nothing in memory of what it did."""
        self._offsets = list(other._offsets)
        self.clock.show(other.clock.now())
        await self.claim()

    async def until(self, at: datetime) -> None:
        """Let time pass: open what is due, and take every step; what is published comes back."""
        self.clock.show(at)
        await self.timers.once()
        await self.deliver()

    async def say(self, *facts: RollCallFact, source: str = "/tocsin/intake", at: datetime | None = None) -> None:
        """Produce facts to their homes; they are judged at their own time unless told otherwise."""
        for fact in facts:
            self.clock.show(at or max(self.clock.now(), fact.received_at))
            number = sum(self._offsets)
            encoded = said(fact, number, source)
            await self.produce(home_partition(fact.unit_id), encoded.headers, encoded.value)
        await self.deliver()

    async def say_at_once(self, *facts: RollCallFact, source: str = "/tocsin/intake") -> None:
        """Let the service read facts that wait together in one go, in this order: one unit of work."""
        batches = []
        for number, fact in enumerate(facts, sum(self._offsets)):
            self.clock.show(max(self.clock.now(), fact.received_at))
            encoded, partition = said(fact, number, source), home_partition(fact.unit_id)
            record = Record(TOPIC, partition, self._offsets[partition], b"k", encoded.headers, encoded.value)
            self._offsets[partition] += 1
            batches.append((self.owned[f"roll_call/{partition}"], "id-1", [record]))
        await self._consumption.handle(batches)
        await self.deliver()

    async def produce(self, partition: int, headers: Sequence[tuple[str, bytes]], value: bytes | None) -> None:
        """Let the service read one record."""
        record = Record(TOPIC, partition, self._offsets[partition], b"k", headers, value)
        self._offsets[partition] += 1
        await self._consumption.handle([(self.owned[f"roll_call/{partition}"], "id-1", [record])])

    async def deliver(self) -> None:
        """Carry what waits in the outbox: our own topic comes back, messages are kept to be looked at."""
        rows = OutboxRows(self.database)
        while waiting := await rows.in_order(await rows.pending(list(self.owned), 10_000)):
            await rows.settle([], [row.id for row in waiting])
            for row in waiting:
                await self._carry(row)

    async def _carry(self, row: OutboxRow) -> None:
        if row.topic.endswith(".dead-letter"):
            self.letters.append(dict(row.headers)["tocsin_reason"].decode())
            return
        body = decode(row.headers, row.value).body
        if isinstance(body, NotificationRequested):
            self.asked.append(body)
        elif isinstance(body, RollCallFact):
            self.published.append(body)
        if row.topic == TOPIC:
            await self.produce(home_partition(row.key), row.headers, row.value)

    async def call(self, roll_call: str = ID) -> StoredCall:
        async with self.database.reading() as connection:
            return (await RollCallRows(connection).calls([roll_call]))[roll_call]

    async def days(self, roll_call: str = ID) -> dict[str, SchoolDay]:
        async with self.database.reading() as connection:
            return await RollCallRows(connection).days_in(roll_call)

    async def sheet(self, roll_call: str = ID) -> Sheet:
        """Return the sheet as the store has it now."""
        call = (await self.call(roll_call)).call
        return sheet_of(call, self.rolls.asked(call), await self.days(roll_call), self.clock.now())

    def told(self) -> list[tuple[str, str]]:
        """Return (person, template) of each message asked for, by SMS."""
        return [(one.person_id, one.template) for one in self.asked if one.channel == "sms"]

    def kinds(self) -> list[str]:
        """Return what was published, by the last word of its type."""
        return [type(one).__name__ for one in self.published]


def said(fact: RollCallFact, number: int, source: str) -> Encoded:
    """Return a fact as the ``number``-th record of its producer."""
    return encode(
        fact,
        event_id=f"said-{number}",
        key=fact.unit_id,
        source=source,
        time=fact.received_at,
        event_type=fact.TYPE,
    )


def ids(notices: Collection[NotificationRequested]) -> list[Any]:
    return [one.notification_id for one in notices]
