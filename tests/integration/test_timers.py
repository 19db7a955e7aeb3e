"""The timers: deadlines fire from the store and from memory, for owned partitions only, and never not at all."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from events.incident import IncidentFiled, UpwardReportFiled
from services.escalation.docket import Docket
from services.escalation.timers import BATCH, Timers
from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.keeper import Keeper
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import journal
from tests.support.intake import LAKE, NOW, PRINCIPAL, StillClock
from tests.support.store_rows import CODE_KEY, a_case, claim, escalation_on, rows_of

NAME = "escalation/0"
HORIZON = timedelta(minutes=10)
PATIENCE = 3.0
MINUTE = timedelta(minutes=1)


class Firing:
    """Counts what is fired, and does something after it; fails as often as told first."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.after: Callable[[], None] = lambda: None
        self.fired, self.dropped = list[str](), list[str]()

    async def __call__(self, due: Mapping[str, Sequence[str]]) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.fired += [case_id for cases in due.values() for case_id in cases]
        self.after()

    async def until(self, *expected: str) -> None:
        """Wait until these were fired, and nothing else."""
        async with asyncio.timeout(PATIENCE):
            while len(self.fired) < len(expected):  # noqa: ASYNC110 - what is waited for is a count
                await asyncio.sleep(0.005)
        assert sorted(self.fired) == sorted(expected)


@asynccontextmanager
async def running(timers: Timers, firing: Firing) -> AsyncIterator[None]:
    async def drop(name: str) -> None:
        firing.dropped.append(name)
        timers.drop(name)

    task = asyncio.create_task(timers.run(firing, drop))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def store_deadlines(database: Database, deadlines: Mapping[str, datetime], partition: int = 0) -> None:
    async with Store(database).transaction() as unit:
        await unit.save([a_case(case_id, partition, due) for case_id, due in deadlines.items()])


def away() -> OperationalError:
    return OperationalError("SELECT 1", {}, ConnectionError("the database is away"))


async def test_late_partitions_share_each_unit_of_work(database: Database) -> None:
    """A mass of deadlines due at once in one partition does not make those of another wait until it is done."""
    clock, firing = StillClock(), Firing()
    await store_deadlines(database, {f"mass-{number:03}": NOW - MINUTE for number in range(3 * BATCH)})
    await store_deadlines(database, {"beside": NOW}, partition=1)
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    await timers.load("escalation/1")
    async with running(timers, firing):
        await firing.until("beside", *(f"mass-{number:03}" for number in range(3 * BATCH)))
    assert firing.fired.index("beside") < BATCH


async def test_what_comes_due_during_a_mass_does_not_wait_for_all_of_it(database: Database) -> None:
    """Three units are due at one moment; what comes due after the first of them is in the next."""
    clock, firing = StillClock(), Firing()
    await store_deadlines(database, {f"mass-{number:03}": NOW for number in range(3 * BATCH)} | {"next": NOW + MINUTE})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    firing.after = lambda: clock.show(NOW + MINUTE)
    async with running(timers, firing):
        await firing.until("next", *(f"mass-{number:03}" for number in range(3 * BATCH)))
    assert BATCH <= firing.fired.index("next") < 2 * BATCH


async def test_due_deadlines_fire_and_later_ones_wait(database: Database) -> None:
    """What has come is fired, in one call; what has not waits for its time."""
    clock, firing = StillClock(), Firing()
    await store_deadlines(database, {"now": NOW, "before": NOW - MINUTE, "soon": NOW + MINUTE})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    async with running(timers, firing):
        await firing.until("before", "now")
        clock.show(NOW + MINUTE)
        await firing.until("before", "now", "soon")


async def test_deadline_outside_the_horizon_is_not_held(database: Database) -> None:
    """Only what lies inside the horizon takes memory; what is put beyond it is the store's to remember."""
    clock, firing = StillClock(), Firing()
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    timers.put(NAME, NOW + 2 * HORIZON, "far, and in memory alone")
    timers.put(NAME, NOW + MINUTE, "near")
    timers.put(NAME, None, "without a deadline")
    clock.show(NOW + 3 * HORIZON)
    async with running(timers, firing):
        await firing.until("near")
        await asyncio.sleep(0.05)
    assert firing.fired == ["near"]


async def test_refill_brings_deadlines_that_came_inside_the_horizon(database: Database) -> None:
    """A deadline beyond the horizon at the load fires when its time comes, without anybody telling the timers."""
    clock, firing = StillClock(), Firing()
    await store_deadlines(database, {"far": NOW + 2 * HORIZON})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    async with running(timers, firing):
        clock.show(NOW + 1.5 * HORIZON)
        await asyncio.sleep(0.05)
        assert firing.fired == []
        clock.show(NOW + 2 * HORIZON)
        await firing.until("far")


async def test_dropped_partition_fires_nothing(database: Database) -> None:
    """After a partition is lost its deadlines are somebody else's, those held and those put later."""
    clock, firing = StillClock(), Firing()
    await store_deadlines(database, {"lost": NOW + MINUTE})
    await store_deadlines(database, {"kept": NOW + MINUTE}, partition=1)
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    await timers.load("escalation/1")
    timers.drop(NAME)
    timers.put(NAME, NOW + MINUTE, "put after the loss")
    clock.show(NOW + MINUTE)
    async with running(timers, firing):
        await firing.until("kept")
        await asyncio.sleep(0.05)
    assert firing.fired == ["kept"]


class SlowStore(Store):
    """A store whose answer about deadlines is on its way until it is let through."""

    def __init__(self, database: Database, *failures: Exception) -> None:
        super().__init__(database)
        self.asked, self.answer = asyncio.Event(), asyncio.Event()
        self._failures = list(failures)

    async def due(self, partition: int, before: datetime, limit: int) -> list[tuple[datetime, str]]:
        found = await super().due(partition, before, limit)
        self.asked.set()
        await self.answer.wait()
        if self._failures:
            raise self._failures.pop(0)
        return found


async def test_deadline_put_during_the_load_is_kept(database: Database) -> None:
    """What is committed while the load reads is not in its answer, and fires all the same."""
    clock, firing, store = StillClock(), Firing(), SlowStore(database)
    await store_deadlines(database, {"stored": NOW})
    timers = Timers(store, clock, HORIZON)
    loading = asyncio.create_task(timers.load(NAME))
    await store.asked.wait()
    timers.put(NAME, NOW, "put meanwhile")
    store.answer.set()
    await loading
    async with running(timers, firing):
        await firing.until("stored", "put meanwhile")


async def test_partition_dropped_during_the_load_fires_nothing(database: Database) -> None:
    """A partition lost while its deadlines are read does not come back with the answer."""
    clock, firing, store = StillClock(), Firing(), SlowStore(database)
    await store_deadlines(database, {"lost": NOW})
    timers = Timers(store, clock, HORIZON)
    loading = asyncio.create_task(timers.load(NAME))
    await store.asked.wait()
    timers.drop(NAME)
    store.answer.set()
    await loading
    async with running(timers, firing):
        await asyncio.sleep(0.05)
    assert firing.fired == []


async def test_firing_goes_on_after_the_database_was_away(database: Database) -> None:
    """Deadlines that met a database that is away fire when it is back: late, but none is missing."""
    clock, firing = StillClock(), Firing(away(), away(), away())
    await store_deadlines(database, {"a": NOW, "b": NOW})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    async with running(timers, firing):
        await firing.until("a", "b")
        timers.put(NAME, NOW, "c")
        await firing.until("a", "b", "c")


async def test_partition_found_stale_is_dropped_and_the_others_fire(database: Database) -> None:
    """One partition that belongs to somebody else does not keep the others' deadlines from firing."""
    clock, firing = StillClock(), Firing(StaleEpoch([NAME]))
    await store_deadlines(database, {"lost": NOW})
    await store_deadlines(database, {"kept": NOW}, partition=1)
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    await timers.load("escalation/1")
    async with running(timers, firing):
        await firing.until("kept")
    assert firing.dropped == [NAME]


class Taker:
    """Loads a partition's deadlines when it is claimed, as the escalation service does."""

    def __init__(self, timers: Timers) -> None:
        self._timers = timers

    async def claimed(self, owned: Ownership) -> None:
        await self._timers.load(owned.name)

    async def lost(self, owned: Ownership) -> None:
        self._timers.drop(owned.name)


async def test_partition_taken_over_while_the_database_stumbles_is_loaded(database: Database) -> None:
    """The claim went through and the load did not: the deadlines fire all the same, not half a horizon later."""
    clock, firing, store = StillClock(), Firing(), SlowStore(database, away())
    store.answer.set()
    await store_deadlines(database, {"orphan": NOW})
    await claim(database, NAME, lease_seconds=-1)
    timers = Timers(store, clock, HORIZON)
    keeper = Keeper(OwnershipRows(database, "other", 60.0), "escalation/", lease_seconds=0.1)
    keeper.listen(Taker(timers))
    keeping = asyncio.create_task(keeper.run())
    try:
        async with running(timers, firing):
            await firing.until("orphan")
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_stale_entry_does_nothing(database: Database) -> None:
    """A deadline held in memory whose clock was stopped meanwhile costs one look at its case and changes nothing."""
    clock, owned = StillClock(), await claim(database)
    consumer = escalation_on(database, clock, {NAME: owned}.get)
    filed = IncidentFiled(case_id="case-1", received_at=NOW, report_id="r", school_id=LAKE, kind="fire")
    reported = UpwardReportFiled(case_id="case-1", received_at=NOW, by=PRINCIPAL, summary="s")
    async with Store(database).transaction(owned) as unit:
        docket = Docket(unit, consumer._directory(), consumer._policies, NOW)
        await docket.hear(owned, "e1", filed)
        await docket.hear(owned, "e2", reported)
        ((_, due, _),) = await docket.write(Settings(), CODE_KEY)
    before = await rows_of(database, journal)
    assert due is not None
    clock.show(due - timedelta(microseconds=1))
    await consumer.fire({NAME: ["case-1", "never-heard-of"]})
    assert await rows_of(database, journal) == before
    clock.show(due)
    await consumer.fire({NAME: ["case-1"]})
    assert len(await rows_of(database, journal)) > len(before)


class GatedFiring(Firing):
    """A firing whose units each wait until they are let through."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.gate = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def __call__(self, due: Mapping[str, Sequence[str]]) -> None:
        self.begun.release()
        await self.gate.acquire()
        await super().__call__(due)


async def test_records_wait_for_what_is_due(database: Database) -> None:
    """A deadline that has come is fired before the next unit of records begins."""
    clock, firing = StillClock(), GatedFiring()
    await store_deadlines(database, {"due": NOW})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    records = asyncio.create_task(timers.give_way())
    await asyncio.sleep(0.05)
    assert not records.done()
    async with running(timers, firing):
        firing.gate.release()
        await asyncio.wait_for(records, PATIENCE)
        assert firing.fired == ["due"]


async def test_records_do_not_wait_for_what_is_not_due(database: Database) -> None:
    """With no deadline come, nothing is waited for: the timers need not even run."""
    timers = Timers(Store(database), StillClock(), HORIZON)
    await store_deadlines(database, {"soon": NOW + MINUTE})
    await timers.load(NAME)
    await asyncio.wait_for(timers.give_way(), PATIENCE)


async def test_records_have_every_second_turn_beside_a_mass_of_deadlines(database: Database) -> None:
    """However many deadlines are due, one unit of them goes first, not all of them."""
    clock, firing = StillClock(), GatedFiring()
    await store_deadlines(database, {f"mass-{number:03}": NOW - MINUTE for number in range(3 * BATCH)})
    timers = Timers(Store(database), clock, HORIZON)
    await timers.load(NAME)
    async with running(timers, firing):
        await firing.begun.acquire()
        records = asyncio.create_task(timers.give_way())
        await asyncio.sleep(0.05)
        assert not records.done()
        firing.gate.release()
        await asyncio.wait_for(records, PATIENCE)
        assert len(firing.fired) == BATCH


async def test_records_go_on_when_what_was_due_is_lost(database: Database) -> None:
    """A partition that is dropped while records wait for its deadlines does not hold them for ever."""
    timers, firing = Timers(Store(database), StillClock(), HORIZON), Firing()
    await store_deadlines(database, {"lost": NOW})
    await timers.load(NAME)
    records = asyncio.create_task(timers.give_way())
    await asyncio.sleep(0)
    timers.drop(NAME)
    async with running(timers, firing):
        await asyncio.wait_for(records, PATIENCE)
    assert firing.fired == []
