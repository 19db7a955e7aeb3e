"""Plain transactions side by side: each is durable when it returns, and one's failure undoes only itself."""

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from services.runtime.database import Database
from services.runtime.outages import STORE_TROUBLE
from services.runtime.remembered_facts import recall, remember
from services.runtime.tables import remembered
from tests.support.store_rows import rows_of

HOLD_SECONDS = 1.0
HOLDER = f"""
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
connection.execute("INSERT INTO remembered VALUES ('holder', 'first')")
print("held", flush=True)
time.sleep({HOLD_SECONDS})
connection.execute("COMMIT")
"""


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite file: only there is a commit shared."""
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}")
    await made.migrate()
    yield made
    await made.close()


async def note(database: Database, name: str, value: str = "kept") -> None:
    async with database.writing() as connection:
        await remember(connection, name, value)
        await asyncio.sleep(0)  # long enough for others to get in line


async def note_and_fail(database: Database, name: str) -> None:
    async with database.writing() as connection:
        await remember(connection, name, "not kept")
        await asyncio.sleep(0)
        raise RuntimeError(name)


async def note_after_the_holder(database: Database) -> None:
    async with database.writing() as connection:
        assert await recall(connection, "holder") == "first"
        await remember(connection, "ours", "kept")


async def noted(database: Database) -> set[str]:
    """Return what another connection sees, as another process would."""
    other = Database(database.url)
    try:
        return {row.name for row in await rows_of(other, remembered)}
    finally:
        await other.close()


async def test_thirty_transactions_at_once_are_all_durable(database: Database) -> None:
    """What thirty concurrent transactions wrote is there for everybody, each as soon as it returned."""

    async def write_and_look(number: int) -> bool:
        await note(database, f"fact-{number}")
        async with database.reading() as connection:
            return await recall(connection, f"fact-{number}") == "kept"

    assert all(await asyncio.gather(*(write_and_look(number) for number in range(30))))
    assert await noted(database) == {f"fact-{number}" for number in range(30)}


async def test_transactions_that_wait_share_a_commit(file: Database) -> None:
    """Thirty concurrent transactions on SQLite cost fewer than thirty commits; one alone costs one, at once."""
    commits: list[object] = []
    event.listen(file.engine.sync_engine, "commit", commits.append)
    await asyncio.gather(*(note(file, f"fact-{number}") for number in range(30)))
    assert 1 <= len(commits) < 15
    commits.clear()
    await note(file, "alone")
    assert len(commits) == 1


async def test_commit_without_the_disk_lets_the_lock_go_before_anything_else_runs(tmp_path: Path) -> None:
    """Also with others in line: a loop that is busy with something else would keep every other process waiting."""
    quick = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}", survives_power_cut=False)
    await quick.migrate()
    locked: list[bool] = []

    def look() -> None:
        with closing(sqlite3.connect(tmp_path / "tocsin.db", timeout=0, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                locked.append(True)
            else:
                locked.append(False)

    async def note_then_look(name: str) -> None:
        async with quick.writing() as connection:
            await remember(connection, name, "kept")
            asyncio.get_running_loop().call_soon(look)

    await asyncio.gather(*(note_then_look(f"fact-{number}") for number in range(3)))
    assert locked == [False] * 3
    await quick.close()


@pytest.mark.parametrize("failing", [0, 3, 9], ids=["first", "middle", "last"])
async def test_failing_body_undoes_only_itself(database: Database, failing: int) -> None:
    """Of ten transactions in line one fails, wherever it stands: the other nine are durable, its own is gone."""
    outcomes = await asyncio.gather(
        *((note_and_fail if number == failing else note)(database, f"fact-{number}") for number in range(10)),
        return_exceptions=True,
    )
    assert [str(outcome) for outcome in outcomes if outcome is not None] == [f"fact-{failing}"]
    assert await noted(database) == {f"fact-{number}" for number in range(10)} - {f"fact-{failing}"}


async def test_statement_refused_inside_a_body_undoes_only_that_body(database: Database) -> None:
    """A body that the database refuses after its first write leaves neither of its writes, and hurts no other."""

    async def refused() -> None:
        async with database.writing() as connection:
            await remember(connection, "refused", "not kept")
            await connection.execute(remembered.insert().values(name="before", value="twice"))

    await note(database, "before")
    outcomes = await asyncio.gather(note(database, "one"), refused(), note(database, "two"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [IntegrityError]
    assert await noted(database) == {"before", "one", "two"}


async def test_transaction_that_sqlite_undid_by_itself_is_nobodys_success(file: Database) -> None:
    """When SQLite gives up the shared transaction (a full disk), no one in it hears that it was written."""

    async def undo_all() -> None:
        async with file.writing() as connection:
            await connection.execute(text("INSERT OR ROLLBACK INTO remembered VALUES ('before', 'twice')"))

    await note(file, "before")
    outcomes = await asyncio.gather(note(file, "one"), undo_all(), note(file, "two"), return_exceptions=True)
    assert await noted(file) == {"before"} | {
        name for name, outcome in zip(("one", "undone", "two"), outcomes, strict=True) if outcome is None
    }
    assert isinstance(outcomes[0], STORE_TROUBLE), "the caller tries again"


async def test_next_in_line_cancelled_does_not_leave_the_others_waiting(database: Database) -> None:
    """The one in line that was to commit for the group is cancelled: the transaction before it returns all the same."""

    async def write_then_cancel() -> None:
        async with database.writing() as connection:
            await remember(connection, "first", "kept")
            await in_line.wait()
            waiting[0].cancel()

    waiting: list[asyncio.Task[None]] = []
    in_line = asyncio.Event()
    first = asyncio.create_task(write_then_cancel())
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(note(database, "cancelled")))
    await asyncio.sleep(0.01)
    in_line.set()
    await asyncio.wait_for(first, 2.0)
    await asyncio.gather(*waiting, return_exceptions=True)
    assert "first" in await noted(database)
    await asyncio.wait_for(note(database, "afterwards"), 2.0)


async def test_writer_in_another_process_is_waited_for(file: Database) -> None:
    """While another process holds the file for a second, a transaction waits for it and then goes through."""
    path = file.url.removeprefix("sqlite+aiosqlite:///")
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, path, stdout=asyncio.subprocess.PIPE)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"held\n"
    began, ticks = time.monotonic(), 0
    ours = asyncio.create_task(note_after_the_holder(file))
    while not ours.done():
        await asyncio.sleep(0.01)
        ticks += 1
    await ours
    assert time.monotonic() - began > HOLD_SECONDS / 2
    assert ticks > 10, "the process goes on with everything else meanwhile"
    assert await other.wait() == 0
    assert await noted(file) == {"holder", "ours"}


async def test_reader_does_not_wait_for_a_writer(file: Database) -> None:
    """While a transaction is open on SQLite, readers see what was there before it, at once."""
    await note(file, "before")
    async with file.writing() as connection:
        await connection.execute(text("DELETE FROM remembered"))
        assert await asyncio.wait_for(noted(file), 2.0) == {"before"}


async def test_what_is_being_committed_is_waited_for_at_the_close(tmp_path: Path) -> None:
    """A service that stops cancels its tasks: a commit under way ends first, and its connection is closed, too."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}")
    await database.migrate()
    committing = asyncio.Event()
    event.listen(database.engine.sync_engine, "commit", lambda _connection: committing.set())
    writer = asyncio.create_task(note(database, "ours"))
    await committing.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    await database.close()
    assert not (tmp_path / "tocsin.db-wal").exists()  # SQLite removes it with the last connection
    with closing(sqlite3.connect(tmp_path / "tocsin.db")) as connection:
        assert connection.execute("SELECT name FROM remembered").fetchall() == [("ours",)]
