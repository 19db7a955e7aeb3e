"""The relay's producer on a real Kafka."""

import asyncio

import psutil
import pytest

from services.broker.apache import ApacheKafka
from services.runtime.bus_access import kafka_access
from services.runtime.read_ahead import MOST_UNREAD
from services.runtime.relay import BATCH
from services.runtime.settings import Settings
from tests.integration.test_apache_kafka import create_topic

pytestmark = pytest.mark.kafka

PATIENCE = 10.0
RECORD = b"x" * 800
"""As long as the usual one, with its headers."""


async def test_whole_batch_is_handed_over_while_the_broker_says_nothing(kafka: ApacheKafka) -> None:
    """No record of a batch waits for the answer to another, though all go to one partition."""
    producer = kafka_access(Settings(), kafka.bootstrap_servers).new_producer()
    assert kafka.pid is not None
    broker = psutil.Process(kafka.pid)
    await create_topic(kafka.bootstrap_servers, "relay-batch")
    await producer.start()
    try:
        await producer.send_and_wait("relay-batch", b"first", key=b"key")
        broker.suspend()
        try:
            async with asyncio.timeout(PATIENCE):
                sent = [await producer.send("relay-batch", RECORD, key=b"key") for _ in range(BATCH + MOST_UNREAD)]
        finally:
            broker.resume()
        places = await asyncio.gather(*sent)
        assert [place.offset for place in places] == list(range(1, len(sent) + 1))
    finally:
        await producer.stop()
