"""SQLite without a thread for each statement: only what waits for the disk leaves the event loop.

``aiosqlite`` hands every call to a thread, two context switches each: about 0.2 ms on a busy machine of two cores, for
statements that take 0.02 ms, while the file's write lock is held. Here statements run where they are, and only COMMIT
goes to the thread, as it may wait for the disk (ADR 0007), and what reads at length (``Database.reading``).
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

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.leaves_the_loop or getattr(fn, "__name__", "") in _LEAVES_THE_LOOP:
            return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return fn(*args, **kwargs)


_LEAVES_THE_LOOP = frozenset({"commit"})


async def connect_inline(path: str) -> aiosqlite.Connection:
    """Open the database file at ``path``; no transaction begins by itself."""

    def connector() -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    connection = InlineConnection(connector, ITERATION_ROWS)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy's own creator does: it must not outlive the process
    return await connection
