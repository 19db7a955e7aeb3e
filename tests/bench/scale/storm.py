"""The storm: reports for many schools at once, many for each (DOMAIN §8), through the intake as clients file them."""

import asyncio
import time

import orjson
from sqlalchemy import delete

from services.runtime.tables import open_events
from tests.bench.figures import Figures
from tests.bench.scale.log import Log
from tests.bench.scale.world import SCHOOLS, World


async def measure_storm(world: World, rate: float, seconds: float) -> list[str]:
    """File ``rate`` reports a second, going round ``SCHOOLS`` schools; count the cases and messages they become."""
    stack = world.stack
    async with stack.database.writing() as connection:
        await connection.execute(delete(open_events))  # of a run before this one on the same data
    await stack.start("intake")
    journal, asked = (Log(stack.kafka, stack.prefix + name) for name in ("escalations", "notifications"))
    journal_mark, asked_mark = await journal.mark(), await asked.mark()
    answered: list[float] = []
    filed: dict[str, float] = {}

    async def file(number: int) -> None:
        at, started = time.time(), time.perf_counter()
        school = f"school-{1 + number % SCHOOLS}"
        case_id = await stack.file(school_id=school, place=f"room {number}", separate=False)
        answered.append(time.perf_counter() - started)
        filed.setdefault(case_id, at)

    count = int(rate * seconds)
    begun = time.perf_counter()
    tasks = []
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(file(number)))
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    if failures := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
        raise RuntimeError(f"{len(failures)} of {count} reports were not accepted") from failures[0]
    await asyncio.sleep(2)
    await world.until_published()
    kinds: dict[str, int] = {}
    async for record in journal.since(journal_mark):
        kind = orjson.loads(record.value)["kind"]
        kinds[kind] = kinds.get(kind, 0) + 1
    told: dict[str, float] = {}
    messages = 0
    async for record in asked.since(asked_mark):
        messages += 1
        told.setdefault(orjson.loads(record.value)["case_id"], record.timestamp / 1000)
    await stack.stop("intake")
    heard = [told[case_id] - at for case_id, at in filed.items() if case_id in told]
    became = f"{f'storm: {rate:g} reports/s for {SCHOOLS} schools, {seconds:g} s':<58} {count:,} reports became "
    became += f"{len(filed):,} cases, {kinds.get('report-joined', 0):,} joined, {messages:,} messages asked for"
    return [
        became,
        Figures.of("a report: POST → accepted", answered).line(),
        Figures.of("a case: POST of its first report → message on the bus", heard).line(),
    ]
