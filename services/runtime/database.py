"""The database: one engine for SQLite (WAL) and PostgreSQL, and their few differences.

On SQLite every writer takes the one write lock at its start (``BEGIN IMMEDIATE``), so no unit of work fails half-way
through with "database is locked"; see ``sqlite_writer``.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import ColumnElement, Connection, create_engine, event, literal_column, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from services.runtime.errors import SchemaMismatch
from services.runtime.sqlite_inline import connect_inline, connect_unsynced
from services.runtime.sqlite_writer import LARGEST_GROUP, SqliteWriter

_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x70C51
_MIGRATING = threading.Lock()
LARGEST_LOG_PAGES = 32_000
"""Pages (128 MB) after which SQLite's commit empties the write-ahead log itself, though the service's own
``checkpoints`` did not: a tool writes, or the disk is too slow."""
LONGEST_COMMIT_SECONDS = 5.0
"""Wait for a commit under way when a service stops; the disk is in trouble after that, and the process ends anyway."""
Connect = Callable[[str], Awaitable[aiosqlite.Connection]]
"""Opens the SQLite file at a path."""


class Database:
    """An engine and its dialect's few differences.

    ``survives_power_cut`` makes each commit wait for the disk. Without it a commit survives the death of any process
    and is never half there, but a power cut may take the last moments: for services that do them again from what the
    intake keeps (ADR 0007). ``connect`` opens SQLite's connections: a simulation gives one without a thread.
    """

    def __init__(
        self,
        url: str,
        *,
        idle_transaction_seconds: float = 5.0,
        survives_power_cut: bool = True,
        connect: Connect | None = None,
    ) -> None:
        self.url = url
        connect = connect or (connect_inline if survives_power_cut else connect_unsynced)
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine: AsyncEngine = (
            _sqlite(url, connect, survives_power_cut=survives_power_cut)
            if self.is_sqlite
            else _postgres(url, idle_transaction_seconds, survives_power_cut=survives_power_cut)
        )
        self._reader = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        group = LARGEST_GROUP if survives_power_cut else 1
        self._writer = SqliteWriter(self.engine, largest_group=group) if self.is_sqlite else None

    @property
    def file(self) -> Path | None:
        """Return SQLite's file; None on PostgreSQL."""
        return Path(str(make_url(self.url).database)) if self.is_sqlite else None

    @property
    def now_micros(self) -> ColumnElement[int]:
        """Return SQL for the database's own clock in microseconds: leases of two machines need one clock."""
        if self.is_sqlite:
            return literal_column("CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)")
        return literal_column("CAST(extract(epoch from clock_timestamp()) * 1000000 AS BIGINT)")

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a write transaction; commit at the end, roll back on any exception.

        Raises:
            StoreBusy: SQLite stayed locked for ten seconds; nothing was written.
        """
        if self._writer is not None:
            async with self._writer.writing() as connection:
                yield connection
        else:
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def reading(self, *, at_length: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading: one snapshot on SQLite, one a statement on PostgreSQL.

        A unit of work needs no more: nobody else writes what it reads. It saves PostgreSQL two round trips in five.
        ``at_length`` for statements that look at very many rows: SQLite then works beside the event loop, not in it.
        """
        if not self.is_sqlite:
            async with self._reader.connect() as connection:
                yield connection
            return
        connection = await self._reader.connect()
        try:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            raw.leaves_the_loop = at_length
            try:
                await connection.execute(text("BEGIN"))
                yield connection
                await connection.rollback()
            finally:
                raw.leaves_the_loop = False
        finally:
            # Not ``async with``: it closes in a task of its own, three turns of the loop for what needs none here.
            await connection.close()

    async def close(self) -> None:
        """Close every connection, when those that still commit for a cancelled task have done so.

        One that came back to the pool after this would be closed by nobody.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_COMMIT_SECONDS):
                while self._pool.checkedout():  # noqa: ASYNC110 - the pool tells nobody
                    await asyncio.sleep(0.002)
        await self.engine.dispose()

    @property
    def _pool(self) -> QueuePool:
        return cast("QueuePool", self.engine.pool)

    async def migrate(self) -> None:
        """Bring the schema to this version. Safe to call from several services at once.

        Raises:
            SchemaMismatch: the database was written by a newer version; run that one.
        """
        await asyncio.to_thread(_migrate, self.url)


def _sqlite(url: str, connect: Connect, *, survives_power_cut: bool) -> AsyncEngine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        url, pool_size=8, max_overflow=8, hide_parameters=True, async_creator=lambda: connect(str(path))
    )

    synchronous = "FULL" if survives_power_cut else "NORMAL"

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        del record
        cursor = connection.cursor()
        checkpoint = f"wal_autocheckpoint={LARGEST_LOG_PAGES}"
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", checkpoint):
            _patiently(cursor, f"PRAGMA {pragma}")
        cursor.execute("PRAGMA busy_timeout=0")  # last: the writer waits by itself, without holding up the loop
        cursor.close()

    return engine


def _patiently(cursor: Any, statement: str) -> None:
    """Run a pragma that another process's first connection may be running too."""
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute(statement)


def _postgres(url: str, idle_seconds: float, *, survives_power_cut: bool) -> AsyncEngine:
    # A worker frozen inside a transaction holds the lock on its partition's row; the server ends it, so that the
    # next claim is not blocked for longer than a lease.
    options = f"-c idle_in_transaction_session_timeout={int(idle_seconds * 1000)} -c timezone=UTC"
    if not survives_power_cut:
        options += " -c synchronous_commit=off"
    return create_async_engine(
        url,
        pool_size=8,
        max_overflow=8,
        # Who answers people asks a connection first whether it is still there. The others find out by failing: they
        # try again by themselves (`outages`), and save a round trip in each unit of work.
        pool_pre_ping=survives_power_cut,
        hide_parameters=True,
        connect_args={"options": options, "connect_timeout": 5},
    )


def _migrate(url: str) -> None:
    engine = create_engine(url.replace("+aiosqlite", ""), isolation_level="AUTOCOMMIT")
    try:
        # Alembic keeps its context in module globals: one migration at a time in a process, too.
        with _MIGRATING, engine.connect() as connection:
            if _is_up_to_date(connection):
                return  # without the write lock: a service must start while another one is busy writing
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA busy_timeout=10000")
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            try:
                _upgrade(connection)
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


def _is_up_to_date(connection: Connection) -> bool:
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    config = alembic_config(connection)
    head = ScriptDirectory.from_config(config).get_current_head()
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaMismatch(
            f"this database was written by a newer Tocsin; this version knows schema {head}. Run the newer one."
        ) from error
