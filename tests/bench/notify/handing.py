"""How fast one notifier process hands messages to a provider, and how long each is in the pipeline."""

import asyncio
import json
import time
from pathlib import Path

from aiokafka import AIOKafkaProducer

from tests.bench.figures import Figures
from tests.bench.notify.people import request_for

PATIENCE_SECONDS = 60.0


async def measure_throughput(bootstrap: str, topic: str, log: Path, count: int, run: str) -> float:
    """Return messages a second, from the first arrival at the provider to the last of ``count`` waiting ones."""
    await _produce(bootstrap, topic, count, run, None)
    arrived = sorted((await _all_arrived(log, run, count)).values())
    return (count - 1) / (arrived[-1] - arrived[0])


async def measure_overhead(bootstrap: str, topic: str, log: Path, rate: float, seconds: float) -> Figures:
    """Return the times from just before the request is produced to its message in the provider's hands."""
    run = f"o{int(time.time())}"
    produced = await _produce(bootstrap, topic, int(rate * seconds), run, rate)
    arrived = await _all_arrived(log, run, len(produced))
    sample = [arrived[number] - at for number, at in produced.items()]
    return Figures.of(f"request on the bus → provider, {rate:g} messages/s", sample)


async def _produce(bootstrap: str, topic: str, count: int, run: str, rate: float | None) -> dict[int, float]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    produced: dict[int, float] = {}
    try:
        began, sent = time.monotonic(), []
        for number in range(count):
            if rate is not None:
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            produced[number] = time.monotonic()
            record = request_for(number, run, "escalation")
            sent.append(await producer.send(topic, record.value, key=record.key.encode(), headers=record.headers))
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return produced


async def _all_arrived(log: Path, run: str, count: int) -> dict[int, float]:
    """Return when each message of a run arrived first; RuntimeError when some do not."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(found := arrivals(log, run)) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{count - len(found)} of {count} messages did not arrive within {PATIENCE_SECONDS:g} s")
        await asyncio.sleep(0.5)
    return found


def arrivals(log: Path, run: str) -> dict[int, float]:
    """Return the arrival of each message of a run at the provider, by its number, in monotonic seconds."""
    mark, found = f"M{run}-", dict[int, float]()
    for line in log.read_text(encoding="utf-8").splitlines():
        _, here, rest = line.partition(mark)
        if here:
            found.setdefault(int(rest.partition("N")[0]), json.loads(line)["arrived_monotonic"])
    return found
