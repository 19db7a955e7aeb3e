"""The keeper: what a worker held before its end is taken up at its start, and a claim that is good is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.runtime.database import Database
from services.runtime.keeper import Keeper
from services.runtime.ownership import Ownership, OwnershipRows

NAME, OTHER = "escalation/0", "escalation/1"
PATIENCE = 3.0
LEASE = 60.0


class Hearer:
    """Notes every claim that comes or goes."""

    def __init__(self) -> None:
        self.claims, self.losses = list[Ownership](), list[Ownership]()

    async def claimed(self, owned: Ownership) -> None:
        self.claims.append(owned)

    async def lost(self, owned: Ownership) -> None:
        self.losses.append(owned)


def keeper_of(database: Database, owner: str, hearer: Hearer, *, only_with_mail: bool = False) -> Keeper:
    keeper = Keeper(OwnershipRows(database, owner, LEASE), "escalation/", LEASE, only_with_mail=only_with_mail)
    keeper.listen(hearer)
    return keeper


@asynccontextmanager
async def running(keeper: Keeper) -> AsyncIterator[None]:
    task = asyncio.create_task(keeper.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_worker_that_starts_again_takes_up_what_it_held_before_its_lease_ends(database: Database) -> None:
    """A worker killed a moment ago fires its clocks at once: nobody else can be holding what its own name claimed."""
    before = await OwnershipRows(database, "worker", LEASE).claim(NAME)
    assert before is not None
    hearer = Hearer()
    async with running(keeper_of(database, "worker", hearer)), asyncio.timeout(PATIENCE):
        while not hearer.claims:  # noqa: ASYNC110 - what is waited for is a list
            await asyncio.sleep(0.005)
    assert hearer.claims == [Ownership(NAME, before.epoch + 1)]


async def test_worker_leaves_alone_what_another_holds(database: Database) -> None:
    """A start takes nothing from the living."""
    await OwnershipRows(database, "other", LEASE).claim(OTHER)
    await OwnershipRows(database, "worker", LEASE).claim(NAME)
    hearer = Hearer()
    async with running(keeper_of(database, "worker", hearer)), asyncio.timeout(PATIENCE):
        while not hearer.claims:  # noqa: ASYNC110 - what is waited for is a list
            await asyncio.sleep(0.005)
    assert [owned.name for owned in hearer.claims] == [NAME]


async def test_held_claim_is_not_made_anew(database: Database) -> None:
    """What Kafka assigns to its present owner goes on under the same claim: a deadline under way is not refused."""
    hearer = Hearer()
    keeper = keeper_of(database, "worker", hearer)
    await keeper.hold({NAME})
    held = keeper.owned[NAME]
    await keeper.hold({NAME, OTHER})
    assert keeper.owned[NAME] == held
    assert [owned.name for owned in hearer.claims] == [NAME, OTHER]


async def test_claim_that_another_ended_is_made_anew(database: Database) -> None:
    """What Kafka assigns to us is ours, whatever a claim in memory says: a newer one in the row is outdone."""
    hearer = Hearer()
    keeper = keeper_of(database, "worker", hearer)
    await keeper.hold({NAME})
    held = keeper.owned[NAME]
    taken = await OwnershipRows(database, "other", LEASE).claim(NAME)
    assert taken is not None
    await keeper.hold({NAME})
    assert keeper.owned[NAME].epoch == taken.epoch + 1
    assert hearer.losses == [held]


class Slow(Hearer):
    """Takes its first claim up without end: whoever waits for it is cancelled."""

    async def claimed(self, owned: Ownership) -> None:
        await super().claimed(owned)
        if len(self.claims) == 1:
            await asyncio.Event().wait()


async def test_claim_cut_short_while_it_was_taken_up_is_made_anew(database: Database) -> None:
    """The bus goes away in the middle of an assignment: what was not loaded must not count as held."""
    hearer = Slow()
    keeper = keeper_of(database, "worker", hearer)
    holding = asyncio.create_task(keeper.hold({NAME}))
    async with asyncio.timeout(PATIENCE):
        while not hearer.claims:  # noqa: ASYNC110 - what is waited for is a list
            await asyncio.sleep(0.005)
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    await keeper.hold({NAME})
    assert hearer.claims == [Ownership(NAME, 1), Ownership(NAME, 2)]
