"""What this process knows of flagged contacts, and what it says of them to whoever administers the county.

Flags are read with the requests that they concern, in the same unit of work; those that this process writes itself
count at once. Another process's flag that comes meanwhile is seen with the next request: one message more is no harm.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog

from services.notifier.metrics import CONTACTS_FLAGGED
from services.runtime.contact_flags import FLAWS, ContactFlag, flags_of, still_unreachable
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.outages import through_outages

COUNT_SECONDS = 30.0
_log = structlog.get_logger(__name__)


class FlaggedContacts:
    """Flags by contact."""

    def __init__(self) -> None:
        self._flags: dict[str, ContactFlag] = {}

    def know(self, contact_ids: Collection[str], flags: Mapping[str, ContactFlag]) -> None:
        """Take over what the store says of these contacts; one that is not in ``flags`` has none (any more)."""
        for contact_id in contact_ids:
            self._flags.pop(contact_id, None)
        self._flags.update(flags)

    def add(self, flag: ContactFlag, channel: str) -> None:
        """Take over a flag that was just written, and say so to whoever reads the log."""
        self._flags[flag.contact_id] = flag
        _log.warning(
            "contact.flagged",
            contact_id=flag.contact_id,
            channel=channel,
            flaw=flag.flaw,
            reason=flag.reason,
            remedy="correct the address in the directory; `tocsin contacts unreachable` lists them",
        )

    def flag_of(self, contact_id: str, address: str) -> ContactFlag | None:
        """Return what is known against a contact; nothing, once its address was changed."""
        flag = self._flags.get(contact_id)
        return flag if flag is not None and flag.is_of(address) else None


async def count_flagged(database: Database, directory: Callable[[], DirectorySnapshot]) -> None:
    """Keep the gauge of flagged contacts right, for ever."""

    async def count() -> None:
        async with database.reading() as connection:
            flags = await flags_of(connection, is_sqlite=database.is_sqlite)
        found = still_unreachable(flags.values(), directory())
        for flaw in FLAWS:
            CONTACTS_FLAGGED.labels(flaw=flaw).set(sum(one.flag.flaw == flaw for one in found))

    while True:
        await through_outages(count, "the number of flagged contacts stays as it was")
        await asyncio.sleep(COUNT_SECONDS)
