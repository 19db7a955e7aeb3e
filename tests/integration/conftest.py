"""Fixtures of the integration tests: the same database tests run on SQLite and on PostgreSQL."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    """One PostgreSQL for the whole session; each test gets its own database in it.

    It does not wait for the disk: no test here cuts the power, and what a killed server had written stays.
    """
    if not present():
        pytest.skip("no PostgreSQL on this machine")
    with PostgresCluster({"fsync": "off", "full_page_writes": "off"}) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file with nothing in it: copying it takes a hundredth of migrating another."""
    file = tmp_path_factory.mktemp("migrated") / "tocsin.db"
    _migrated(f"sqlite+aiosqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


@pytest.fixture(scope="session")
def migrated_database(postgres_cluster: PostgresCluster) -> str:
    """Return the name of a migrated PostgreSQL database with nothing in it."""
    _migrated(postgres_cluster.create_database("migrated"))
    return "migrated"


@contextmanager
def _fresh(request: pytest.FixtureRequest, folder: Path, name: str, *, on_sqlite: bool) -> Iterator[str]:
    """Give the URL of a migrated database of its own."""
    if on_sqlite:
        copied = shutil.copyfile(request.getfixturevalue("migrated_file"), folder / f"{name}.db")
        yield f"sqlite+aiosqlite:///{copied}"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    numbered = f"{name}_{next(_NUMBERS)}"
    yield cluster.copy_database(numbered, request.getfixturevalue("migrated_database"))
    cluster.drop_database(numbered)


def _migrated(url: str) -> None:
    """Bring a database to this version. In a thread: the test that asks for it first has a loop running."""

    async def migrate() -> None:
        made = Database(url)
        await made.migrate()
        await made.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate())).result()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated database, on each backend."""
    with _fresh(request, tmp_path, "tocsin", on_sqlite=request.param == "sqlite") as url:
        made = Database(url)
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
    with _fresh(request, tmp_path, "rebuilt", on_sqlite=database.is_sqlite) as url:
        made = Database(url)
        yield made
        await made.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ApacheKafka]:
    """A real Apache Kafka."""
    async with kafka_node(tmp_path_factory.mktemp("kafka")) as node:
        yield node
