"""Who may write a partition: an epoch with a lease, in the partition's own row (DESIGN §4).

A claim raises the epoch; every unit of work checks that its epoch is still the row's, in the same transaction. So a
worker that slept through its lease and wakes finds its commits refused, whatever it believes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.tables import outbox, ownership

MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Ownership:
    """A claim: ``name`` is ``<consumer>/<partition>`` or ``<service>/<worker>``; it is also the outbox lane."""

    name: str
    epoch: int

    @property
    def partition(self) -> int:
        """Return the partition of a ``<consumer>/<partition>`` claim."""
        return int(self.name.rsplit("/", 1)[1])


class OwnershipRows:
    """The ownership table's verbs, each its own short transaction."""

    def __init__(self, database: Database, owner: str, lease_seconds: float) -> None:
        self._database = database
        self._owner = owner
        self._lease = int(lease_seconds * MICROS)

    async def claim(self, name: str, *, only_if_expired: bool = False) -> Ownership | None:
        """Take ``name``: the epoch rises, every older claim is void.

        With ``only_if_expired``, return None when a living worker holds it.
        """
        insert = sqlite_insert if self._database.is_sqlite else postgres_insert
        now = self._database.now_micros
        statement = insert(ownership).values(
            name=name, epoch=1, owner=self._owner, lease_until=now + self._lease, position=0
        )
        raised = statement.on_conflict_do_update(
            index_elements=[ownership.c.name],
            set_={"epoch": ownership.c.epoch + 1, "owner": self._owner, "lease_until": now + self._lease},
            where=(ownership.c.lease_until < now) if only_if_expired else None,
        ).returning(ownership.c.epoch)
        async with self._database.writing() as connection:
            epoch = (await connection.execute(raised)).scalar_one_or_none()
        return None if epoch is None else Ownership(name, epoch)

    async def renew(self, owned: Sequence[Ownership]) -> list[Ownership]:
        """Prolong the leases of ``owned``; return those that were lost to a newer claim."""
        if not owned:
            return []
        statement = (
            update(ownership)
            .where(or_(*(and_(ownership.c.name == o.name, ownership.c.epoch == o.epoch) for o in owned)))
            .values(lease_until=self._database.now_micros + self._lease)
            .returning(ownership.c.name)
        )
        async with self._database.writing() as connection:
            await _lock(connection, owned)
            kept = set((await connection.execute(statement)).scalars())
        return [o for o in owned if o.name not in kept]

    async def release(self, owned: Sequence[Ownership]) -> None:
        """Let go at once, so that the next worker need not wait for the lease to end."""
        if not owned:
            return
        async with self._database.writing() as connection:
            await _lock(connection, owned)
            await connection.execute(
                update(ownership)
                .where(or_(*(and_(ownership.c.name == o.name, ownership.c.epoch == o.epoch) for o in owned)))
                .values(lease_until=0)
            )

    async def expired(self, prefix: str) -> list[str]:
        """Return names under ``prefix`` whose lease has run out: nobody fires their deadlines now."""
        statement = select(ownership.c.name).where(
            ownership.c.name.startswith(prefix, autoescape=True), ownership.c.lease_until < self._database.now_micros
        )
        async with self._database.reading() as connection:
            return list((await connection.execute(statement)).scalars())

    async def left_behind(self, prefix: str) -> list[str]:
        """Return names under ``prefix`` whose last claim was this owner's, by an earlier process of its name."""
        statement = select(ownership.c.name).where(
            ownership.c.name.startswith(prefix, autoescape=True), ownership.c.owner == self._owner
        )
        async with self._database.reading() as connection:
            return sorted((await connection.execute(statement)).scalars())

    async def expired_with_mail(self, prefix: str) -> list[str]:
        """Return expired names under ``prefix`` that left unpublished rows in their outbox lane."""
        waiting = select(outbox.c.id).where(outbox.c.lane == ownership.c.name, outbox.c.pending).exists()
        statement = select(ownership.c.name).where(
            ownership.c.name.startswith(prefix, autoescape=True),
            ownership.c.lease_until < self._database.now_micros,
            waiting,
        )
        async with self._database.reading() as connection:
            return list((await connection.execute(statement)).scalars())


async def _lock(connection: AsyncConnection, owned: Sequence[Ownership]) -> dict[str, Any]:
    """Lock the rows until commit and return them. Always in the order of names, or two workers would deadlock."""
    names = sorted(o.name for o in owned)
    return {row.name: row for row in await connection.execute(_LOCKING, {"names": names})}


_LOCKING = (
    select(ownership.c.name, ownership.c.epoch, ownership.c.position)
    .where(ownership.c.name.in_(bindparam("names", expanding=True)))
    .order_by(ownership.c.name)
    .with_for_update()  # says nothing on SQLite, whose writers have the one write lock already
)


async def fence(connection: AsyncConnection, owned: Sequence[Ownership]) -> dict[str, int]:
    """Lock the rows of ``owned`` until commit and return each partition's journal position.

    Raises:
        StaleEpoch: one of them was claimed by somebody else. The caller drops it; the transaction rolls back.
    """
    rows = await _lock(connection, owned)
    stale = [o.name for o in owned if o.name not in rows or rows[o.name].epoch != o.epoch]
    if stale:
        raise StaleEpoch(stale)
    return {o.name: rows[o.name].position for o in owned}
