"""Fixtures of the end-to-end tests: one Kafka for the session, everything else anew for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.broker.apache import ApacheKafka
from services.broker.server_properties import ExtraListener
from tests.support.fake_twilio import FakeTwilio
from tests.support.kafka_node import kafka_node
from tests.support.ports import free_port
from tests.support.postgres import PostgresCluster, present
from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack

_NUMBERS = count(1)
DIRECTORY = Path(__file__).parents[1] / "support" / "directory.yaml"
MakeStack = Callable[..., Awaitable[Stack]]


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """One PostgreSQL for the whole session; each test gets its own database in it."""
    if not present():
        pytest.skip("no PostgreSQL on this machine")
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def slow_ports() -> tuple[int, int]:
    """The port of a far-away broker's proxy, and the port the broker listens on behind it."""
    return free_port(), free_port()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory, slow_ports: tuple[int, int]) -> AsyncIterator[ApacheKafka]:
    """A real Apache Kafka, with a second door whose clients go through a proxy."""
    proxy, behind = slow_ports
    listener = ExtraListener("FAR", behind, f"127.0.0.1:{proxy}")
    async with kafka_node(tmp_path_factory.mktemp("kafka"), [listener]) as node:
        yield node


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, on each backend."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}"
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.create_database(f"e2e_{next(_NUMBERS)}")


@pytest_asyncio.fixture
async def make_stack(database_url: str, tmp_path: Path) -> AsyncIterator[MakeStack]:
    """Make a stack on a broker; its processes end with the test."""
    made: list[Stack] = []
    async with FakeTwilio() as twilio, SmtpSink() as smtp:

        async def make(kafka: str, **options: Any) -> Stack:
            stack = Stack(kafka, database_url, tmp_path, DIRECTORY, f"e{next(_NUMBERS)}.", twilio, smtp, **options)
            made.append(stack)
            await stack.prepare()
            return stack

        try:
            yield make
        finally:
            for stack in made:
                await stack.close()
            assert not twilio.violations
