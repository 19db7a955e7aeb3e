"""SQLite without a thread for each statement: only what waits for the disk leaves the event loop.

``aiosqlite`` hands every call to a thread, two context switches each: about 0.2 ms on a busy machine of two cores, for
statements that take 0.02 ms, while the file's write lock is held. Here statements run where they are. What reads at
length goes to the thread (``Database.reading``), and a COMMIT that waits for the disk (ADR 0007); one that does not is
a copy into the page cache, and must not hold the lock until a busy loop comes round again.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

import aiosqlite

ITERATION_ROWS = 64
"""aiosqlite's own default; SQLAlchemy reads whole results and does not iterate."""


class InlineConnection(aiosqlite.Connection):
    """An aiosqlite connection whose statements run in the event loop, unless ``leaves_the_loop`` is set."""

    leaves_the_loop = False
    commits_in_the_loop = False

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        commits = getattr(fn, "__name__", "") == "commit" and not self.commits_in_the_loop
        if self.leaves_the_loop or commits:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return fn(*args, **kwargs)


async def connect_inline(path: str) -> aiosqlite.Connection:
    """Open the database file at ``path``; no transaction begins by itself. A commit waits for the disk."""
    return await _open(path)


async def connect_unsynced(path: str) -> aiosqlite.Connection:
    """Open the same for ``synchronous=NORMAL``, whose commits do not wait for the disk."""
    connection = await _open(path)
    connection.commits_in_the_loop = True
    return connection


async def _open(path: str) -> InlineConnection:

    def connector() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    connection = InlineConnection(connector, ITERATION_ROWS)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy's own creator does: it must not outlive the process
    await connection
    return connection
