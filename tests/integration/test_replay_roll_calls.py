"""Roll calls on a real Kafka, whose database is lost between two steps of the chase."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest

from escalation_policies.roll_call.loader import Schedules, parse_schedule
from escalation_policies.roll_call.sheet import Sheet
from events.ids import roll_call_id
from events.roll_call import CaseNoted, CutOffMoved, RollCallOpened, SchoolExcused
from services.broker.apache import ApacheKafka
from services.cli.replay.past import KafkaPast
from services.cli.replay.rebuilding import rebuild
from services.runtime.bus_admin import BusAdmin
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import codes
from tests.support.lost_memory import contents
from tests.support.paper_bus import KafkaBus
from tests.support.roll_call_bus import BusDesk
from tests.support.roll_calls import (
    BUREAU,
    DAILY,
    DIRECTORY,
    MONDAY,
    OFFICER,
    OPENS,
    answered,
    everybody,
    minute,
    units,
)
from tests.support.store_rows import CODE_KEY

pytestmark = [pytest.mark.kafka, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
_NUMBERS = count(1)
DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY
PROMPT = DAILY.replace("spread: 1m", "spread: 1s")
PLAN = parse_schedule(PROMPT)
LATER = DirectorySnapshot.of(units(), [one for one in everybody() if one.person_id != "p-s-1-deputy"])
"""The deputy of the first school has left since they answered for it."""


def called(on: date, name: str = "daily") -> str:
    return roll_call_id(BUREAU, on.isoformat(), name)


async def a_monday(desk: BusDesk) -> None:
    """In time by somebody who leaves, missing, excused, contradicted afterwards; its cut-off moved, and a drill."""
    await desk.know(DIRECTORY)
    await desk.begin(OPENS - timedelta(hours=4))
    await desk.until(OPENS)
    excuse = SchoolExcused(school_id="s-3", date=MONDAY, received_at=minute(-100), by=OFFICER, reason="water")
    move = CutOffMoved(
        bureau_id=BUREAU, date=MONDAY, call="daily", received_at=minute(-95), cut_off=minute(10), by=OFFICER
    )
    drill = RollCallOpened(
        bureau_id=BUREAU, date=MONDAY, call="drill", received_at=minute(-90), opens_at=minute(-90),
        cut_off=minute(-30), closes_at=minute(60), by=OFFICER, exercise=True,
    )  # fmt: skip
    said = answered(minute(-80), by="p-s-1-deputy", date=MONDAY, call="daily", note="all well")
    case = CaseNoted(school_id="s-1", received_at=minute(300), case_id="c-1", happened_at=minute(-85))
    await desk.say(excuse, move, drill, said)
    for minutes in (-30, -20, 10, 25, 40, 300):
        await desk.until(minute(minutes))
    await desk.say(case)
    await desk.until(minute(500))


async def until_the_bureau_is_due(desk: BusDesk) -> None:
    """On Tuesday one has answered by a code, one late; the district has its list, the summary is due in ten minutes."""
    for minutes in (-120, -30):
        await desk.until(minute(minutes) + DAY)
    await desk.say(answered(minute(-20) + DAY, by="p-s-1", via="sms"))
    await desk.until(minute(0) + DAY)
    await desk.say(answered(minute(7) + DAY, "with_cases", by="p-s-2", school_id="s-2"))
    await desk.until(minute(15) + DAY)


async def sheets(desk: BusDesk) -> list[Sheet]:
    """Return what the bureau would see of the two days and of the drill."""
    return [await desk.sheet(one) for one in (called(MONDAY), called(MONDAY, "drill"), called(TUESDAY))]


async def answers(desk: BusDesk, ids: Sequence[str]) -> list[object]:
    """Return every version of every answer, every excuse and every case."""
    found = [await desk.days(one) for one in ids]
    return [
        {school: (day.versions, day.excuse, day.cases) for school, day in days.items() if day.versions or day.excuse}
        for days in found
    ]


async def test_lost_database_forgets_no_answer_and_nobody_is_told_twice(
    database: Database, empty: Database, kafka: ApacheKafka, tmp_path: Path
) -> None:
    """Monday is as it was, Tuesday goes on with the summary, and its codes still answer."""
    (tmp_path / "schedules").mkdir()
    (tmp_path / "schedules" / "daily.yaml").write_text(PROMPT, encoding="utf-8")
    settings = Settings(
        kafka_bootstrap_servers=kafka.bootstrap_servers,
        topic_prefix=f"rr{next(_NUMBERS)}.",
        schedules=tmp_path / "schedules",
    )
    admin = BusAdmin(settings, kafka.bootstrap_servers)
    await admin.apply_topics()
    await admin.close()
    schedules, ids = Schedules([PLAN]), (called(MONDAY), called(MONDAY, "drill"), called(TUESDAY))
    async with KafkaPast(settings, kafka.bootstrap_servers) as past:
        async with KafkaBus(database, settings, past) as bus:
            desk = BusDesk(database, settings, bus, tmp_path, DIRECTORY, schedules)
            async with desk.working():
                await a_monday(desk)
                await until_the_bureau_is_due(desk)
                await desk.know(LATER)
                await desk.deliver()
            told, before = desk.sent(), await sheets(desk)
            was, held = await answers(desk, ids), await contents(database, codes)
            closed = (await desk.call(ids[0])).call
        assert {template for _, template in told} >= {"roll_call_reminder", "roll_call_missing", "roll_call_list"}

        done = await rebuild(settings, Store(empty), past, CODE_KEY, minute(20) + DAY)
        assert (done.roll_calls.calls, done.roll_calls.open_calls, done.roll_calls.unknown) == (3, 1, 0)
        async with KafkaBus(empty, settings, past) as bus:
            again = BusDesk(empty, settings, bus, tmp_path, LATER, schedules)
            again.clock.show(minute(15) + DAY)
            await again.begin(minute(15) + DAY)
            assert await sheets(again) == before
            assert await answers(again, ids) == was
            assert await contents(empty, codes) == held
            kept = (await again.call(ids[0])).call
            assert (kept.cut_off, kept.revision, kept.counts) == (closed.cut_off, closed.revision, closed.counts)
            async with again.working():
                for minutes in (22, 30, 40):
                    await again.until(minute(minutes) + DAY)
    fresh = again.sent()[len(told) :]
    assert {template for _, template in fresh} == {"roll_call_summary"}
    assert len({one for one, _ in again.sent()}) == len(again.sent())
    assert (await again.sheet(ids[2])).counts == before[2].counts
