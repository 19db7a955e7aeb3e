"""Contacts by which nobody is reached: what a provider said of them for good, kept until the address is changed.

A flag belongs to an address, not to a name: it keeps a hash of it, and a corrected address is another contact. The
hash hides little, since few numbers exist; it only keeps the table from being one more list of them.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Executable, delete, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.channel import Channel
from services.runtime.among import among
from services.runtime.directory import DirectorySnapshot
from services.runtime.tables import contact_flags

Flaw = Literal["dead", "opted-out"]
FLAWS: tuple[Flaw, ...] = ("dead", "opted-out")


@dataclass(frozen=True, slots=True)
class ContactFlag:
    """Nothing arrives at a contact (``dead``), or its owner wants nothing (``opted-out``). ``reason`` has no number."""

    contact_id: str
    address_hash: str
    flaw: Flaw
    reason: str
    since: datetime

    def is_of(self, address: str) -> bool:
        """Return whether the contact still has the address that was flagged."""
        return self.address_hash == hash_of(address)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A flagged contact as the directory has it now."""

    person_id: str
    unit_id: str
    channel: Channel
    flag: ContactFlag


def hash_of(address: str) -> str:
    """Return what a flag keeps of an address."""
    return hashlib.sha256(address.encode()).hexdigest()


def flagging(flags: Iterable[ContactFlag], *, is_sqlite: bool) -> tuple[Executable, Sequence[Mapping[str, Any]]]:
    """Return the statement that writes these flags, with its parameters; what was said before gives way."""
    insert: Any = sqlite_insert if is_sqlite else postgres_insert
    statement = insert(contact_flags)
    changed = {name: statement.excluded[name] for name in ("address_hash", "flaw", "reason", "since")}
    rows = [{name: getattr(flag, name) for name in _COLUMNS} for flag in flags]
    return statement.on_conflict_do_update(index_elements=[contact_flags.c.contact_id], set_=changed), rows


def unflagging(contact_ids: Collection[str], flaw: Flaw) -> Executable:
    """Return the statement that takes back what was said of these contacts, such as that they want nothing."""
    return delete(contact_flags).where(contact_flags.c.contact_id.in_(contact_ids), contact_flags.c.flaw == flaw)


async def flags_of(
    connection: AsyncConnection, contact_ids: Collection[str] | None = None, *, is_sqlite: bool
) -> dict[str, ContactFlag]:
    """Return the flags of these contacts, or every one, by contact id."""
    statement = select(*(contact_flags.c[name] for name in _COLUMNS))
    if contact_ids is not None:
        statement = statement.where(among(contact_flags.c.contact_id, contact_ids, is_sqlite=is_sqlite))
    return {row.contact_id: ContactFlag(*row) for row in await connection.execute(statement)}


def still_unreachable(flags: Iterable[ContactFlag], directory: DirectorySnapshot) -> list[Unreachable]:
    """Return the flags that still hold: their contact is in the directory, with the address that was flagged."""
    found = [(flag, directory.contact(flag.contact_id)) for flag in flags]
    return [
        Unreachable(pair[0].person_id, pair[0].unit_id, pair[1].channel, flag)
        for flag, pair in found
        if pair is not None and flag.is_of(pair[1].address)
    ]


_COLUMNS = ("contact_id", "address_hash", "flaw", "reason", "since")
