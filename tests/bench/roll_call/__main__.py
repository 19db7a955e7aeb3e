"""``make bench-roll-call``: a province's answers, and a nation's cut-off tick, on a real Kafka with real services.

The broker, the database, the provider and this bench share the machine's cores with the services. The reminders are
due 150 seconds before the cut-off, so that the tick meets schools that are on record, as it does every day.
"""

import argparse
import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psutil

from tests.bench.handover import measure_handover
from tests.bench.roll_call.answering import measure_answers
from tests.bench.roll_call.nation import school_id, settle_schools, write_schedule
from tests.bench.roll_call.tick import measure_tick
from tests.support.kafka_node import kafka_node
from tests.support.own_process import own_process
from tests.support.postgres import PostgresCluster
from tests.support.stack import Stack

ACCOUNT = ("AC" + "0" * 32, "bench")
WARM_UP_SECONDS = 8.0


@dataclass(frozen=True)
class Plan:
    """How much: ``--quick`` shows that the bench works, not what the machine can do."""

    answers: int = 40_000
    missing: int = 70_000
    rate: float = 8.0
    seconds: float = 50.0
    """How long incidents are filed, quiet and meanwhile: 400 of each, so that a p99 is not one or two of them."""
    head_start_seconds: float = 310.0
    """From the start of the services to the cut-off: loading the directory, the answers, and the quiet part."""


QUICK = Plan(answers=2_000, missing=3_000, seconds=10.0, head_start_seconds=120.0)


async def bench(database: str, plan: Plan) -> None:
    """Run both measurements once on one database."""
    async with AsyncExitStack() as stack_of:
        folder = stack_of.enter_context(_open_to_all())
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
        account = SimpleNamespace(sid=ACCOUNT[0], token=ACCOUNT[1])
        provider = cast("Any", SimpleNamespace(account=account, url=f"http://127.0.0.1:{twilio.port}"))
        stack = Stack(
            node.bootstrap_servers, url, folder, folder / "nobody.yaml", "bench.", provider, cast("Any", smtp),
            extra={"TOCSIN_LOG_LEVEL": "warning", "TOCSIN_LEASE_SECONDS": "5", "TOCSIN_SESSION_TIMEOUT_SECONDS": "10"},
        )  # fmt: skip
        stack_of.push_async_callback(stack.close)
        await stack.prepare()
        await settle_schools(stack.database, plan.answers + plan.missing)
        async for line in _measure(stack, log, folder, plan, database):
            print(line, flush=True)
        print(_memory(stack))


async def _measure(stack: Stack, log: Path, folder: Path, plan: Plan, database: str) -> AsyncIterator[str]:
    now = stack.clock.now().replace(microsecond=0)
    cut_off = now + timedelta(seconds=plan.head_start_seconds)
    stack.extra["TOCSIN_SCHEDULES"] = str(write_schedule(folder / "schedules", now - timedelta(minutes=1), cut_off))
    await stack.start("notifier", "escalation", "roll_call", "intake")
    yield f"\n{database}: {plan.answers + plan.missing:,} schools; {os.cpu_count()} cores carry everything"
    await measure_handover(stack, log, plan.rate, WARM_UP_SECONDS)
    for line in await measure_answers(stack, [school_id(number) for number in range(plan.answers)]):
        yield line
    for line in await measure_tick(stack, log, plan.missing, cut_off, plan.answers, plan.rate, plan.seconds):
        yield line


@contextmanager
def _open_to_all() -> Iterator[Path]:
    """Give a folder into which PostgreSQL's own user gets, too."""
    with tempfile.TemporaryDirectory(prefix="tocsin-roll-call-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def _memory(stack: Stack) -> str:
    sizes = {name: psutil.Process(w.process.pid).memory_info().rss / 2**20 for name, w in stack.workers.items()}
    return "memory: " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items())


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="A province's answers, and a nation's cut-off tick.")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--missing", type=int, help="schools missing at the tick (default 70,000)")
    parser.add_argument("--answers", type=int, help="answers for the throughput (default 40,000)")
    parser.add_argument("--head-start", type=float, dest="head_start_seconds", help="seconds to the cut-off (310)")
    parser.add_argument("--quick", action="store_true", help="a few thousand: shows that it works")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    plan = QUICK if chosen.quick else Plan()
    given = {name: getattr(chosen, name) for name in ("missing", "answers", "head_start_seconds")}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    for backend in ("sqlite", "postgres") if chosen.database == "both" else (chosen.database,):
        asyncio.run(bench(backend, plan))


if __name__ == "__main__":
    main()
