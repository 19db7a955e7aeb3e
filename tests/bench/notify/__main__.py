"""``make bench-notify``: one notifier's messages a second beside a bare POST loop, and incidents beside bulk.

A real Kafka, the real services as processes, and a provider over real HTTP; p50, p99 and max in milliseconds.
"""

import argparse
import asyncio
import logging
import os
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil

from tests.bench.handover import measure_handover
from tests.bench.notify.bulk import measure_beside_bulk
from tests.bench.notify.floor import measure_floor, measure_httpx_floor
from tests.bench.notify.handing import measure_overhead, measure_throughput
from tests.bench.notify.people import DIRECTORY, settle_people
from tests.support.kafka_node import kafka_node
from tests.support.own_process import own_process
from tests.support.postgres import PostgresCluster
from tests.support.stack import Stack

ACCOUNT = ("AC" + "0" * 32, "bench")
WARM_UP, WARM_UP_SECONDS = 500, 8.0


@dataclass(frozen=True)
class Plan:
    """How much: ``--quick`` shows that the bench works, not what the machine can do."""

    messages: int
    overhead_rate: float
    overhead_seconds: float
    incident_rate: float
    incident_seconds: float


FULL = Plan(6_000, 100.0, 15.0, 10.0, 30.0)
QUICK = Plan(1_000, 50.0, 3.0, 5.0, 10.0)


async def bench(database: str, plan: Plan, parts: str) -> None:
    """Run the measurements on one backend."""
    async with AsyncExitStack() as stack_of:
        folder = Path(stack_of.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-bench-")))
        url = f"sqlite+aiosqlite:///{folder / 'tocsin.db'}"
        if database == "postgres":
            url = stack_of.enter_context(PostgresCluster()).create_database("bench")
        node = await stack_of.enter_async_context(kafka_node(folder / "kafka"))
        log = folder / "sms.jsonl"
        twilio = await stack_of.enter_async_context(
            own_process(
                "tests.support.fake_twilio", "--log", str(log), "--account-sid", ACCOUNT[0], "--auth-token", ACCOUNT[1],
                "--no-contract",
            )
        )  # fmt: skip
        smtp = await stack_of.enter_async_context(own_process("tests.support.smtp_sink"))
        provider_url = f"http://127.0.0.1:{twilio.port}"
        account = SimpleNamespace(sid=ACCOUNT[0], token=ACCOUNT[1])
        provider = cast("Any", SimpleNamespace(account=account, url=provider_url))
        stack = Stack(
            node.bootstrap_servers, url, folder, DIRECTORY, "bench.", provider, cast("Any", smtp),
            extra={"TOCSIN_LOG_LEVEL": "warning"},
        )  # fmt: skip
        stack_of.push_async_callback(stack.close)
        await stack.prepare()
        await settle_people(stack.database)
        await stack.start("notifier")
        print(f"\n{database}: {os.cpu_count()} cores; provider, broker and this bench run on them, too")
        if parts != "bulk":
            await _hand_over(stack, log, provider_url, plan)
        if parts != "handing":
            await _beside_bulk(stack, log, plan)


async def _hand_over(stack: Stack, log: Path, provider_url: str, plan: Plan) -> None:
    topic = f"{stack.prefix}notifications"
    await measure_throughput(stack.kafka, topic, log, WARM_UP, f"w{int(time.time())}")
    floor, figures = await measure_floor(provider_url, ACCOUNT, plan.messages)
    print(figures.line())
    rate = await measure_throughput(stack.kafka, topic, log, plan.messages, f"t{int(time.time())}")
    other = await measure_httpx_floor(provider_url, ACCOUNT, plan.messages // 3)
    print(
        f"one notifier: {rate:.0f} messages/s; a bare loop with aiohttp: {floor:.0f}/s ({floor / rate:.1f} ×), "
        f"with httpx: {other:.0f}/s ({other / rate:.1f} ×)"
    )
    print(_memory(stack))
    print((await measure_overhead(stack.kafka, topic, log, plan.overhead_rate, plan.overhead_seconds)).line())


async def _beside_bulk(stack: Stack, log: Path, plan: Plan) -> None:
    await stack.start("escalation", "intake")
    await measure_handover(stack, log, plan.incident_rate, WARM_UP_SECONDS)
    alone, beside, note = await measure_beside_bulk(stack, log, plan.incident_rate, plan.incident_seconds)
    print(alone.line())
    print(beside.line())
    print(f"{note}; p99 with = {beside.quantile(0.99) / alone.quantile(0.99):.2f} × without")
    print(_memory(stack))


def _memory(stack: Stack) -> str:
    sizes = {name: psutil.Process(w.process.pid).memory_info().rss / 2**20 for name, w in stack.workers.items()}
    return "memory: " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Messages a second, and incidents beside bulk.")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--only", choices=("handing", "bulk", "all"), default="all")
    parser.add_argument("--quick", action="store_true", help="a few seconds only: shows that it works")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    for backend in ("sqlite", "postgres") if chosen.database == "both" else (chosen.database,):
        asyncio.run(bench(backend, QUICK if chosen.quick else FULL, chosen.only))


if __name__ == "__main__":
    main()
