"""Empties SQLite's write-ahead log into the database file, beside the writers and not in one of their commits.

SQLite does it within the commit that made the log too long (sqlite.org/wal.html#ckpt): while records flow, 40 ms at
each tenth commit and up to 260 ms, with the write lock held and deadlines waiting. A passive checkpoint holds nobody
up. It only never ends while others write, and then the log would grow for ever; so a long log is restarted right after
it, when little is left to copy under the lock.
"""

import asyncio
import sqlite3
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 0.5
LONG_LOG_PAGES = 4_000
"""Pages of 4 KiB: 16 MB."""
PATIENCE_SECONDS = 0.02
"""Longest wait for a writer to end, and then, with writers waiting, for those who read the log."""


class Checkpoints:
    """Keeps the log of one database file short. Each process of a machine may have one: they give way to each other."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = file.with_name(file.name + "-wal")
        self._seen = 0

    async def run(self) -> None:
        """Look twice a second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await asyncio.to_thread(self.checkpoint)
            except sqlite3.OperationalError as error:
                log.warning("checkpoint.failed", reason=str(error), meaning="the log grows; is the disk full?")

    def checkpoint(self) -> None:
        """Copy what was written since the last time; the caller's thread waits for the disk.

        Raises:
            sqlite3.OperationalError: the disk is full or broken. Nothing is lost; try again.
        """
        try:
            written = self._log.stat().st_mtime_ns
        except FileNotFoundError:
            return  # nobody has the file open
        if written == self._seen:
            return
        connection = sqlite3.connect(self._file, timeout=PATIENCE_SECONDS, isolation_level=None)
        try:
            _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > LONG_LOG_PAGES:
                connection.execute("PRAGMA wal_checkpoint(RESTART)")
        finally:
            connection.close()
        self._seen = written
