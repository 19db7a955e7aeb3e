"""The cut-off tick: very many schools missing at one moment, and incidents filed before and meanwhile, in one run."""

import asyncio
import time
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select

from services.runtime.tables import outbox, roll_call_parts, school_days
from tests.bench.figures import Figures
from tests.bench.handover import measure_handover
from tests.support.stack import Stack

PATIENCE_SECONDS = 600.0
SETTLING_SECONDS = 15.0
"""After the mass of answers: the first ten seconds after it are not quiet yet, and would flatter the ratio."""


async def measure_tick(
    stack: Stack, log: Path, count: int, cut_off: datetime, answered: int, rate: float, seconds: float
) -> list[str]:
    """Return how long it takes until every chase is asked for, and how incidents fare beside it.

    ``answered``: schools that have answered before; they are not chased. ``seconds``: how long incidents are filed in
    a quiet moment, and as long from the cut-off on, while schools are chased and bulk goes out.
    """
    await measure_handover(stack, log, rate, SETTLING_SECONDS)
    quiet = await measure_handover(stack, log, rate, seconds)
    left = (cut_off - stack.clock.now()).total_seconds()
    if left < 0:
        raise RuntimeError("the cut-off has passed, by the bench's fault: give it a later one")
    await asyncio.sleep(left)
    if await _reminded(stack) - answered < count:
        raise RuntimeError("the reminders are not all asked for at the cut-off: this machine is too busy to measure it")
    begun = time.monotonic()
    filing = asyncio.create_task(measure_handover(stack, log, rate, seconds))
    first: float | None = None
    while (places := await _places_left(stack))[0]:
        if places[1] and first is None:
            first = time.monotonic() - begun
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise RuntimeError(f"{places[0]:,} partitions of roll calls are not done after {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(0.25)
    took = time.monotonic() - begun
    asked = await _asked(stack)
    busy = await filing
    ratio = busy.quantile(0.99) / quiet.quantile(0.99)
    name = f"cut-off: {count:,} schools missing at once"
    return [
        f"{name:<58} first chase after {first or took:.2f} s, last after {took:.1f} s ({count / took:,.0f}/s)",
        f"{'':<58} {asked:,} messages asked for",
        Figures(f"incident filed → SMS handed over, {rate:g}/s, quiet", quiet.sample).line(),
        Figures(f"incident filed → SMS handed over, {rate:g}/s, meanwhile", busy.sample).line(),
        f"{'p99 meanwhile, beside quiet':<58} {ratio:.2f} ×",
    ]


async def _reminded(stack: Stack) -> int:
    """Return how many school days there are: those that answered, and those that were reminded."""
    async with stack.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(school_days))).scalar_one())


async def _places_left(stack: Stack) -> tuple[int, int]:
    """Return in how many partitions of roll calls the chase is still to be committed, and in how many it is."""
    taken = roll_call_parts.c.taken.contains('"missing"')
    async with stack.database.reading() as connection:
        rows = (await connection.execute(select(taken, func.count()).group_by(taken))).all()
    found = {bool(is_taken): int(number) for is_taken, number in rows}
    return found.get(False, 0), found.get(True, 0)


async def _asked(stack: Stack) -> int:
    """Return how many messages of roll calls are asked for: those in the outbox, published or not."""
    mine = (outbox.c.lane.startswith("roll_call/"), outbox.c.topic == f"{stack.prefix}notifications")
    async with stack.database.reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(outbox).where(*mine))).scalar_one())
