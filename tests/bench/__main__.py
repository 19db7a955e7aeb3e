"""``make bench``: latency and lateness of the real services on a real Kafka, beside this machine's floor.

Prints p50, p99 and max in milliseconds, ratios to the floor of the same run, and each process's memory.
"""

import argparse
import asyncio
import logging
import os
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil

from tests.bench.floor import measure_floor
from tests.bench.handover import measure_handover
from tests.bench.lateness import measure_lateness
from tests.support.kafka_node import kafka_node
from tests.support.own_process import own_process
from tests.support.postgres import PostgresCluster
from tests.support.stack import Stack

DIRECTORY = Path(__file__).parents[1] / "support" / "directory.yaml"
SID, TOKEN = "AC" + "0" * 32, "bench"
WARM_UP_SECONDS = 10.0


@dataclass(frozen=True)
class Plan:
    """How long and how much: ``--quick`` shows that the bench works, not what the machine can do."""

    slow_seconds: float
    fast_seconds: float
    open_cases: tuple[int, ...]


FULL = Plan(30.0, 30.0, (1_000, 100_000))
QUICK = Plan(5.0, 5.0, (1_000,))


async def bench(database: str, plan: Plan) -> None:
    """Run every measurement once on one backend."""
    async with AsyncExitStack() as stack_of:
        folder = Path(stack_of.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-bench-")))
        url = f"sqlite+aiosqlite:///{folder / 'tocsin.db'}"
        if database == "postgres":
            url = stack_of.enter_context(PostgresCluster()).create_database("bench")
        node = await stack_of.enter_async_context(kafka_node(folder / "kafka"))
        sms_log = folder / "sms.jsonl"
        twilio = await stack_of.enter_async_context(
            own_process(
                "tests.support.fake_twilio", "--log", str(sms_log), "--account-sid", SID, "--auth-token", TOKEN,
                "--no-contract",
            )
        )  # fmt: skip
        smtp = await stack_of.enter_async_context(own_process("tests.support.smtp_sink"))
        account = SimpleNamespace(sid=SID, token=TOKEN)
        provider = cast("Any", SimpleNamespace(account=account, url=f"http://127.0.0.1:{twilio.port}"))
        stack = Stack(
            node.bootstrap_servers, url, folder, DIRECTORY, "bench.", provider, cast("Any", smtp),
            extra={"TOCSIN_LOG_LEVEL": "warning"},
        )  # fmt: skip
        stack_of.push_async_callback(stack.close)
        await stack.prepare()
        await stack.start_all()
        print(f"\n{database}: {os.cpu_count()} cores; provider, mail server, broker and this bench run on them, too")
        await measure_handover(stack, sms_log, 20, WARM_UP_SECONDS)
        for rate, seconds in ((1.0, plan.slow_seconds), (50.0, plan.fast_seconds)):
            floor = await measure_floor(node.bootstrap_servers, rate, min(seconds, 20))
            print(floor.line())
            print((await measure_handover(stack, sms_log, rate, seconds)).line(floor))
        print(_memory(stack))
        for count in plan.open_cases:
            for figures in await measure_lateness(stack, count):
                print(figures.line())
            print(_memory(stack))


def _memory(stack: Stack) -> str:
    sizes = {name: psutil.Process(w.process.pid).memory_info().rss / 2**20 for name, w in stack.workers.items()}
    return "memory: " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Latency and lateness, beside this machine's floor.")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that it works")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    backends = ("sqlite", "postgres") if chosen.database == "both" else (chosen.database,)
    for backend in backends:
        asyncio.run(bench(backend, QUICK if chosen.quick else FULL))


if __name__ == "__main__":
    main()
