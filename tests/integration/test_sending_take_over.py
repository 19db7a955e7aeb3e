"""A notifier that dies or loses its partition: the next claim goes on from what is written, and no other."""

import asyncio
from datetime import UTC, datetime, timedelta

from events.delivery import DeliveryState
from services.notifier.channels.base import Handed, TryLater
from services.notifier.commits import Change, GroupCommit
from services.notifier.deliveries import delivery_record
from services.notifier.rows import Step, insert_new
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import Store
from tests.support.notices import START, ScriptedChannel, failing, requested, silent
from tests.support.notifier_worker import (
    NAME,
    arrived,
    is_in,
    is_true,
    row_of,
    states_of,
    until,
    working,
)


async def test_death_between_intent_and_outcome_leads_to_a_look_up_by_the_next_claim(database: Database) -> None:
    """The provider took it, nobody wrote it down: the next owner asks, and sends nothing."""
    dying = ScriptedChannel(script=[silent])
    async with working(database, dying, patience_seconds=0) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(dying.sent))
    assert (await row_of(database)).state == "attempted"
    channel = ScriptedChannel(has=lambda _: Handed("SM1"))
    async with working(database, channel) as worker:
        await worker.idle()
    assert channel.sent == []
    assert (await row_of(database)).provider_id == "SM1"


async def test_death_between_intent_and_outcome_is_sent_again_when_the_provider_has_nothing(
    database: Database,
) -> None:
    """Nobody knows, so once more."""
    dying = ScriptedChannel(script=[silent])
    async with working(database, dying, patience_seconds=0) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(dying.sent))
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.idle()
    assert channel.looked_up == channel.sent == ["notice-1"]
    row = await row_of(database)
    assert (row.state, row.tries) == ("handed-over", 2)


async def test_death_before_the_intent_is_sent_by_the_next_claim(database: Database) -> None:
    """Committed but never sent: the row is enough."""
    async with working(database, ScriptedChannel()) as worker, worker.store.transaction(worker.owned) as unit:
        await worker.consumer.apply(unit, [(worker.owned, arrived(requested()))])
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.idle()
    assert channel.sent == ["notice-1"]
    assert channel.looked_up == []


async def test_message_taken_over_after_the_clock_was_set_back_is_sent_at_once(database: Database) -> None:
    """Its stored time lies an hour ahead of the new clock: that is no reason to keep anybody waiting."""
    async with working(database, ScriptedChannel()) as worker, worker.store.transaction(worker.owned) as unit:
        await worker.consumer.apply(unit, [(worker.owned, arrived(requested()))])
    channel, epoch = ScriptedChannel(), datetime(1970, 1, 1, tzinfo=UTC)
    async with working(database, channel, clock=Clock(1.0, epoch, epoch - timedelta(hours=1))) as worker:
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_worker_that_lost_its_partition_writes_and_sends_nothing_more(database: Database) -> None:
    """The fence refuses the intent, so the provider is not called."""
    stale, fresh = ScriptedChannel(), ScriptedChannel()
    async with working(database, stale) as old:
        async with old.store.transaction(old.owned) as unit:
            applied = await old.consumer.apply(unit, [(old.owned, arrived(requested()))])
        async with working(database, fresh) as new:
            await new.idle()
            assert applied.after_commit is not None
            applied.after_commit()
            await old.idle()
    assert (stale.sent, fresh.sent) == ([], ["notice-1"])


async def test_partition_given_back_is_dropped_from_memory(database: Database) -> None:
    """What waits for its next try is the next owner's."""
    channel = ScriptedChannel(script=[failing(TryLater("busy", retry_after=timedelta(seconds=60)))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await until(lambda: is_in(database, "failed-temporary"))
        await worker.consumer.lost(worker.owned)
        assert worker.sender.unfinished == 0


async def test_claim_made_void_by_a_newer_one_fails_alone_in_a_shared_commit(database: Database) -> None:
    """A partition claimed twice by one process: the older claim's step is refused, the newer one's is written."""
    rows = OwnershipRows(database, "worker", 5.0)
    old, new = await rows.claim(NAME), await rows.claim(NAME)
    assert old is not None
    assert new is not None
    store = Store(database)
    async with store.transaction(new) as unit:
        await insert_new(unit, [(new, requested())], START)
    commits = GroupCommit(store)
    commits.start()
    late, fresh = await asyncio.gather(
        commits.write(change(old, "failed-permanent")),
        commits.write(change(new, "handed-over")),
        return_exceptions=True,
    )
    await commits.stop()
    assert isinstance(late, StaleEpoch)
    assert fresh is None
    assert await states_of(database) == [("handed-over", 1)]


def change(owned: Ownership, state: DeliveryState) -> Change:
    step = Step("notice-1", state, 1, None, "scripted", None, None, START)
    return Change(owned, step, [delivery_record("tocsin.deliveries", requested(), step)])
