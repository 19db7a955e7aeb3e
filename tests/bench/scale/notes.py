"""Notes for cases that are open already, produced straight to the bus: the simplest fact that changes a case."""

import asyncio
import random
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from events.codec import encode
from events.incident import NoteAdded
from services.runtime.clock import wall_now

SLICE_SECONDS = 0.02


async def produce_notes(bootstrap: str, topic: str, case_ids: Sequence[str], count: int, rate: float | None) -> float:
    """Produce ``count`` notes, each for a case drawn from ``case_ids``; return the records a second that went out.

    With ``rate`` records a second are sent evenly; without, as fast as the broker takes them.
    """
    chance = random.Random(count)
    run = time.time_ns()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5)
    await producer.start()
    begun = time.monotonic()
    try:
        sent = []
        for number in range(count):
            if rate is not None and (ahead := number / rate - (time.monotonic() - begun)) > SLICE_SECONDS:
                await asyncio.sleep(ahead)
            elif number % 100 == 0:
                await asyncio.sleep(0)
            case_id = chance.choice(case_ids)
            note = NoteAdded(case_id=case_id, received_at=wall_now(), by="bench", text="all pupils are counted")
            record = encode(
                note, event_id=f"{run}-{number}", key=case_id, source="/bench", time=note.received_at,
                event_type=NoteAdded.TYPE,
            )  # fmt: skip
            sent.append(await producer.send(topic, record.value, key=case_id.encode(), headers=record.headers))
        await asyncio.gather(*sent)
        return count / (time.monotonic() - begun)
    finally:
        await producer.stop()
