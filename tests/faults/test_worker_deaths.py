"""The escalation worker dies, freezes, and shares its work: nothing is lost and nothing doubled in state."""

import asyncio
import random
import signal

import pytest

from services.broker.apache import ApacheKafka
from tests.e2e.conftest import MakeStack
from tests.support.stack import Stack
from tests.support.tcp_proxy import TcpProxy
from tests.support.truth import assert_positions_gapless, assert_whole, outstanding

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.timeout(420)]
SEED = 20260901
UNPACED = {"TOCSIN_RECIPIENT_MESSAGES_PER_MINUTE": "600"}
"""Hundreds of cases of one school remind the same few people: at twenty a minute they would be told for hours."""


async def breached(stack: Stack, cases: list[str]) -> bool:
    """Tell whether each case recorded the breach of its first clock."""
    for case in cases:
        if "breach-recorded" not in await stack.kinds(case):
            return False
    return True


async def handed_over(stack: Stack, seconds: float) -> None:
    """Wait until everything that was requested by now was handed to a provider."""
    wanted = await outstanding(stack.database)

    async def done() -> bool:
        return not wanted & await outstanding(stack.database)

    await stack.until(done, f"{len(wanted)} notifications handed over", seconds, step=0.5)


@pytest.mark.long
async def test_kill_nine_ten_times_far_from_the_broker_loses_and_doubles_nothing(
    make_stack: MakeStack, kafka: ApacheKafka, slow_ports: tuple[int, int]
) -> None:
    """Ten kills at random moments, 250 ms from the broker, while reports, answers and deadlines flow."""
    rng = random.Random(SEED)
    proxy_port, behind = slow_ports
    async with TcpProxy("127.0.0.1", behind, delay_ms=250, port=proxy_port) as proxy:
        stack = await make_stack(kafka.bootstrap_servers, speed=10.0, extra=UNPACED)
        await stack.start_all()
        await stack.kill("escalation")
        filed: list[str] = []

        async def traffic() -> None:
            while True:
                case = await stack.file(severity=rng.choice(["I", "II", "III", "IV"]))
                filed.append(case)
                if rng.random() < 0.5:
                    await stack.act(case, "acknowledge", "principal-1")
                await asyncio.sleep(0.25)

        flow = asyncio.create_task(traffic())
        try:
            for _ in range(10):
                await stack.start("escalation", kafka=proxy.address, page="live")
                await asyncio.sleep(rng.uniform(2.0, 6.0))
                await stack.kill("escalation")
        finally:
            flow.cancel()
            await asyncio.gather(flow, return_exceptions=True)
        await stack.start("escalation", kafka=proxy.address)
        last = filed[-1]
        await stack.until_kind(last, "case-opened", seconds=60)
        await handed_over(stack, 60)
        await stack.stop("escalation")
        assert len(filed) > 50
        await assert_whole(stack.database, filed)
        await assert_positions_gapless(stack.database)


async def test_worker_frozen_past_its_lease_is_fenced_when_it_wakes(make_stack: MakeStack, kafka: ApacheKafka) -> None:
    """SIGSTOP for longer than the lease: another worker fires the clocks; the sleeper's commits are refused."""
    stack = await make_stack(kafka.bootstrap_servers, speed=60.0)
    await stack.start_all()
    cases = [await stack.file(severity="I") for _ in range(10)]
    await stack.until_kind(cases[-1], "clock-started")
    sleeper = stack.workers["escalation"]
    await stack.freeze("escalation")
    await stack.start("escalation-2", page="live")
    await stack.until(lambda: breached(stack, cases), "the second worker fires the breaches", seconds=40, step=0.3)
    sleeper.process.send_signal(signal.SIGCONT)

    async def fenced() -> bool:
        return "partition.lost" in sleeper.text()

    await stack.until(fenced, "the sleeper notices the newer claim", seconds=20)
    more = [await stack.file(severity="I") for _ in range(10)]
    await stack.until(lambda: breached(stack, more), "clocks go on", seconds=60, step=0.3)
    await stack.stop("escalation")
    await stack.stop("escalation-2")
    await assert_whole(stack.database, [*cases, *more])
    await assert_positions_gapless(stack.database)


@pytest.mark.long
async def test_second_worker_joins_and_leaves_during_five_hundred_open_cases(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """Partitions move twice while 500 cases are open; each breach is recorded exactly once."""
    stack = await make_stack(kafka.bootstrap_servers, speed=10.0, extra=UNPACED)
    await stack.start_all()
    filed: list[str] = []
    for _ in range(50):
        filed += await asyncio.gather(*(stack.file(severity="II") for _ in range(10)))
    await stack.start("escalation-2")
    await asyncio.sleep(3)
    await stack.stop("escalation-2")

    async def all_breached() -> bool:
        return await breached(stack, filed[::25]) and await breached(stack, filed)

    await stack.until(all_breached, "500 breaches", seconds=90, step=1.0)
    await handed_over(stack, 60)
    await stack.stop("escalation")
    found = await assert_whole(stack.database, filed)
    await assert_positions_gapless(stack.database)
    for case in found.values():
        clock = case.clock("report_to_principal@principal")
        assert clock is not None
        assert clock.status == "breached"
