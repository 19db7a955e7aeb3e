"""Incidents filed while ten thousand people are sent one bulk notice: does an alert wait for it? (promise 9)"""

import asyncio
import time
from pathlib import Path

from services.runtime.outbox_rows import Outgoing
from services.runtime.store import Store
from tests.bench.figures import Figures
from tests.bench.handover import measure_handover
from tests.bench.notify.handing import arrivals
from tests.bench.notify.people import COUNT, request_for
from tests.support.stack import Stack

LANE = "escalation/0"
"""One notice belongs to one case, so its requests leave by the lane of one partition."""

PAGE = 1_000


async def measure_beside_bulk(stack: Stack, log: Path, rate: float, seconds: float) -> tuple[Figures, Figures, str]:
    """Return filed → handed over without and with the bulk notice, and how far the notice came meanwhile."""
    alone = await measure_handover(stack, log, rate, seconds)
    run = f"b{int(time.time())}"
    await _publish(stack, run)
    began = time.monotonic()
    beside = await measure_handover(stack, log, rate, seconds)
    done, took = len(arrivals(log, run)), time.monotonic() - began
    note = f"bulk meanwhile: {done} of {COUNT} handed over, {done / took:.0f}/s"
    return _named(alone, "without bulk"), _named(beside, "with bulk"), note


def _named(figures: Figures, what: str) -> Figures:
    return Figures(f"{figures.name}, {what}", figures.sample)


async def _publish(stack: Stack, run: str) -> None:
    """Put the requests into the outbox, as the engine would: the relay publishes them behind what is urgent."""
    store = Store(stack.database)
    topic = f"{stack.prefix}notifications"
    for start in range(0, COUNT, PAGE):
        records = [(LANE, Outgoing(topic, request_for(n, run, "bulk"))) for n in range(start, start + PAGE)]
        async with store.transaction() as unit:
            await unit.append(records)
        await asyncio.sleep(0)
