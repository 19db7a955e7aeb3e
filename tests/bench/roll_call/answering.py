"""Answers a second: from the bus, through the machine, into the state with its offset."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

from aiokafka import AIOKafkaProducer
from sqlalchemy import func, select

from events.codec import Encoded, encode
from events.roll_call import ReportConfirmed
from services.runtime.tables import school_days
from tests.support.stack import Stack

PATIENCE_SECONDS = 300.0
IN_FLIGHT = 2_000


async def measure_answers(stack: Stack, schools: Sequence[str]) -> list[str]:
    """Return the rate at which one answer of each school is taken, and how long the last waited."""
    at = stack.clock.now()
    records = [_answer(school, at) for school in schools]
    begun = time.monotonic()
    sending = asyncio.create_task(_send(stack, records))
    marks: list[tuple[float, int]] = []
    while (done := await _answered(stack)) < len(schools):
        marks.append((time.monotonic() - begun, done))
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise RuntimeError(f"{done:,} of {len(schools):,} answers after {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(0.25)
    took = time.monotonic() - begun
    sent = await sending
    middle = [(at, done) for at, done in marks if 0.1 * len(schools) <= done <= 0.9 * len(schools)]
    sustained = (middle[-1][1] - middle[0][1]) / (middle[-1][0] - middle[0][0]) if len(middle) > 1 else 0.0
    name = f"{len(schools):,} answers through Kafka into the state"
    return [
        f"{name:<58} {len(schools) / took:,.0f}/s from the first sent to the last committed",
        f"{'':<58} {sustained:,.0f}/s in the middle 80 %; sent within {sent:.1f} s, committed within {took:.1f} s",
    ]


def _answer(school: str, at: datetime) -> Encoded:
    fact = ReportConfirmed(school_id=school, received_at=at, status="zero", by=f"{school}-head")
    return encode(fact, event_id=f"answer-{school}", key=school, source="/bench", time=at, event_type=fact.TYPE)


async def _send(stack: Stack, records: Sequence[Encoded]) -> float:
    """Send everything as fast as the producer can; return how long that took."""
    producer = AIOKafkaProducer(bootstrap_servers=stack.kafka, acks="all", linger_ms=5, max_batch_size=262_144)
    await producer.start()
    begun, topic = time.monotonic(), f"{stack.prefix}zero-reports"
    try:
        for start in range(0, len(records), IN_FLIGHT):
            sent = [
                await producer.send(topic, record.value, key=record.key.encode(), headers=record.headers)
                for record in records[start : start + IN_FLIGHT]
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return time.monotonic() - begun


async def _answered(stack: Stack) -> int:
    statement = select(func.count()).select_from(school_days).where(school_days.c.first_at.is_not(None))
    async with stack.database.reading() as connection:
        return int((await connection.execute(statement)).scalar_one())
