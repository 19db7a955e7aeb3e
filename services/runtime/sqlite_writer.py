"""Group commit for SQLite: the units of work that wait for their turn share one transaction and one fsync.

A commit waits for the disk (about 5 ms on an ordinary one) with the file's one write lock held. Bodies run one after
another inside savepoints of the transaction that is open; the last in line commits for all. So under load a commit is
shared by many, and an idle process still commits at once. One body's failure rolls back to its own savepoint only.

A commit that does not wait for the disk is not shared: whoever waits in line comes on in the event loop's next round,
and a loop that works at a mass of something else would keep the lock for 20 ms until then. For the same reason every
commit begins in the round in which its body ended.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.runtime.at_once import at_once
from services.runtime.errors import StoreBusy

LOCK_PATIENCE_SECONDS = 10.0
"""Longest wait for the file's write lock: twice the default lease, past which a worker is taken for dead anyway."""
RETRY_SECONDS = (0.0005, 0.003)
"""Pause between tries for the lock. SQLite's own busy handler sleeps up to 100 ms a step (sqlite3.c,
``sqliteDefaultBusyCallback``), and that would be the tail of every latency."""
LARGEST_GROUP = 64
LONGEST_GROUP_SECONDS = 0.02
"""A group that is older is committed although others wait: other processes want the file, too."""


@dataclass
class _Group:
    """One open transaction."""

    connection: AsyncConnection
    opened_at: float
    committed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    bodies: int = 0
    failed: bool = False
    lost: Exception | None = None
    """Set when SQLite undid the whole transaction by itself, as it may on a full disk (sqlite.org/lang_transaction)."""


class SqliteWriter:
    """The one writer of this process."""

    def __init__(self, engine: AsyncEngine, *, largest_group: int = LARGEST_GROUP) -> None:
        self._engine = engine
        self._largest = largest_group
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._group: _Group | None = None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Run the body in the open transaction, and return once that is on disk.

        Raises:
            StoreBusy: the file stayed locked for ten seconds; nothing was written.
        """
        self._waiting += 1
        try:
            await self._turn.acquire()
        except BaseException:
            self._waiting -= 1
            await self._close_unless_wanted()
            raise
        self._waiting -= 1
        try:
            group = self._group = self._group or await self._open()
            group.bodies += 1
            try:
                async with _savepoint(group):
                    yield group.connection
            finally:
                if self._waiting == 0 or group.failed or group.lost or group.bodies >= self._largest or _is_old(group):
                    self._group = None
                    await at_once(_finish(group))
        finally:
            self._turn.release()
        await asyncio.shield(group.committed)

    async def _close_unless_wanted(self) -> None:
        """Commit in the place of one that was cancelled in line, if the group was left open for it."""
        group = self._group
        if group is not None and self._waiting == 0 and not self._turn.locked():
            self._group = None
            await at_once(_finish(group))

    async def _open(self) -> _Group:
        connection = await self._engine.connect()
        try:
            await _begin(connection)
        except BaseException:
            await connection.close()
            raise
        return _Group(connection, _monotonic())


def _monotonic() -> float:
    """Return the loop's own seconds, so that a simulated loop decides what is old."""
    return asyncio.get_running_loop().time()


def _is_old(group: _Group) -> bool:
    return _monotonic() - group.opened_at > LONGEST_GROUP_SECONDS


@asynccontextmanager
async def _savepoint(group: _Group) -> AsyncIterator[None]:
    """Undo one body alone if it fails. The first needs no savepoint: with it the whole transaction goes."""
    if group.bodies == 1:
        try:
            yield
        except BaseException:
            group.failed = True
            raise
        return
    await group.connection.execute(text("SAVEPOINT body"))
    try:
        yield
    except BaseException:
        with contextlib.suppress(OperationalError):  # noted in the group, and told to everybody in it
            await _end_body(group, "ROLLBACK TO body", "RELEASE body")
        raise
    await _end_body(group, "RELEASE body")


async def _end_body(group: _Group, *statements: str) -> None:
    try:
        for statement in statements:
            await group.connection.execute(text(statement))
    except OperationalError as error:
        group.lost = error
        raise


async def _finish(group: _Group) -> None:
    """Commit for everybody in the group; whoever waits hears if that failed."""
    try:
        if group.lost is not None:
            await group.connection.rollback()
            raise group.lost  # noqa: TRY301 - as a failed commit would
        if group.failed:
            await group.connection.rollback()
        else:
            await group.connection.commit()
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to those who wait
        group.committed.set_exception(error)
        group.committed.exception()  # they may all have failed before
    else:
        group.committed.set_result(None)
    finally:
        await group.connection.close()


async def _begin(connection: AsyncConnection) -> None:
    deadline = _monotonic() + LOCK_PATIENCE_SECONDS
    while True:
        try:
            await connection.execute(text("BEGIN IMMEDIATE"))
        except OperationalError as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
            await connection.rollback()
            if _monotonic() > deadline:
                raise StoreBusy(f"the database stayed locked for {LOCK_PATIENCE_SECONDS:.0f} s") from error
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - jitter, not a secret
        else:
            return
