"""The cut-off tick: very many deadlines due in the same second (DOMAIN §8), and what else happens meanwhile."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
from aiokafka import AIOKafkaProducer

from events.base import Urgency
from events.codec import encode
from events.incident import IncidentFiled
from tests.bench.figures import Figures
from tests.bench.scale.log import Log
from tests.bench.scale.world import World, until_zero

HEAD_START_SECONDS = 25.0
FILED_PER_SECOND = 2.0
BYSTANDERS_PER_SECOND = 2.0
BYSTANDER_SECONDS = 30.0
PATIENCE_SECONDS = 1_800.0


async def measure_tick(world: World, count: int) -> list[str]:
    """Return how long ``count`` deadlines due at once take, and how an incident and other deadlines fare meanwhile."""
    stack = world.stack
    await stack.stop("escalation")
    journal = Log(stack.kafka, stack.prefix + "escalations")
    mark = await journal.mark()
    asked = Log(stack.kafka, stack.prefix + "notifications")
    asked_mark = await asked.mark()
    cut_off = stack.clock.now() + timedelta(seconds=HEAD_START_SECONDS + count / 4_000)
    others = [
        cut_off + timedelta(seconds=1 + number / BYSTANDERS_PER_SECOND)
        for number in range(int(BYSTANDER_SECONDS * BYSTANDERS_PER_SECOND))
    ]
    await world.refill(
        [
            (cut_off, (f"tick-{world.run}-{number}" for number in range(count))),
            *((moment, [f"other-{world.run}-{number}"]) for number, moment in enumerate(others)),
        ]
    )
    await stack.start("escalation")
    if stack.clock.now() > cut_off - timedelta(seconds=2):
        raise RuntimeError("the worker started too late for the cut-off, by the bench's fault")
    held = world.memory(f"{count:,} deadlines inside its horizon")
    await asyncio.sleep((cut_off - stack.clock.now()).total_seconds())
    begun = time.monotonic()
    filing = asyncio.create_task(_file(world))
    try:
        fired = await until_zero(lambda: world.overdue(cut_off), "deadlines not fired", PATIENCE_SECONDS, 0.25) - begun
    finally:
        filing.cancel()
        await asyncio.gather(filing, return_exceptions=True)
    peak = world.memory("after the tick")
    entries = partial(world.unpublished, least_urgent=Urgency.NEXT)
    published = await until_zero(entries, "journal entries in the outbox", PATIENCE_SECONDS) - begun
    waiting = await world.unpublished()
    late, filed, beside = list[float](), list[float](), list[float]()
    async for record in journal.since(mark):
        entry = orjson.loads(record.value)
        at = datetime.fromisoformat(entry["received_at"])
        if record.key.startswith(b"during-") and entry["seq"] == 1:
            filed.append((datetime.fromtimestamp(record.timestamp / 1000, UTC) - at).total_seconds())
        elif entry["kind"] == "reminder-sent" and record.key.startswith((b"tick-", b"other-")):
            after = (datetime.fromisoformat(entry.get("fired_at", entry["received_at"])) - at).total_seconds()
            (late if record.key.startswith(b"tick-") else beside).append(after)
    messages = [0 async for _ in asked.since(asked_mark)]
    took = f"{f'cut-off tick: {count:,} due at once':<58} committed in {fired:.1f} s ({count / fired:,.0f}/s), "
    took += f"all entries on the bus in {published:.1f} s ({len(messages) + waiting:,} messages asked for)"
    return [
        held,
        took,
        Figures.of("a deadline of the tick fired", late).line(),
        Figures.of("a deadline due 1–31 s later fired", beside).line(),
        Figures.of("an incident filed meanwhile: made → entry on the bus", filed).line(),
        peak,
    ]


async def _file(world: World) -> None:
    """File incidents on the bus until cancelled."""
    stack = world.stack
    run = time.time_ns()
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        number = 0
        while True:
            number += 1
            case_id = f"during-{run}-{number}"
            filed = IncidentFiled(
                case_id=case_id, report_id=case_id, school_id=f"school-{1 + number % 200}", kind="fire",
                severity="IV", received_at=stack.clock.now(),
            )  # fmt: skip
            record = encode(
                filed, event_id=case_id, key=case_id, source="/bench", time=filed.received_at, event_type=filed.TYPE
            )
            await producer.send(stack.prefix + "incidents", record.value, key=case_id.encode(), headers=record.headers)
            await asyncio.sleep(1 / FILED_PER_SECOND)
    finally:
        await producer.stop()
