"""A message held over quiet hours: stored, sent when they end whoever is there by then, and in nobody's way."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.channels.base import Handed, Message
from services.notifier.rows import LONGEST_HOLD
from services.runtime.clock import Clock, wall_now
from services.runtime.database import Database
from tests.support.notices import ScriptedChannel, requested
from tests.support.notifier_worker import is_in, is_true, row_of, until, working

NIGHT = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)  # ten in the evening in Shanghai
MORNING = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # seven
HELD = requested(template="petition_alert", not_before=MORNING, received_at=NIGHT, started_at=NIGHT)


@dataclass(frozen=True)
class SetClock(Clock):
    """A clock that a test sets; it stands still meanwhile."""

    readings: list[datetime] = field(default_factory=lambda: [NIGHT])

    def now(self) -> datetime:
        return self.readings[-1]

    def set(self, moment: datetime) -> None:
        self.readings.append(moment)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


async def looks() -> None:
    """Let a waiting message look at the clock several times."""
    await asyncio.sleep(0.3)


async def test_held_request_is_stored_with_its_moment_and_sent_when_it_comes(
    database: Database, clock: SetClock
) -> None:
    """A petition filed at night wakes nobody, and is with its office at seven."""
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(HELD)
        clock.set(MORNING - timedelta(seconds=1))
        await looks()
        row = await row_of(database)
        assert (row.state, row.tries, row.next_try_at, channel.sent) == ("pending", 0, MORNING, [])
        clock.set(MORNING)
        await worker.idle()
    assert channel.sent == ["notice-1"]
    assert (await row_of(database)).state == "handed-over"


async def test_held_request_comes_at_its_moment_of_a_clock_that_runs_fast(database: Database) -> None:
    """In a demonstration the night is short: nine hours are half a second here."""
    fast = Clock(speed=64_800, real_origin=wall_now(), origin=NIGHT)
    sent_at: list[datetime] = []

    async def note(message: Message) -> Handed:
        sent_at.append(fast.now())
        return Handed(message.notification_id)

    async with working(database, ScriptedChannel(script=[note]), clock=fast) as worker:
        await worker.receive(HELD)
        await worker.idle()
    assert sent_at[0] >= MORNING


async def test_held_request_outlives_the_process_that_took_it(database: Database, clock: SetClock) -> None:
    """Killed at night and started again: the row is enough, and it still waits."""
    channel = ScriptedChannel()
    async with working(database, ScriptedChannel(), clock=clock, patience_seconds=0) as worker:
        await worker.receive(HELD)
    async with working(database, channel, clock=clock) as worker:
        await looks()
        assert (channel.sent, worker.sender.unfinished) == ([], 1)
        clock.set(MORNING)
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_moment_that_passed_while_nobody_worked_is_made_up_for_at_the_claim(
    database: Database, clock: SetClock
) -> None:
    """Late is better than never."""
    async with working(database, ScriptedChannel(), clock=clock) as worker:
        await worker.receive(HELD)
    clock.set(MORNING + timedelta(hours=2))
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_held_request_is_sent_once_by_whoever_owns_the_partition_then(
    database: Database, clock: SetClock
) -> None:
    """Taken over at night: the worker that still has it in memory is fenced when the morning comes."""
    stale, fresh = ScriptedChannel(), ScriptedChannel()
    async with working(database, stale, clock=clock) as old:
        await old.receive(HELD)
        async with working(database, fresh, clock=clock) as new:
            clock.set(MORNING)
            await asyncio.gather(old.idle(), new.idle())
    assert (stale.sent, fresh.sent) == ([], ["notice-1"])


async def test_request_repeated_while_it_is_held_stays_held(database: Database, clock: SetClock) -> None:
    """The bus brings things twice; that is no reason to wake somebody."""
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(HELD, HELD)
        await worker.receive(HELD)
        await looks()
        assert (channel.sent, worker.sender.unfinished) == ([], 1)
        clock.set(MORNING)
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_alert_is_not_delayed_by_messages_that_are_held(database: Database, clock: SetClock) -> None:
    """A full night of petitions takes no place in the channel from a fire."""
    channel = ScriptedChannel(limit=2)
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(*(HELD.model_copy(update={"notification_id": f"held-{n}"}) for n in range(50)))
        await worker.receive(requested(notification_id="alert"))
        await until(lambda: is_in(database, "handed-over", "alert"))
        await until(lambda: is_true(worker.sender.unfinished == 50))
        assert channel.sent == ["alert"]
        clock.set(MORNING)
        await worker.idle()
    assert len(channel.sent) == 51


async def test_hold_that_is_over_delays_nothing(database: Database, clock: SetClock) -> None:
    """A request that comes late is not made later."""
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(requested(not_before=NIGHT - timedelta(minutes=1)))
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_hold_longer_than_any_night_is_cut_short(database: Database, clock: SetClock) -> None:
    """A wrong year in a request must not silence it for ever."""
    async with working(database, ScriptedChannel(), clock=clock) as worker:
        await worker.receive(requested(not_before=NIGHT + timedelta(days=3650)))
        assert (await row_of(database)).next_try_at == NIGHT + LONGEST_HOLD
        clock.set(NIGHT + LONGEST_HOLD)
        await worker.idle()


async def test_machine_clock_set_back_at_night_sends_nothing_early(database: Database) -> None:
    """A timer of real seconds would go off by the old time; the message looks at the clock instead."""
    behind: list[timedelta] = [timedelta()]

    @dataclass(frozen=True)
    class Corrected(Clock):
        def now(self) -> datetime:
            return super().now() - behind[-1]

    corrected, channel = Corrected(), ScriptedChannel()
    async with working(database, channel, clock=corrected) as worker:
        await worker.receive(requested(not_before=corrected.now() + timedelta(seconds=0.2)))
        behind.append(timedelta(hours=1))
        await asyncio.sleep(0.5)
        assert channel.sent == []
        behind.append(timedelta())
        await until(lambda: is_true(channel.sent))
        await worker.idle()
