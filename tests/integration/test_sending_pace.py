"""Rates: a provider's second, and a recipient's minute."""

import asyncio
from datetime import timedelta

from services.runtime.clock import wall_now
from services.runtime.database import Database
from tests.support.notices import ScriptedChannel, requested
from tests.support.notifier_worker import facts_of, is_in, is_true, until, working


async def test_provider_is_given_no_more_than_its_rate(database: Database) -> None:
    """Twenty a second: ten messages take almost half a second, however many may be under way."""
    loop, channel = asyncio.get_running_loop(), ScriptedChannel()
    async with working(database, channel, provider_rates={"scripted": 20.0}) as worker:
        began = loop.time()
        await worker.receive(*(requested(notification_id=f"n{number}") for number in range(10)))
        await worker.idle()
        assert 0.3 < loop.time() - began < 3


async def test_next_turn_of_the_rate_goes_to_the_most_urgent_that_waits(database: Database) -> None:
    """Ten bulk messages wait for their turns; the alert that comes last has the next one."""
    channel = ScriptedChannel()
    async with working(database, channel, provider_rates={"scripted": 5.0}) as worker:
        await worker.receive(*(requested(notification_id=f"bulk-{number}", lane="bulk") for number in range(10)))
        await until(lambda: is_true(channel.sent))
        await worker.receive(requested(notification_id="alert"))
        await until(lambda: is_in(database, "handed-over", "alert"))
        assert channel.sent.index("alert") <= 2
        await worker.consumer.lost(worker.owned)


async def test_recipient_gets_only_so_many_reminders_a_minute_and_every_alert(database: Database) -> None:
    """Two reminders at once, the third later; an alert to the same contact waits for nothing, and nothing is late."""
    channel = ScriptedChannel()
    async with working(database, channel, recipient_per_minute=2, handover_patience_seconds=1.0) as worker:
        await worker.receive(
            *(requested(notification_id=f"r{number}", lane="reminder", deadline=None) for number in range(3))
        )
        await until(lambda: is_true(len(channel.sent) == 2))
        await worker.receive(*(requested(notification_id=f"alert-{number}") for number in range(3)))
        await worker.receive(
            requested(notification_id="other", lane="reminder", deadline=None, person_id="b", contact_id="b:sms")
        )
        await until(lambda: is_true(len(channel.sent) == 6))
        await asyncio.sleep(1.2)
        assert worker.sender.unfinished == 1
        assert "r2" not in channel.sent
        await worker.consumer.lost(worker.owned)
    assert await facts_of(database) == []


async def test_reminders_that_are_over_take_no_turn_of_their_recipient(database: Database) -> None:
    """After a long stop many deadlines have passed; the reminder of one that has not goes out at once."""
    channel, hour = ScriptedChannel(), timedelta(hours=1)
    async with working(database, channel, recipient_per_minute=2) as worker:
        over = (
            requested(notification_id=f"over-{number}", lane="reminder", deadline=wall_now() - hour)
            for number in range(5)
        )
        await worker.receive(*over, requested(notification_id="needed", lane="reminder", deadline=wall_now() + hour))
        await until(lambda: is_true(worker.sender.unfinished == 0))
    assert channel.sent == ["needed"]
