"""kill -9 between the intent and the outcome: nothing is lost, and what comes twice was in the window of doubt."""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from services.notifier.rows import UNCERTAIN, insert_new
from services.runtime.clock import wall_now
from services.runtime.database import Database
from services.runtime.ownership import Ownership
from services.runtime.store import Store
from services.runtime.tables import notifications
from tests.support.fake_twilio import FakeTwilio
from tests.support.lone_notifier import NAME
from tests.support.notices import requested

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
SEED = 20260901
EACH_TIME = 5
ROOT = Path(__file__).resolve().parents[2]


async def start(database: Database, twilio: FakeTwilio) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.lone_notifier", database.url, twilio.url, twilio.account.sid,
        twilio.account.token, cwd=ROOT,
    )  # fmt: skip


async def ask_for(database: Database, first: int) -> list[str]:
    """Write requests as the consumer does; each has a code of its own, by which its message is known."""
    numbers = range(first, first + EACH_TIME)
    requests = [
        requested(
            notification_id=f"n{n}", person_id=f"person-{n}", contact_id=f"person-{n}:sms", code=f"K{n:05d}",
            deadline=None,
        )
        for n in numbers
    ]  # fmt: skip
    async with Store(database).transaction() as unit:
        await insert_new(unit, [(Ownership(NAME, 0), request) for request in requests], wall_now())
    return [f"K{n:05d}" for n in numbers]


async def in_doubt(database: Database) -> set[str]:
    async with database.reading() as connection:
        rows = await connection.execute(select(notifications.c.notification_id, notifications.c.state))
    return {f"K{int(row.notification_id[1:]):05d}" for row in rows if row.state in UNCERTAIN}


async def killed_in_the_middle(database: Database, twilio: FakeTwilio, kills: int) -> str:
    """Kill the sender ``kills`` times while its calls are in the air, let it end, and return what was counted."""
    rng, asked, doubted = random.Random(SEED), list[str](), set[str]()
    twilio.delay(0.05)
    for kill in range(kills):
        asked += await ask_for(database, kill * EACH_TIME)
        process, before = await start(database, twilio), twilio.request_count
        async with asyncio.timeout(30):
            while twilio.request_count == before:  # noqa: ASYNC110 - a counter has no Event
                await asyncio.sleep(0.001)
        await asyncio.sleep(rng.uniform(0, 0.12))
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()
        doubted |= await in_doubt(database)
    process = await start(database, twilio)
    assert await asyncio.wait_for(process.wait(), 120) == 0
    await asyncio.sleep(0.1)
    arrived = Counter(code for message in twilio.messages for code in asked if code in message.body)
    twice = {code for code, count in arrived.items() if count > 1}
    assert arrived.keys() == set(asked), "nothing is lost"
    assert twice <= doubted, "what came twice was in doubt when its sender died"
    assert doubted, "the kills met calls in the air"
    async with database.reading() as connection:
        states = set((await connection.execute(select(notifications.c.state))).scalars())
    assert states == {"handed-over"}
    return f"{kills} kills, {len(asked)} messages, {len(doubted)} in doubt at a kill, {len(twice)} came twice"


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
async def test_sender_killed_between_intent_and_outcome_loses_nothing(
    tmp_path: Path, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every message arrives; a few come twice, and only such as nobody knew the outcome of."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}")
    await database.migrate()
    try:
        async with FakeTwilio() as twilio:
            said = await killed_in_the_middle(database, twilio, kills)
            assert twilio.violations == []
    finally:
        await database.close()
    with capsys.disabled():
        print(f"\n{said}")
