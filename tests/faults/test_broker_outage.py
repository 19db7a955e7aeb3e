"""The broker goes away, and later comes back empty: clocks fire on time, filing is accepted, everything goes out."""

import asyncio
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from tests.e2e.conftest import MakeStack
from tests.support.kafka_node import kafka_node
from tests.support.stack import Stack, at
from tests.support.truth import assert_whole, outstanding

pytestmark = [pytest.mark.faults, pytest.mark.long, pytest.mark.kafka, pytest.mark.timeout(300)]
LATE = timedelta(milliseconds=500)
"""Real time: a deadline fired later than this was not on time (the aim on a quiet machine is 100 ms)."""


async def lateness(stack: Stack, case: str, clock: str) -> timedelta | None:
    """Return how late, in real time, the breach of a clock was recorded; None while it was not."""
    for entry in await stack.timeline(case):
        if entry["kind"] == "breach-recorded" and entry["clock"] == clock:
            fired = datetime.fromisoformat(entry.get("fired_at") or entry["received_at"])
            return (fired - at(entry)) / stack.speed
    return None


async def test_broker_stopped_then_wiped_while_cases_are_open(make_stack: MakeStack, tmp_path: Path) -> None:
    """Stop, fire and file meanwhile, come back; stop, wipe, fire and file meanwhile, come back empty."""
    async with kafka_node(tmp_path / "kafka") as node:
        stack = await make_stack(node.bootstrap_servers, speed=60.0)
        await stack.start_all()
        first = await stack.file(severity="II")
        await stack.until_kind(first, "clock-started")
        await node.stop()
        second = await stack.file(severity="II")  # accepted without a broker
        late = await stack.until(
            lambda: lateness(stack, first, "report_to_principal@principal"), "the breach without a broker", seconds=15
        )
        assert late < LATE
        await node.start()
        await stack.until_kind(second, "breach-recorded", seconds=60)

        third = await stack.file(severity="II")
        await stack.until_kind(third, "clock-started", seconds=60)
        await node.stop()
        node.wipe()
        fourth = await stack.file(severity="II")
        late = await stack.until(
            lambda: lateness(stack, third, "report_to_principal@principal"), "the breach without a broker", seconds=15
        )
        assert late < LATE
        await asyncio.sleep(1)
        assert await outstanding(stack.database)
        await node.start()
        await stack.until_kind(fourth, "breach-recorded", seconds=90)

        waiting = await outstanding(stack.database)

        async def gone() -> bool:
            return not waiting & await outstanding(stack.database)

        await stack.until(gone, "everything waiting went out", seconds=60, step=0.5)
        fifth = await stack.file(severity="IV")
        await stack.until_kind(fifth, "step-taken", seconds=30)
        await stack.stop("escalation")
        cases = await assert_whole(stack.database, [first, second, third, fourth, fifth])
        entries = await journal_on_the_bus(stack, node.bootstrap_servers, sum(case.seq for case in cases.values()))
        assert {case: max(numbers) for case, numbers in entries.items()} == {c: case.seq for c, case in cases.items()}
        assert all(sorted(numbers) == list(range(1, max(numbers) + 1)) for numbers in entries.values())


async def journal_on_the_bus(stack: Stack, bootstrap: str, least: int) -> dict[str, set[int]]:
    """Return the journal numbers of each case that the (new) topic holds."""
    consumer = AIOKafkaConsumer(stack.prefix + "escalations", bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    seen: dict[str, set[int]] = {}
    try:
        async with asyncio.timeout(30):
            while sum(len(numbers) for numbers in seen.values()) < least:
                record = await consumer.getone()
                entry = json.loads(record.value)
                seen.setdefault(entry["case_id"], set()).add(entry["seq"])
    finally:
        await consumer.stop()
    return seen
