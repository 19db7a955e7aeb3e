"""Group commit: the steps that arrive while one transaction is being written share the next one.

At a hundred notifications a second each needs two commits, and a commit waits for the disk; shared, the cost of the
disk is spread over all that are under way, and an idle notifier still commits at once.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from services.notifier.rows import Step, mark_late, write_steps
from services.runtime.contact_flags import ContactFlag, flagging
from services.runtime.errors import StaleEpoch
from services.runtime.outages import STORE_TROUBLE
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.store import Store

LARGEST_BATCH = 500
RETRY_SECONDS = 0.5
LINGER_SECONDS = 0.02
"""How long a change may wait for company that nothing waits for, or only a message of the bulk lane."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What is written of one notification: a step, or that it is late; its records; what it says of the contact."""

    owned: Ownership
    step: Step | None
    records: Sequence[Outgoing]
    flag: ContactFlag | None = None
    late: str | None = None
    """The notification's id, when this tells that it is late."""


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    change: Change
    written: asyncio.Future[None]


class GroupCommit:
    """Writes changes in the order they come, as many at a time as have come."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: deque[_Entry] = deque()
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._run(), name="notifier-commits")

    async def stop(self) -> None:
        """Stop writing. What nobody waited for is found again by the next claim."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def write(self, change: Change, *, may_linger: bool = False) -> None:
        """Return once the change is on disk. While the database is away, this waits.

        With ``may_linger`` it waits up to 20 ms for others to share its transaction.

        Raises:
            StaleEpoch: somebody else owns the partition now: drop the job, touch nothing.
        """
        await self.begin(change, may_linger=may_linger)

    def begin(self, change: Change, *, may_linger: bool = False) -> asyncio.Future[None]:
        """Begin to write a change; what is returned ends as ``write`` does."""
        entry = _Entry(change, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._arrived.set()
        if not may_linger:
            self._hurry.set()
        return entry.written

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            await self._company()
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            if not self._waiting:
                self._arrived.clear()
                self._hurry.clear()
            await self._commit(batch)

    async def _company(self) -> None:
        """Wait for others while nothing is urgent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await self._hurry.wait()

    async def _commit(self, batch: Sequence[_Entry]) -> None:
        """Write a batch; entries of a lost partition, and one that breaks the transaction, fail alone."""
        while batch:
            try:
                await self._write([entry.change for entry in batch])
            except StaleEpoch as stale:
                lost = _lost(batch, stale.names)
                _fail(lost, stale)
                batch = [entry for entry in batch if entry not in lost]
            except STORE_TROUBLE as error:
                _log.warning("database.away", error=type(error).__name__, waiting=len(batch))
                await asyncio.sleep(RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 - what breaks the transaction fails alone; the writing goes on
                if len(batch) == 1:
                    _fail(batch, error)
                    return
                for entry in batch:
                    await self._commit([entry])
                return
            else:
                _succeed(batch)
                return

    async def _write(self, changes: Sequence[Change]) -> None:
        async with self._store.transaction(*dict.fromkeys(change.owned for change in changes)) as unit:
            await write_steps(unit, [change.step for change in changes if change.step is not None])
            await mark_late(unit, [change.late for change in changes if change.late is not None])
            flags = [change.flag for change in changes if change.flag is not None]
            if flags:
                await unit.write(*flagging(flags, is_sqlite=self._store.database.is_sqlite))
            await unit.append([(change.owned.name, record) for change in changes for record in change.records])


def _lost(batch: Sequence[_Entry], names: Collection[str]) -> list[_Entry]:
    """Return the entries a refusal is about.

    This process may have claimed a partition again while a message sent under its older claim was under way; then the
    older claim alone is at fault.
    """
    named = [entry for entry in batch if entry.change.owned.name in names]
    newest = {entry.change.owned.name: 0 for entry in named}
    for entry in named:
        newest[entry.change.owned.name] = max(newest[entry.change.owned.name], entry.change.owned.epoch)
    older = [entry for entry in named if entry.change.owned.epoch < newest[entry.change.owned.name]]
    return older or named


def _fail(entries: Sequence[_Entry], error: Exception) -> None:
    for entry in entries:
        if not entry.written.done():
            entry.written.set_exception(error)


def _succeed(entries: Sequence[_Entry]) -> None:
    for entry in entries:
        if not entry.written.done():
            entry.written.set_result(None)
