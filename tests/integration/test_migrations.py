"""The schema that migrations make is the one the program is written for, however often and by whomever it is made."""

import asyncio
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from services.runtime.database import Database
from services.runtime.errors import SchemaMismatch
from services.runtime.store import Store
from services.runtime.tables import cases, metadata
from tests.support.store_rows import a_case, rows_of

MIGRATE = """
import asyncio, sys
from services.runtime.database import Database
print("ready", flush=True)
sys.stdin.readline()
asyncio.run(Database(sys.argv[1]).migrate())
"""


def differences(database: Database) -> list[object]:
    """Return what differs between the database and the metadata."""

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))

    engine = create_engine(database.url.replace("+aiosqlite", ""))
    try:
        with engine.connect() as connection:
            return compare(connection)
    finally:
        engine.dispose()


async def drop_everything(database: Database) -> None:
    """Take the schema away again: the fixture's database as it was before its first migration."""
    async with database.writing() as connection:
        for name in [*(table.name for table in metadata.sorted_tables), "alembic_version"]:
            await connection.execute(text(f'DROP TABLE "{name}"'))


async def test_migrated_schema_is_that_of_the_metadata(database: Database) -> None:
    """Tables, columns, types and indexes are what ``tables`` says, on each backend."""
    assert await asyncio.to_thread(differences, database) == []


async def test_migrating_again_keeps_what_is_there(database: Database) -> None:
    """A second migration changes neither the schema nor the rows."""
    async with Store(database).transaction() as unit:
        await unit.save([a_case("case-1")])
    await database.migrate()
    assert len(await rows_of(database, cases)) == 1
    assert await asyncio.to_thread(differences, database) == []


async def test_processes_that_migrate_at_once_all_succeed(database: Database) -> None:
    """Three services that start together on an empty database make one schema, and none of them fails."""
    await drop_everything(database)
    await database.close()
    pipe = asyncio.subprocess.PIPE
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, database.url, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    ended = await asyncio.gather(*(process.communicate(b"go\n") for process in started))
    assert [process.returncode for process in started] == [0, 0, 0], ended
    assert await asyncio.to_thread(differences, database) == []


async def test_several_databases_migrated_at_once_in_one_process(tmp_path: Path) -> None:
    """Alembic's context is global to a process: migrations of six databases at once do not disturb each other."""
    databases = [Database(f"sqlite+aiosqlite:///{tmp_path / name}.db") for name in "abcdef"]
    await asyncio.gather(*(made.migrate() for made in databases))
    for made in databases:
        assert await asyncio.to_thread(differences, made) == []
        await made.close()


async def test_database_of_a_newer_version_is_refused_in_words(database: Database) -> None:
    """The text says what is the matter and what to do, and the database is left as it was."""
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'v9999_of_tomorrow'"))
    with pytest.raises(SchemaMismatch, match=r"newer Tocsin.*Run the newer one"):
        await database.migrate()
    async with database.reading() as connection:
        assert (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one().startswith("v9")
