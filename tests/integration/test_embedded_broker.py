"""The embedded broker with our Kafka client: what Tocsin needs of it works, and its limits are as documented."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.broker.embedded import EmbeddedBroker
from services.broker.main import start_broker

pytest.importorskip("noida_db", reason="the extra `embedded` is not installed")


async def test_records_and_commits_survive_an_ordered_stop(tmp_path: Path) -> None:
    """Topics, records with headers and a group's commits are there again, at the same port, after stop and start."""
    broker = EmbeddedBroker(tmp_path)
    await broker.start()
    try:
        servers = broker.bootstrap_servers
        admin = AIOKafkaAdminClient(bootstrap_servers=servers)
        await admin.start()
        await admin.create_topics([NewTopic("facts", 1, 1)])
        await admin.close()
        await produce(servers, [b"one", b"two"])
        assert await consume(servers, 2) == [b"one", b"two"]

        await produce(servers, [b"three"])
        await broker.stop()  # at once: what is not saved by the stop would be lost
        assert not broker.is_running
        await broker.start()
        assert broker.bootstrap_servers == servers
        assert await consume(servers, 1) == [b"three"]

        await broker.stop()
        broker.wipe()
        await broker.start()
        assert await end_of(servers, TopicPartition("facts", 0)) == 0
    finally:
        await broker.kill()


async def test_start_broker_runs_the_embedded_one_and_stops_it(tmp_path: Path) -> None:
    """By name, it is started, says what it is, answers, and is gone after stop."""
    told: list[str] = []
    broker = await start_broker("embedded", None, tmp_path, on_progress=told.append)
    try:
        assert await broker.healthy()
        assert "for trying out" in told[0]
        assert broker.bootstrap_servers in broker.description
    finally:
        await broker.stop()
    assert not await broker.healthy()


async def test_start_broker_goes_on_with_an_external_kafka_that_is_away_and_says_so(tmp_path: Path) -> None:
    """Services wait for a Kafka that comes later; the person reads that it does not answer now."""
    told: list[str] = []
    broker = await start_broker("auto", "127.0.0.1:1", tmp_path, on_progress=told.append)
    assert broker.bootstrap_servers == "127.0.0.1:1"
    assert not await broker.healthy()
    assert "does not answer" in told[-1]


async def produce(servers: str, values: list[bytes]) -> None:
    """Send values in order, each acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait("facts", value, key=b"case", headers=[("ce_id", b"1")])
    finally:
        await producer.stop()


async def consume(servers: str, count: int) -> list[bytes]:
    """Read so many values as a static member of a group, and commit."""
    consumer = AIOKafkaConsumer(
        "facts", bootstrap_servers=servers, group_id="readers", group_instance_id="reader-1",
        auto_offset_reset="earliest", enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=1000,
    )  # fmt: skip
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            records = [await consumer.getone() for _ in range(count)]
        assert all(record.headers == (("ce_id", b"1"),) for record in records)
        await consumer.commit()
        return [record.value for record in records]
    finally:
        await consumer.stop()


async def end_of(servers: str, partition: TopicPartition) -> int:
    """The offset that the next record of a partition would get."""
    consumer = AIOKafkaConsumer(bootstrap_servers=servers)
    await consumer.start()
    try:
        return int((await consumer.end_offsets([partition]))[partition])
    finally:
        await consumer.stop()
