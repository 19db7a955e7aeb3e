"""How late deadlines fire, and how late their entry is on the bus, with many cases open."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from aiokafka import AIOKafkaConsumer

from services.runtime.live_directory import LiveDirectory
from services.runtime.store import Store
from tests.bench.figures import Figures
from tests.bench.seeding import seed_cases
from tests.support.stack import Stack

RATE = 20.0
SECONDS = 30.0


async def measure_lateness(stack: Stack, count: int) -> list[Figures]:
    """Return the lateness of the firing and of the published entry, over ``RATE × SECONDS`` deadlines."""
    await stack.stop("escalation")
    directory = LiveDirectory(stack.database)
    await directory.refresh()
    near = min(count, int(RATE * SECONDS))
    seeding = max(10.0, count / 800)
    first_due = stack.clock.now() + timedelta(seconds=seeding + 25)
    await seed_cases(Store(stack.database), directory.snapshot(), count, first_due=first_due, rate=RATE, near=near)
    if stack.clock.now() > first_due - timedelta(seconds=10):
        raise RuntimeError("seeding took longer than planned: the first deadlines would be late by the bench's fault")
    await stack.start("escalation")
    consumer = AIOKafkaConsumer(
        stack.prefix + "escalations", bootstrap_servers=stack.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    fired: list[float] = []
    published: list[float] = []
    try:
        until = first_due + timedelta(seconds=SECONDS + 10)
        while len(fired) < near and stack.clock.now() < until:
            try:
                record = await asyncio.wait_for(consumer.getone(), 1.0)
            except TimeoutError:
                continue
            entry = json.loads(record.value)
            if entry["kind"] == "reminder-sent" and entry["case_id"].startswith(f"bench-{count}-"):
                due = datetime.fromisoformat(entry["received_at"])
                fired.append(
                    (datetime.fromisoformat(entry.get("fired_at", entry["received_at"])) - due).total_seconds()
                )
                published.append((datetime.fromtimestamp(record.timestamp / 1000, UTC) - due).total_seconds())
    finally:
        await consumer.stop()
    if len(fired) < near:
        raise RuntimeError(f"only {len(fired)} of {near} deadlines were seen")
    return [
        Figures.of(f"deadline fired, {count:,} cases open, {RATE:g} due/s", fired),
        Figures.of(f"its entry committed and sent to the bus, {count:,} open", published),
    ]
