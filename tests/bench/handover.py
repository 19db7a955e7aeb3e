"""From the report just before its POST to the SMS in the provider's hands, at a steady rate."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path

from tests.bench.figures import Figures
from tests.support.stack import Stack

SETTLE_SECONDS = 20.0


async def measure_handover(stack: Stack, log: Path, rate: float, seconds: float) -> Figures:
    """Return the times from filing to the arrival of the principal's SMS at the provider."""
    run = f"{int(rate)}-{int(time.time())}"
    filed: dict[str, float] = {}

    async def file(number: int) -> None:
        place = f"R{run}-{number:05d}E"
        filed[place] = time.monotonic()
        await stack.file(place=place, school_id=f"school-{1 + number % 2}")

    tasks = []
    begun = time.perf_counter()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(file(number)))
    await asyncio.gather(*tasks)
    deadline = time.monotonic() + SETTLE_SECONDS
    while len(arrived := arrivals(log, filed)) < len(filed):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(filed) - len(arrived)} of {len(filed)} SMS did not arrive within 20 s")
        await asyncio.sleep(0.5)
    sample = [arrived[place] - at for place, at in filed.items()]
    return Figures.of(f"filed → SMS handed to the provider, {rate:g} reports/s", sample)


def arrivals(log: Path, filed: Mapping[str, float]) -> dict[str, float]:
    """Return when the first message of each place arrived."""
    found: dict[str, float] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        message = json.loads(line)
        start = message["body"].find("R")
        place = message["body"][start : message["body"].find("E", start) + 1]
        if place in filed:
            found.setdefault(place, message["arrived_monotonic"])
    return found
