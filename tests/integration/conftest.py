"""Fixtures of the integration tests: the same database tests run on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from services.broker.apache import ApacheKafka
from services.runtime.database import Database
from tests.support.intake import Intake, make_intake
from tests.support.kafka_node import kafka_node
from tests.support.postgres import PostgresCluster, present

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """One PostgreSQL for the whole session; each test gets its own database in it."""
    if not present():
        pytest.skip("no PostgreSQL on this machine")
    with PostgresCluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated database, on each backend."""
    if request.param == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database(f"test_{next(_NUMBERS)}")
    made = Database(url)
    await made.migrate()
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def intake(database: Database) -> Intake:
    """An intake on the database."""
    return make_intake(database)


@pytest.fixture
async def empty(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A second database of the same kind, migrated and empty."""
    if database.is_sqlite:
        url = f"sqlite+aiosqlite:///{tmp_path / 'rebuilt.db'}"
    else:
        url = request.getfixturevalue("postgres_cluster").create_database(f"rebuilt_{next(_NUMBERS)}")
    made = Database(url)
    await made.migrate()
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApacheKafka]:
    """A real Apache Kafka."""
    async with kafka_node(tmp_path_factory.mktemp("kafka")) as node:
        yield node
