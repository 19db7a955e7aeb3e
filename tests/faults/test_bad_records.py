"""What other clients put on ``tocsin.incidents``: broken, misplaced or in another form. It stops nothing but itself."""

import json
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.broker.apache import ApacheKafka
from tests.e2e.conftest import MakeStack

pytestmark = [pytest.mark.faults, pytest.mark.kafka]


def filed(case: str, at: str, school: str = "school-1") -> dict[str, object]:
    return {"case_id": case, "report_id": case, "school_id": school, "kind": "fire", "received_at": at}


def binary(event_id: str, event_type: str = "edu.tocsin.incident.filed.v1") -> list[tuple[str, bytes]]:
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", b"https://other.example/client"),
        ("ce_type", event_type.encode()),
        ("ce_time", b"2026-09-01T00:00:00Z"),
        ("content-type", b"application/json"),
    ]


async def test_bad_records_land_in_the_dead_letter_topic_and_the_next_ones_are_handled(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """Not JSON, wrong fields, unknown type, unknown school, future time: each a letter with its reason and bytes."""
    stack = await make_stack(kafka.bootstrap_servers)
    await stack.start_all()
    topic = stack.prefix + "incidents"
    now = stack.clock.now().isoformat()
    naive = {**filed("other-naive", now), "received_at": "2026-09-01T00:00:00"}
    future = filed("other-future", "2096-09-01T00:00:00Z")
    bad = [
        (binary("b1"), b"\xff not json"),
        ([], b"{}"),
        (binary("b3"), json.dumps(naive).encode()),
        (binary("b4", "edu.tocsin.incident.unheard-of.v1"), b"{}"),
        (binary("b5"), json.dumps(filed("other-5", now, "no-such-school")).encode()),
        (binary("b6"), json.dumps(future).encode()),
    ]
    structured = {
        "specversion": "1.0", "id": "s1", "source": "https://other.example/client", "time": now,
        "type": "edu.tocsin.incident.filed.v1", "data": filed("other-structured", now),
    }  # fmt: skip
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers)
    await producer.start()
    try:
        for headers, value in bad:
            await producer.send_and_wait(topic, value, key=b"k", headers=headers, partition=3)
        # good ones, in both modes, on a partition that is not their home (another client's partitioner)
        for partition in (3, 4):
            await producer.send_and_wait(
                topic, json.dumps(filed("other-good", now)).encode(), headers=binary("g1"), partition=partition
            )
        await producer.send_and_wait(
            topic,
            json.dumps(structured).encode(),
            headers=[("content-type", b"application/cloudevents+json; charset=utf-8")],
            partition=3,
        )
    finally:
        await producer.stop()
    await stack.until_kind("other-good", "step-taken")
    await stack.until_kind("other-structured", "step-taken")
    assert (await stack.kinds("other-good")).count("case-opened") == 1
    consumer = AIOKafkaConsumer(
        topic + ".dead-letter", bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest"
    )
    await consumer.start()
    letters: list[Any] = []
    try:
        while len(letters) < len(bad):
            letters.append(await consumer.getone())
    finally:
        await consumer.stop()
    assert sorted(letter.value for letter in letters) == sorted(value for _, value in bad)
    reasons = {
        dict(letter.headers)["tocsin_origin"]: dict(letter.headers)["tocsin_reason"].decode() for letter in letters
    }
    text = "\n".join(reasons.values())
    for part in ("not JSON", "specversion", "timezone", "unknown event type", "no-such-school", "lies in the future"):
        assert part in text, text
