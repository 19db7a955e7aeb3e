"""The local Apache Kafka, for real: it starts, serves, survives kill -9 with its data, and can be wiped."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError

from services.broker.apache import ApacheKafka
from services.broker.errors import BrokerError, JarFetchError
from services.broker.jars import JarCache
from services.broker.local_broker import LocalBroker
from services.broker.probe import answers
from services.broker.server_properties import ExtraListener
from tests.support.ports import free_port
from tests.support.tcp_proxy import TcpProxy

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).resolve().parents[2]
LIBS = Path(os.environ.get("TOCSIN_TEST_KAFKA_LIBS", ROOT / "var" / "kafka" / "libs"))


@asynccontextmanager
async def started(node: ApacheKafka) -> AsyncIterator[ApacheKafka]:
    """A running node, killed at the end whatever happened."""
    try:
        await node.start()
        yield node
    finally:
        await node.kill()


async def topics(servers: str) -> list[str]:
    """All topics of a broker but its own."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        return sorted(name for name in await admin.list_topics() if not name.startswith("__"))
    finally:
        await admin.close()


async def create_topic(servers: str, name: str) -> None:
    """A topic of three partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(name, 3, 1)])
    finally:
        await admin.close()


async def produce(servers: str, topic: str, values: list[bytes]) -> None:
    """Send values in order under one key, each acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=servers, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, key=b"case")
    finally:
        await producer.stop()


async def consume(servers: str, topic: str, count: int) -> list[bytes]:
    """Read so many values as a member of a consumer group with sessions of 6 s."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id="readers", auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=6000, heartbeat_interval_ms=1000,
    )  # fmt: skip
    await consumer.start()
    try:
        async with asyncio.timeout(20):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_records_survive_kill_9_and_a_restart_on_the_same_port(tmp_path: Path) -> None:
    """A node killed by force comes back at the same address with every acknowledged record; wiped, it is empty."""
    async with started(ApacheKafka(tmp_path / "警钟 data", libs_dir=LIBS)) as node:
        servers, first = node.bootstrap_servers, node.pid
        await create_topic(servers, "facts")
        await produce(servers, "facts", [b"one", b"two"])
        assert await consume(servers, "facts", 2) == [b"one", b"two"]

        await node.kill()
        assert not node.is_running
        assert not await answers(servers)
        await node.start()
        assert node.bootstrap_servers == servers
        assert node.pid != first
        await produce(servers, "facts", [b"three"])
        assert await consume(servers, "facts", 3) == [b"one", b"two", b"three"]

        with pytest.raises(BrokerError, match="stop it before"):
            node.wipe()
        await node.stop()
        node.wipe()
        await node.start()
        assert node.bootstrap_servers == servers
        assert await topics(servers) == []


async def test_a_new_object_finds_the_port_and_the_data_of_the_last_one(tmp_path: Path) -> None:
    """The port chosen at the first start is remembered in the data folder, for the next run of the program."""
    async with started(ApacheKafka(tmp_path, libs_dir=LIBS)) as node:
        await create_topic(node.bootstrap_servers, "facts")
        await node.stop()
    async with started(ApacheKafka(tmp_path, libs_dir=LIBS)) as again:
        assert again.bootstrap_servers == node.bootstrap_servers
        assert await topics(again.bootstrap_servers) == ["facts"]


async def test_an_unknown_topic_is_not_created_by_asking_for_it(tmp_path: Path) -> None:
    """A misspelt topic stays unknown."""
    async with started(ApacheKafka(tmp_path, libs_dir=LIBS)) as node:
        producer = AIOKafkaProducer(bootstrap_servers=node.bootstrap_servers, request_timeout_ms=2000)
        await producer.start()
        try:
            with pytest.raises(UnknownTopicOrPartitionError):
                await producer.partitions_for("misspelt")
        finally:
            await producer.stop()
        assert await topics(node.bootstrap_servers) == []


async def test_clients_of_an_extra_listener_stay_behind_its_proxy(tmp_path: Path) -> None:
    """A client that comes through a proxy is sent back to the proxy, so that a test can slow or cut its line."""
    behind = free_port()
    async with TcpProxy("127.0.0.1", behind) as proxy:
        door = ExtraListener("SLOW", behind, f"127.0.0.1:{proxy.port}")
        async with started(ApacheKafka(tmp_path, libs_dir=LIBS, extra_listeners=[door])) as node:
            await create_topic(node.bootstrap_servers, "facts")
            through = f"127.0.0.1:{proxy.port}"
            await produce(through, "facts", [b"one"])
            assert await consume(through, "facts", 1) == [b"one"]
            admin = AIOKafkaAdminClient(bootstrap_servers=through)
            await admin.start()
            try:
                cluster = await admin.describe_cluster()
            finally:
                await admin.close()
            assert [broker["port"] for broker in cluster["brokers"]] == [proxy.port]


async def test_a_watched_node_that_is_killed_comes_back_and_people_are_told(tmp_path: Path) -> None:
    """`tocsin up` starts a broker again that died by itself; after `stop` it stays away."""
    told: list[str] = []
    async with started(ApacheKafka(tmp_path, libs_dir=LIBS)) as node:
        broker = LocalBroker(node, told.append)
        assert await broker.healthy()
        await node.kill()
        async with asyncio.timeout(30):
            while told[-1:] != ["the broker is back"]:  # noqa: ASYNC110 - another process has no Event to wait for
                await asyncio.sleep(0.1)
        assert await broker.healthy()
        assert told[0] == "the broker ended unexpectedly; starting it again"
        await broker.stop()
        await asyncio.sleep(0.5)
        assert not node.is_running


def test_the_node_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    """kill -9 of the process that started the node ends the node too, in order, and frees its port."""
    program = (
        "import asyncio, pathlib, sys\n"
        "from services.broker.apache import ApacheKafka\n"
        "async def main():\n"
        "    node = ApacheKafka(pathlib.Path(sys.argv[1]), libs_dir=pathlib.Path(sys.argv[2]))\n"
        "    await node.start()\n"
        "    print(node.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), str(LIBS)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            assert parent.stdout is not None
            lines = [parent.stdout.readline()]
            while not lines[-1].strip().isdigit():  # the log line of the start comes first
                lines.append(parent.stdout.readline())
                assert lines[-1], lines
            node = psutil.Process(int(lines[-1]))
        finally:
            parent.kill()
    try:
        deadline = time.monotonic() + 15
        while not ended(node) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert ended(node)
    finally:
        if not ended(node):
            node.kill()


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or dead and only not collected yet."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


async def test_a_port_that_is_taken_is_an_error_that_names_it(tmp_path: Path) -> None:
    """A fixed port in use is reported before anything is started."""
    async with TcpProxy("127.0.0.1", 9) as somebody:
        with pytest.raises(BrokerError, match=f"Port {somebody.port} of 127.0.0.1 is in use"):
            await ApacheKafka(tmp_path, port=somebody.port, libs_dir=LIBS).start()


async def test_a_fetch_that_fails_leaves_no_jars_that_would_be_used(tmp_path: Path) -> None:
    """After a failed fetch the cache is incomplete and empty, and the error says what to look at."""
    pom = tmp_path / "pom.xml"
    pom.write_text("<project>this names no dependency</project>", encoding="utf-8")
    cache = JarCache(tmp_path / "libs", pom)
    with pytest.raises(JarFetchError, match="could not be fetched by Maven"):
        await cache.ensure(lambda _: None)
    assert not cache.is_complete()
    assert list((tmp_path / "libs").iterdir()) == []
