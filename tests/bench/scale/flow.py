"""How late deadlines fire while records flow; and how many records one worker takes, beside the bare client."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson
import psutil
from aiokafka import AIOKafkaConsumer

from events.codec import decode
from services.runtime.clock import wall_now
from tests.bench.figures import Figures
from tests.bench.scale.log import Log, Mark
from tests.bench.scale.notes import produce_notes
from tests.bench.scale.world import World, until_zero

DUE_PER_SECOND = 20.0
HEAD_START_SECONDS = 15.0
"""The worker starts, reads its deadlines and settles before the first of them."""
PATIENCE_SECONDS = 300.0


async def measure_flow(world: World, rate: float, seconds: float, noted: Sequence[str]) -> list[str]:
    """Return the lateness of deadlines, and the age of notes, while ``rate`` notes a second flow."""
    stack = world.stack
    await stack.stop("escalation")
    journal = Log(stack.kafka, stack.prefix + "escalations")
    mark = await journal.mark()
    first = stack.clock.now() + timedelta(seconds=HEAD_START_SECONDS)
    step = 1 / DUE_PER_SECOND
    moments = [first + timedelta(seconds=number * step) for number in range(int(seconds * DUE_PER_SECOND))]
    await world.refill([(moment, [f"flow-{world.run}-{number}"]) for number, moment in enumerate(moments)])
    await stack.start("escalation")
    if stack.clock.now() > first - timedelta(seconds=2):
        raise RuntimeError("the worker started too late for the first deadlines, by the bench's fault")
    await asyncio.sleep((first - stack.clock.now()).total_seconds() - 2)
    before, cpu, begun = await world.consumed(), _cpu(world.worker), time.monotonic()
    notes, started = int(rate * (seconds + 4)), wall_now()
    sent = await produce_notes(stack.kafka, stack.prefix + "incidents", noted, notes, rate)
    await _until_consumed(world, before + notes)
    taken = notes / (time.monotonic() - begun)
    cores = (_cpu(world.worker) - cpu) / (time.monotonic() - begun)
    await world.until_published()
    fired, on_bus, aged = await _ages(journal, mark, f"flow-{world.run}-".encode(), started)
    if len(fired) < len(moments):
        raise RuntimeError(f"only {len(fired)} of {len(moments)} deadlines fired")
    return [
        Figures.of(f"deadline fired, {sent:,.0f} records/s sent, {taken:,.0f}/s taken", fired).line(),
        Figures.of("its entry committed and sent to the bus", on_bus).line(),
        Figures.of("a note: made → its entry sent to the bus", aged).line(),
        f"{'the worker meanwhile':<58} {cores:.2f} cores",
    ]


async def _ages(
    journal: Log, mark: Mark, prefix: bytes, started: datetime
) -> tuple[list[float], list[float], list[float]]:
    """Return the ages of what came since; a worker that starts again repeats what its stop left unsettled."""
    fired, on_bus, aged = list[float](), list[float](), list[float]()
    async for record in journal.since(mark):
        entry = orjson.loads(record.value)
        at = datetime.fromisoformat(entry["received_at"])
        sent = (datetime.fromtimestamp(record.timestamp / 1000, UTC) - at).total_seconds()
        if entry["kind"] == "fact-noted":
            made = datetime.fromisoformat(entry["cause"]["data"]["received_at"])
            if made >= started:
                aged.append(record.timestamp / 1000 - made.timestamp())
        elif entry["kind"] == "reminder-sent" and record.key.startswith(prefix):
            fired.append((datetime.fromisoformat(entry.get("fired_at", entry["received_at"])) - at).total_seconds())
            on_bus.append(sent)
    return fired, on_bus, aged


async def measure_throughput(world: World, count: int, noted: Sequence[str]) -> list[str]:
    """Let ``count`` notes lie on the bus, and see how fast the worker takes them; then the bare client, the same."""
    stack = world.stack
    topic = stack.prefix + "incidents"
    await stack.stop("escalation")
    before = await world.consumed()
    mark = await Log(stack.kafka, topic).mark()
    await produce_notes(stack.kafka, topic, noted, count, None)
    floor, floor_cores = await _floor(stack.kafka, topic, mark, count)
    await stack.start("escalation")
    while (taken := await world.consumed()) == before:  # noqa: ASYNC110 - another process commits
        await asyncio.sleep(0.02)
    begun, cpu = time.monotonic(), _cpu(world.worker)
    left = before + count - taken
    await _until_consumed(world, before + count)
    seconds = time.monotonic() - begun
    cores = (_cpu(world.worker) - cpu) / seconds
    rate = left / seconds
    worked = f"{'one worker: consume, judge, commit, publish':<58} {rate:,.0f} records/s, {rate / cores:,.0f} a core"
    worked += f"  ({cores:.2f} cores; {rate / floor:.2f} × floor)"
    return [
        f"{'floor: aiokafka consume + decode':<58} {floor:,.0f} records/s, {floor / floor_cores:,.0f} a core",
        worked,
    ]


async def _floor(bootstrap: str, topic: str, mark: Mark, count: int) -> tuple[float, float]:
    """Return the records a second of the bare client, and the cores it took."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(mark))
        for place, offset in mark.items():
            consumer.seek(place, offset)
        done, begun, cpu = 0, time.monotonic(), time.process_time()
        while done < count:
            for records in (await consumer.getmany(timeout_ms=1000, max_records=500)).values():
                for record in records:
                    decode(record.headers, record.value)
                done += len(records)
        seconds = time.monotonic() - begun
        return count / seconds, (time.process_time() - cpu) / seconds
    finally:
        await consumer.stop()


async def _until_consumed(world: World, target: int) -> None:
    async def left() -> int:
        return max(0, target - await world.consumed())

    await until_zero(left, "records not taken", PATIENCE_SECONDS, 0.05)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
