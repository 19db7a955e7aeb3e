"""Whoever shares the loop with a mass of deadlines is served in the middle of it: each turn of the loop counts."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from events.incident import IncidentFiled
from events.topics import PARTITIONS
from services.escalation.docket import Docket
from services.escalation.timers import BATCH, Timers
from services.runtime.consumption import Consumption
from services.runtime.database import Database
from services.runtime.outages import through_outages
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import Store
from tests.integration.test_consumption import Notebook, arrived
from tests.support.intake import LAKE, NOW, StillClock
from tests.support.store_rows import CODE_KEY, a_case, claim, escalation_on

PATIENCE = 3.0


@dataclass
class Others:
    """What else runs in the loop: counts its own turns."""

    turns: int = 0


@asynccontextmanager
async def others() -> AsyncIterator[Others]:
    """Let something else run beside the body."""
    counted = Others()

    async def run() -> None:
        while True:
            counted.turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(run())
    await asyncio.sleep(0)
    counted.turns = 0
    yield counted
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite file, as the escalation service opens it: there nothing is waited for but the loop."""
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}", survives_power_cut=False)
    await made.migrate()
    yield made
    await made.close()


async def test_short_reading_of_a_file_is_done_in_one_turn(file: Database) -> None:
    """Beside a mass of deadlines each turn may last as long as one of its steps, and the relay reads all the time."""

    async def read() -> None:
        async with file.reading() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    await read()  # opens the file, with a thread for what is read at length
    async with others() as counted:
        await read()
        assert counted.turns == 0


async def filed(database: Database, count: int) -> tuple[dict[str, Ownership], datetime]:
    """Open a case in each of so many partitions; return the claims and when their first deadlines are due."""
    claims = {name: await claim(database, name) for name in (f"escalation/{number}" for number in range(count))}
    consumer = escalation_on(database, StillClock(), claims.get)
    due = None
    for name, owned in claims.items():
        async with Store(database).transaction(owned) as unit:
            docket = Docket(unit, consumer._directory(), consumer._policies, NOW)
            report = IncidentFiled(case_id=name, received_at=NOW, report_id="r", school_id=LAKE, kind="fire")
            await docket.hear(owned, f"event-{name}", report)
            ((_, due, _),) = await docket.write(Settings(), CODE_KEY)
    assert due is not None
    return claims, due


async def test_unit_of_deadlines_lets_others_run_between_its_partitions(file: Database) -> None:
    """A whole unit takes the processor for tens of milliseconds; nobody waits for all of it."""
    claims, due = await filed(file, PARTITIONS)
    clock = StillClock()
    clock.show(due)
    consumer = escalation_on(file, clock, claims.get)
    async with others() as counted:
        await consumer.fire({name: [name] for name in claims})
        assert counted.turns > PARTITIONS


async def test_unit_of_deadlines_lets_others_run_while_it_encodes(file: Database) -> None:
    """The entries and messages of a whole unit are much to encode, too."""
    claims, due = await filed(file, 1)
    ((name, owned),) = claims.items()
    consumer = escalation_on(file, StillClock(), claims.get)
    async with Store(file).transaction(owned) as unit:
        docket = Docket(unit, consumer._directory(), consumer._policies, due)
        await docket.load([name])
        assert docket.fire(owned, name)
        async with others() as counted:
            await docket.write(Settings(), CODE_KEY)
            assert counted.turns > 0


async def test_records_that_gave_way_come_before_the_next_unit_of_a_mass(database: Database) -> None:
    """They ask for their partition before the deadlines ask again, though these are never done."""
    name, notebook, store, turns = "escalation/0", Notebook(), Store(database), list[str]()
    owned = await claim(database, name)
    async with store.transaction() as unit:
        await unit.save([a_case(f"mass-{number:03}", 0, NOW - timedelta(minutes=1)) for number in range(3 * BATCH)])
    timers = Timers(store, StillClock(), timedelta(minutes=10))
    await timers.load(name)
    begun = asyncio.Event()

    async def fire(due: Mapping[str, Sequence[str]]) -> None:
        async with store.transaction(owned):
            begun.set()
            assert len(due[name]) == BATCH
            await asyncio.sleep(0.02)
            turns.append("deadlines")

    async def drop(lost: str) -> None:
        raise AssertionError(f"{lost} was not lost")

    async def handle() -> None:
        await Consumption(store, StillClock(), notebook).handle([(owned, "id-1", [arrived("event", 0)])])
        turns.append("records")

    firing = asyncio.create_task(timers.run(fire, drop))
    try:
        async with asyncio.timeout(PATIENCE):
            await begun.wait()
            await timers.give_way()
            await through_outages(handle, "records wait")
    finally:
        firing.cancel()
        await asyncio.gather(firing, return_exceptions=True)
    assert turns == ["deadlines", "records"]
