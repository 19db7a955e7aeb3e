"""A held message that is cancelled: never sent, ended in its row, and told of with the reason."""

from datetime import UTC, datetime, timedelta

import pytest

from events.notification import NotificationCancelled
from services.runtime.database import Database
from tests.integration.test_sending_quiet_hours import MORNING, NIGHT, SetClock
from tests.support.notices import ScriptedChannel, requested
from tests.support.notifier_worker import row_of, told_of, working

HELD = requested(template="petition_alert", not_before=MORNING, received_at=NIGHT, started_at=NIGHT)
CANCELLED = NotificationCancelled(
    case_id=HELD.case_id,
    received_at=datetime(2026, 3, 2, 15, 0, tzinfo=UTC),
    notification_id=HELD.notification_id,
    person_id=HELD.person_id,
    contact_id=HELD.contact_id,
    channel=HELD.channel,
    lane=HELD.lane,
    reason="it was answered",
)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.mark.parametrize("together", [True, False])
async def test_cancelled_message_is_not_sent_in_the_morning(
    database: Database, clock: SetClock, *, together: bool
) -> None:
    """Its row ends, its deliveries say why, and nobody waits for it any more."""
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        for batch in ([HELD, CANCELLED],) if together else ([HELD], [CANCELLED]):
            await worker.receive(*batch)
        assert worker.sender.unfinished == 0
        clock.set(MORNING + timedelta(minutes=1))
        await worker.idle()
    row = await row_of(database)
    assert (channel.sent, row.state, row.next_try_at, row.reason) == ([], "cancelled", None, "it was answered")
    [told] = await told_of(database)
    assert (told.state, told.reason, told.provider) == ("cancelled", "it was answered", "none")


async def test_cancellation_outlives_the_process_that_took_it(database: Database, clock: SetClock) -> None:
    """Who claims the partition next finds nothing to send."""
    channel = ScriptedChannel()
    async with working(database, ScriptedChannel(), clock=clock, patience_seconds=0) as worker:
        await worker.receive(HELD)
        await worker.receive(CANCELLED)
    clock.set(MORNING + timedelta(minutes=1))
    async with working(database, channel, clock=clock) as worker:
        await worker.idle()
    assert channel.sent == []


async def test_request_that_comes_after_its_cancellation_is_not_sent(database: Database, clock: SetClock) -> None:
    """The bus lost the request, and it is published again when the cancellation has been read."""
    channel = ScriptedChannel()
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(CANCELLED)
        await worker.receive(HELD)
        clock.set(MORNING + timedelta(minutes=1))
        await worker.idle()
    assert (channel.sent, (await row_of(database)).state) == ([], "cancelled")


async def test_message_that_was_sent_stays_as_it_is(database: Database, clock: SetClock) -> None:
    """A cancellation that is carried late changes nothing, and nothing is said of it."""
    channel = ScriptedChannel()
    clock.set(MORNING)
    async with working(database, channel, clock=clock) as worker:
        await worker.receive(HELD)
        await worker.idle()
        await worker.receive(CANCELLED)
    assert ((await row_of(database)).state, channel.sent) == ("handed-over", ["notice-1"])
    assert [told.state for told in await told_of(database)] == ["attempted", "handed-over"]
