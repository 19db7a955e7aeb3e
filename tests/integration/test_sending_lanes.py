"""Messages beside one another: a stalled channel or lane holds up no other, and commits are shared."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from events.notification import Lane
from services.notifier import commits
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
    assert await _commits_of(database, "escalation", 200) < 40


async def test_bulk_that_trickles_shares_its_commits(database: Database) -> None:
    """Fifty messages of bulk, one every 10 ms, wait for one another: not a transaction each, beside the alerts'."""
    assert await _commits_of(database, "bulk", 50, bulk_per_second=100.0, recipient_per_minute=1e6) < 30


async def test_alert_waits_for_no_company_and_takes_the_waiting_bulk_along(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long bulk waits to be written down: an alert's intent is written at once."""
    monkeypatch.setattr(commits, "LINGER_SECONDS", 8.0)
    channel = ScriptedChannel()
    async with working(database, channel, patience_seconds=0) as worker:
        await worker.receive(requested(notification_id="bulk", lane="bulk"))
        await asyncio.sleep(0.2)
        assert channel.sent == []
        await worker.receive(requested(notification_id="alert"))
        async with asyncio.timeout(4.0):
            await until(lambda: is_true(len(channel.sent) == 2))
        await worker.consumer.lost(worker.owned)


async def _commits_of(database: Database, lane: Lane, messages: int, **rules: Any) -> int:
    """Return in how many transactions so many messages are sent."""
    count = 0

    class Counting(Store):
        @asynccontextmanager
        async def transaction(self, *owned: Ownership) -> AsyncIterator[UnitOfWork]:
            nonlocal count
            count += 1
            async with super().transaction(*owned) as unit:
                yield unit

    owned = await OwnershipRows(database, "worker", 5.0).claim(NAME)
    assert owned is not None
    sender = Sender(
        Counting(database),
        Clock(),
        {"sms": [ScriptedChannel(script=[taken] * messages)]},
        contact,
        topic=topic,
        rules=replace(SendingRules(timeout_seconds=1), **rules),
        rng=Random(7),
    )
    async with sender:
        worker = Worker(database, sender, owned)
        await worker.consumer.claimed(owned)
        await worker.receive(*(requested(notification_id=f"n{number}", lane=lane) for number in range(messages)))
        await worker.idle()
    return count
