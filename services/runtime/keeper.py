"""Keeps claims alive: renews leases, notices lost ones, takes over what a dead worker left behind."""

import asyncio
from collections.abc import Collection
from functools import partial
from typing import Protocol

import structlog

from services.runtime.metrics import PARTITIONS_OWNED
from services.runtime.outages import through_outages
from services.runtime.ownership import Ownership, OwnershipRows

log = structlog.get_logger(__name__)


class Listener(Protocol):
    """Who must know when a claim comes or goes."""

    async def claimed(self, owned: Ownership) -> None:
        """Take up what was claimed."""
        ...

    async def lost(self, owned: Ownership) -> None:
        """Drop everything held in memory for it."""
        ...


class Keeper:
    """The claims of this process under one prefix, ``<service>/``.

    ``only_with_mail`` limits the take-over to lanes that left unpublished records (a lane has no deadlines to fire).
    """

    def __init__(
        self,
        rows: OwnershipRows,
        prefix: str,
        lease_seconds: float,
        *,
        only_with_mail: bool = False,
    ) -> None:
        self._rows = rows
        self._prefix = prefix
        self._lease = lease_seconds
        self._only_with_mail = only_with_mail
        self._listener: Listener | None = None
        self.owned: dict[str, Ownership] = {}

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every claim that comes or goes from now on."""
        self._listener = listener

    @property
    def lanes(self) -> list[str]:
        """Return the names held now: the outbox lanes this process publishes."""
        return list(self.owned)

    async def claim(self, name: str, *, only_if_expired: bool = False) -> Ownership | None:
        """Claim ``name`` and tell whoever listens."""
        owned = await self._rows.claim(name, only_if_expired=only_if_expired)
        if owned is not None:
            self.owned[name] = owned
            PARTITIONS_OWNED.set(len(self.owned))
            if self._listener is not None:
                await self._take_up(self._listener, owned)
        return owned

    async def _take_up(self, listener: Listener, owned: Ownership) -> None:
        """Let the listener take up a claim. If it is cut short, the claim counts as none: ``hold`` makes a new one."""
        try:
            # Tried again here: a second claim would find our own lease alive, and nothing would be taken up.
            await through_outages(partial(listener.claimed, owned), "what was claimed is taken up later")
        except BaseException:
            if self.owned.get(owned.name) == owned:
                del self.owned[owned.name]
            raise

    async def hold(self, names: Collection[str]) -> None:
        """Claim those of ``names`` that are not ours already; a claim that no newer one ended stays as it is.

        Claiming anew would refuse the deadlines that are being fired under the old claim at this moment.
        """
        held = [self.owned[name] for name in sorted(names) if name in self.owned]
        for lost in await self._rows.renew(held):
            await self.drop(lost.name)
        for name in sorted({*names} - self.owned.keys()):
            await self.claim(name)

    async def drop(self, name: str) -> None:
        """Forget a claim that somebody else took."""
        owned = self.owned.pop(name, None)
        if owned is not None:
            PARTITIONS_OWNED.set(len(self.owned))
            log.warning("partition.lost", name=name, epoch=owned.epoch, meaning="a newer claim owns it")
            if self._listener is not None:
                await self._listener.lost(owned)

    async def run(self) -> None:
        """Take up what we held before; renew four times a lease; after a whole one take over what nobody renews."""
        await through_outages(self._take_up_again, "what this worker held before waits")
        rounds = 0
        while True:
            await asyncio.sleep(self._lease / 4)
            rounds += 1
            await through_outages(self._renew, "leases are renewed when the database is back")
            if rounds > 4:  # noqa: PLR2004 - one whole lease: what ran before us may still be alive
                await through_outages(self._take_over, "nothing is taken over meanwhile")

    async def _take_up_again(self) -> None:
        """Claim what an earlier process of our name held: its clocks need not wait for a lease, nor for the bus."""
        if not self._only_with_mail:
            for name in await self._rows.left_behind(self._prefix):
                if name not in self.owned:
                    await self.claim(name)

    async def _renew(self) -> None:
        for lost in await self._rows.renew(list(self.owned.values())):
            if self.owned.get(lost.name) == lost:
                await self.drop(lost.name)

    async def _take_over(self) -> None:
        find = self._rows.expired_with_mail if self._only_with_mail else self._rows.expired
        for name in await find(self._prefix):
            if await self.claim(name, only_if_expired=True) is not None:
                log.warning("partition.taken_over", name=name, meaning="its worker let the lease run out")

    async def release(self) -> None:
        """Let go of everything, so that the next worker need not wait."""
        await self._rows.release(list(self.owned.values()))
        self.owned.clear()
        PARTITIONS_OWNED.set(0)
