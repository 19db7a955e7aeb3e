"""Messages beside one another: a stalled channel or lane holds up no other, and commits are shared."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import Store, UnitOfWork
from tests.support.notices import ScriptedChannel, contact, requested, silent, taken
from tests.support.notifier_worker import NAME, Worker, is_in, is_true, topic, until, working


async def test_stalled_channel_does_not_delay_the_other(database: Database) -> None:
    """Every SMS hangs, and the email goes all the same."""
    sms, email = ScriptedChannel("sms", [silent] * 64, limit=2), ScriptedChannel("email")
    async with working(database, sms, email, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(*(requested(notification_id=f"sms-{number}") for number in range(5)))
        await worker.receive(requested(notification_id="mail", channel="email", contact_id="person-1:email"))
        await until(lambda: is_in(database, "handed-over", "mail"))
        assert len(sms.sent) == 2
        await worker.consumer.lost(worker.owned)


async def test_escalation_overtakes_bulk_and_stalled_bulk_leaves_it_room(database: Database) -> None:
    """A hundred stalled bulk messages fill half of the channel; the alert takes another place at once."""
    channel = ScriptedChannel(script=[silent] * 2, limit=4)
    async with working(database, channel, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(*(requested(notification_id=f"bulk-{number}", lane="bulk") for number in range(9)))
        await until(lambda: is_true(len(channel.sent) == 2))
        await worker.receive(requested(notification_id="alert"))
        await until(lambda: is_in(database, "handed-over", "alert"))
        assert channel.sent == ["bulk-0", "bulk-1", "alert"]
        await worker.consumer.lost(worker.owned)


async def test_messages_under_way_together_share_their_commits(database: Database) -> None:
    """Two hundred messages cost a few transactions, not four hundred."""
    commits = 0

    class Counting(Store):
        @asynccontextmanager
        async def transaction(self, *owned: Ownership) -> AsyncIterator[UnitOfWork]:
            nonlocal commits
            commits += 1
            async with super().transaction(*owned) as unit:
                yield unit

    owned = await OwnershipRows(database, "worker", 5.0).claim(NAME)
    assert owned is not None
    store = Counting(database)
    sender = Sender(
        store,
        Clock(),
        {"sms": [ScriptedChannel(script=[taken] * 200)]},
        contact,
        topic=topic,
        rules=SendingRules(timeout_seconds=1),
        rng=Random(7),
    )
    async with sender:
        worker = Worker(database, sender, owned)
        await worker.consumer.claimed(owned)
        await worker.receive(*(requested(notification_id=f"n{number}") for number in range(200)))
        await worker.idle()
    assert commits < 40
