"""The write-ahead log of SQLite is emptied beside the writers: none waits for it, and it does not grow for ever."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.runtime.checkpoints import LONG_LOG_PAGES, Checkpoints
from services.runtime.database import Database
from services.runtime.remembered_facts import remember

PAGE_BYTES = 4096
BEGUN_ANEW = 3
PATIENCE = 60.0


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite file that is open: who closes it last empties its log."""
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}")
    await made.migrate()
    holder = sqlite3.connect(tmp_path / "tocsin.db")
    holder.execute("SELECT count(*) FROM remembered").fetchone()
    yield made
    holder.close()
    await made.close()


def times_begun(path: Path) -> int:
    """How often the log was begun anew, as its header counts (sqlite.org/fileformat2.html#walformat)."""
    with path.with_name(path.name + "-wal").open("rb") as log:
        log.seek(12)
        return int.from_bytes(log.read(4))


def _write_without_rest(path: Path, enough: threading.Event) -> None:
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA wal_autocheckpoint=0")  # as of the services: their commits leave the log alone
    while not enough.is_set():
        connection.execute("INSERT OR REPLACE INTO remembered VALUES ('fact', ?)", ("x" * PAGE_BYTES * 8,))
    connection.close()


async def write_pages(database: Database, name: str, pages: int) -> None:
    async with database.writing() as connection:
        await remember(connection, name, "x" * PAGE_BYTES * pages)


async def test_log_does_not_grow_for_ever_while_others_write(file: Database) -> None:
    """A writer that never rests leaves no moment at which everything is copied; the log is begun anew all the same."""
    assert file.file is not None
    checkpoints, path, enough = Checkpoints(file.file), file.file, threading.Event()
    writing = asyncio.create_task(asyncio.to_thread(_write_without_rest, path, enough))
    before = times_begun(path)
    try:
        async with asyncio.timeout(PATIENCE):
            while times_begun(path) < before + BEGUN_ANEW:
                await asyncio.sleep(0.005)
                await asyncio.to_thread(checkpoints.checkpoint)
    finally:
        enough.set()
        await writing


async def test_checkpoint_copies_while_a_writer_is_at_work(file: Database) -> None:
    """The write lock is somebody else's, and what was committed before is copied all the same."""
    assert file.file is not None
    await write_pages(file, "committed", 200)
    before = file.file.stat().st_size
    async with file.writing() as connection:
        await remember(connection, "under way", "x")
        Checkpoints(file.file).checkpoint()
        assert file.file.stat().st_size > before


async def test_commit_does_not_empty_the_log_itself(file: Database) -> None:
    """A writer is never the one who waits for all that others wrote."""
    assert file.file is not None
    await write_pages(file, "first", 1)
    before = file.file.stat().st_size
    await write_pages(file, "much", LONG_LOG_PAGES)
    assert file.file.stat().st_size == before


def test_quiet_file_is_left_alone(tmp_path: Path) -> None:
    """Without a log there is nothing to do, and no file is made."""
    Checkpoints(tmp_path / "tocsin.db").checkpoint()
    assert list(tmp_path.iterdir()) == []


async def test_what_was_checkpointed_is_in_the_file_alone(file: Database, tmp_path: Path) -> None:
    """The database file without its log has what was committed before the checkpoint."""
    assert file.file is not None
    await write_pages(file, "kept", 1)
    Checkpoints(file.file).checkpoint()
    (tmp_path / "copy.db").write_bytes(file.file.read_bytes())
    copy = sqlite3.connect(tmp_path / "copy.db")
    try:
        assert copy.execute("SELECT count(*) FROM remembered WHERE name = 'kept'").fetchone() == (1,)
    finally:
        copy.close()
