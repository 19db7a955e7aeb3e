"""``make bench-scale``: the engine with a million cases open, on a real Kafka and each database.

Prints every figure with its unit, p50, p99 and max where it is a distribution, the memory of the worker, and the ratio
to the floor of the same run. The broker, the database and this bench share the machine's cores with the worker.
"""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.bench.scale.filling import Template
from tests.bench.scale.flow import measure_flow, measure_throughput
from tests.bench.scale.meanwhile import measure_meanwhile
from tests.bench.scale.restart import measure_restart
from tests.bench.scale.storm import measure_storm
from tests.bench.scale.tick import measure_tick
from tests.bench.scale.world import World, world

MEASURES = ("restart", "throughput", "flow", "storm", "meanwhile", "tick")
BYTES_A_CASE = 16_000
"""A case in SQLite with its indexes, and once more for what is written while it is filled."""
SPREAD = timedelta(days=1)
NOT_BEFORE = timedelta(hours=12)
"""Quiet through the measurements, and through another run on the same data (``--keep``)."""
FAR = "far-"
MOMENTS = 97


@dataclass(frozen=True)
class Plan:
    """How much: ``--quick`` shows that the bench works, not what the machine can do."""

    cases: int = 1_000_000
    tick: int = 70_000
    backlog: int = 40_000
    seconds: float = 30.0
    rate: float = 2_000.0
    storm: float = 50.0


QUICK = Plan(cases=5_000, tick=2_000, backlog=5_000, seconds=5.0, rate=500.0, storm=20.0)


async def bench(database: str, plan: Plan, measures: list[str], folder: Path) -> None:
    """Run the chosen measurements once on one database."""
    async with world(database, folder) as made:
        begun = time.monotonic()
        if not await made.kept(plan.cases, FAR):
            await made.refill(list(_far(made, plan.cases)), Template.settled)
        filled = time.monotonic() - begun
        print(f"\n{database}: {plan.cases:,} open cases, there in {filled:.0f} s; {os.cpu_count()} cores", flush=True)
        await made.stack.start("escalation")
        async for line in _lines(made, plan, measures):
            print(line, flush=True)


async def _lines(made: World, plan: Plan, measures: list[str]) -> AsyncIterator[str]:
    noted = [f"{FAR}{number}" for number in range(plan.cases)]
    if "restart" in measures:
        yield await measure_restart(made, "a clean stop", signal.SIGTERM)
        yield await measure_restart(made, "kill -9", signal.SIGKILL)
        yield made.memory(f"{plan.cases:,} cases open, idle")
    if "throughput" in measures:
        for line in await measure_throughput(made, plan.backlog, noted):
            yield line
    if "flow" in measures:
        for line in await measure_flow(made, plan.rate, plan.seconds, noted):
            yield line
        yield made.memory("after the flow")
    async for line in _masses(made, plan, measures):
        yield line


async def _masses(made: World, plan: Plan, measures: list[str]) -> AsyncIterator[str]:
    if "storm" in measures:
        for line in await measure_storm(made, plan.storm, plan.seconds):
            yield line
    if "meanwhile" in measures:
        for line in await measure_meanwhile(made, plan.tick):
            yield line
    if "tick" in measures:
        if "meanwhile" in measures:  # which leaves its own behind, and nobody running
            await made.kept(plan.cases, FAR)
            await made.stack.start("escalation")
        for line in await measure_tick(made, plan.tick):
            yield line


def _far(made: World, count: int) -> Iterator[tuple[datetime, Iterator[str]]]:
    """Return the cases that are open and quiet: their deadlines lie in the next day, but past the measurements."""
    first = made.stack.clock.now() + NOT_BEFORE
    for moment in range(MOMENTS):
        yield first + SPREAD * moment / MOMENTS, (f"{FAR}{number}" for number in range(moment, count, MOMENTS))


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="The engine at a million open cases, beside this machine's floor.")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--cases", type=int, help="open cases (default 1,000,000)")
    parser.add_argument("--tick", type=int, help="deadlines due in the same second (default 70,000)")
    parser.add_argument("--backlog", type=int, help="records that lie on the bus for the throughput (default 40,000)")
    parser.add_argument("--seconds", type=float, help="length of the flow and of the storm (default 30)")
    parser.add_argument("--quick", action="store_true", help="a few thousand cases: shows that it works")
    parser.add_argument("--only", choices=MEASURES, action="append", help="this measurement alone; may be repeated")
    parser.add_argument("--folder", type=Path, help="where the databases and the broker lie (default: temporary)")
    parser.add_argument("--keep", type=Path, help="a folder that is left as it is: a second run need not fill again")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    plan = QUICK if chosen.quick else Plan()
    given = {name: getattr(chosen, name) for name in ("cases", "tick", "backlog", "seconds")}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if chosen.folder is not None:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        tempfile.tempdir = str(chosen.folder)
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < plan.cases * BYTES_A_CASE:
        parser.error(
            f"{plan.cases:,} cases need about {plan.cases * BYTES_A_CASE / 1e9:.0f} GB in "
            f"{tempfile.gettempdir()}, and {free / 1e9:.0f} GB are free: give another --folder or fewer --cases"
        )
    for database in ("sqlite", "postgres") if chosen.database == "both" else (chosen.database,):
        with _folder(chosen.keep, database) as folder:
            asyncio.run(bench(database, plan, chosen.only or list(MEASURES), folder))


@contextmanager
def _folder(keep: Path | None, database: str) -> Iterator[Path]:
    """Give a folder that is removed afterwards, or the one to be kept; PostgreSQL's own user must get in."""
    if keep is not None:
        (keep / database).mkdir(parents=True, exist_ok=True)
        yield keep / database
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-scale-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


if __name__ == "__main__":
    main()
