"""The machine's floor: bare aiokafka produce → consume on the same broker, in the same run, at the same rate."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.bench.figures import Figures

TOPIC = "bench.floor"
BODY_BYTES = 500
"""About what a filed report weighs on the wire."""


async def measure_floor(bootstrap: str, rate: float, seconds: float) -> Figures:
    """Return the times from just before a produce call to the record in a consumer's hands."""
    await _create(bootstrap)
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="latest")
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    sample: list[float] = []

    async def consume() -> None:
        async for record in consumer:
            sample.append(time.perf_counter() - float(record.value[:24]))  # noqa: PERF401 - the stream never ends

    reading = asyncio.create_task(consume())
    try:
        await asyncio.sleep(2)
        for number in range(int(rate * seconds)):
            started = time.perf_counter()
            value = f"{started:<24.9f}".encode().ljust(BODY_BYTES, b".")
            await producer.send(TOPIC, value, key=str(number).encode())
            await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - started)))
        await asyncio.sleep(1)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await producer.stop()
        await consumer.stop()
    return Figures.of(f"floor: aiokafka produce → consume, {rate:g}/s", sample)


async def _create(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if TOPIC not in await admin.list_topics():
            await admin.create_topics([NewTopic(TOPIC, 12, 1)])
    finally:
        await admin.close()
