"""From the start of the worker's process to the first overdue deadline in the store, and what the worker then holds."""

import asyncio
import signal
import time
from datetime import datetime, timedelta

from tests.bench.scale.world import World

OVERDUE = 200
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.01


async def measure_restart(world: World, how: str, end: signal.Signals) -> str:
    """End the worker by ``end`` if it runs, let deadlines pass meanwhile, start it, and see when they have fired."""
    if "escalation" in world.stack.workers:
        await world.stack.kill("escalation", end)
    due = world.stack.clock.now() - timedelta(seconds=5)
    await world.refill([(due, (f"overdue-{world.run}-{how}-{number}" for number in range(OVERDUE)))])
    assert await world.overdue(due) == OVERDUE
    begun = time.monotonic()
    starting = asyncio.create_task(world.stack.start("escalation"))
    try:
        first = await _until_below(world, due, OVERDUE, begun)
        whole = await _until_below(world, due, 1, begun)
    finally:
        await starting
    return f"{f'restart after {how}: process start → committed':<58} first {first:.2f} s  all {OVERDUE} {whole:.2f} s"


async def _until_below(world: World, due: datetime, count: int, begun: float) -> float:
    while await world.overdue(due) >= count:
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise RuntimeError(f"overdue deadlines did not fire within {PATIENCE_SECONDS:.0f} s of the start")
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - begun
