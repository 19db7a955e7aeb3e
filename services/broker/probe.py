"""Asks a Kafka broker whether it is there and serves clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.broker.errors import BrokerError


async def answers(bootstrap_servers: str, within_seconds: float = 5.0) -> bool:
    """Whether a broker at one of these addresses serves clients; False, not an error, for one that is away."""
    if not await _any_port_open(bootstrap_servers, within_seconds):
        # Only a knock: the Kafka client would log an error with a traceback for every refused connection.
        return False
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap_servers,
        client_id="tocsin-broker-probe",
        request_timeout_ms=int(within_seconds * 1000),
    )
    try:
        async with asyncio.timeout(within_seconds):
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


async def wait_until_answers(
    bootstrap_servers: str, exit_code: Callable[[], int | None], within_seconds: float, last_lines: Callable[[], str]
) -> None:
    """Wait until the broker that was just started serves clients.

    Raises BrokerError with the end of its output when it exits, or is not there in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_seconds
    while True:
        if (code := exit_code()) is not None:
            raise BrokerError(f"The broker ended while starting (exit code {code}). Its last words:\n{last_lines()}")
        if await answers(bootstrap_servers, within_seconds=2.0):
            return
        if loop.time() > deadline:
            raise BrokerError(
                f"The broker at {bootstrap_servers} did not answer within {within_seconds:.0f} s. Its last words:\n"
                f"{last_lines()}\nThe machine may be overloaded or short of memory; start again, or see its log."
            )
        await asyncio.sleep(0.1)


async def _any_port_open(bootstrap_servers: str, within_seconds: float) -> bool:
    for address in bootstrap_servers.split(","):
        host, _, port = address.strip().rpartition(":")
        try:
            async with asyncio.timeout(within_seconds):
                _, writer = await asyncio.open_connection(host.strip("[]") or address.strip(), int(port or 9092))
        except (OSError, TimeoutError, ValueError):
            continue
        writer.close()
        return True
    return False
