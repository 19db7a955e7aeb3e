"""The relay runs ahead of the notifier with what is urgent, and no further than a little with what is not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from events.base import Urgency
from services.runtime.bus_admin import BusAdmin
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows, Published
from services.runtime.read_ahead import MOST_UNREAD, PATIENCE_SECONDS, ReadAhead
from services.runtime.relay import BATCH, Relay
from services.runtime.settings import Settings
from services.runtime.store import Position, Store
from services.runtime.topic_watch import TopicWatch
from tests.integration.test_outbox_urgency import ENTRIES, LANES, MESSAGES, put, record

REMINDERS = MOST_UNREAD + 50


@dataclass
class Broker:
    """A producer that acknowledges everything, in one partition, and the watch that knows its topics."""

    sent: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, topic: str, *, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> Any:
        """Take one record."""
        del value, key
        acknowledged = asyncio.get_running_loop().create_future()
        acknowledged.set_result(SimpleNamespace(topic=topic, partition=0, offset=len(self.sent)))
        self.sent.append(dict(headers)["ce_id"].decode())
        return acknowledged

    async def until(self, count: int) -> None:
        """Return when so many records came."""
        async with asyncio.timeout(5):
            while len(self.sent) < count:  # noqa: ASYNC110 - the relay tells nobody
                await asyncio.sleep(0.005)


def a_watch(topic_id: str = "id-1") -> TopicWatch:
    """Return a watch that has seen the topic of the notifications."""
    settings = Settings()
    watch = TopicWatch(settings, BusAdmin(settings, "127.0.0.1:1"))
    watch.ids, watch.away = {MESSAGES: topic_id, ENTRIES: topic_id}, False
    return watch


@asynccontextmanager
async def relaying(database: Database) -> AsyncIterator[tuple[Broker, Relay]]:
    """Run a relay for the test's lanes."""
    broker, watch, settings = Broker(), a_watch(), Settings()
    read_ahead = ReadAhead(settings, database, watch)
    relay = Relay(settings, lambda: broker, OutboxRows(database), watch, lambda: LANES, read_ahead)
    task = asyncio.create_task(relay.run())
    try:
        yield broker, relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def notifier_has(database: Database, offset: int, topic_id: str = "id-1") -> None:
    """Note that the notifier has read up to ``offset``."""
    async with Store(database).transaction() as unit:
        await unit.advance("notifier", [Position(MESSAGES, 0, topic_id, offset)])


async def test_alert_leaves_before_the_reminders_that_waited_longer(database: Database) -> None:
    """Of everything that waits when the relay looks, the alert is on the bus first."""
    await put(database, *(record(f"reminder-{number}", Urgency.REMINDER) for number in range(REMINDERS)))
    await put(database, record("alert", Urgency.FIRST))
    async with relaying(database) as (broker, _):
        await broker.until(MOST_UNREAD + 1)
    assert broker.sent[:2] == ["alert", "reminder-0"]


async def test_reminders_wait_for_their_reader_and_an_alert_does_not(database: Database) -> None:
    """With the notifier behind, an alert goes out past the reminders that wait; as it reads, they follow in order."""
    await put(database, *(record(f"reminder-{number}", Urgency.REMINDER) for number in range(REMINDERS)))
    async with relaying(database) as (broker, relay):
        await broker.until(MOST_UNREAD)
        await put(database, record("alert", Urgency.FIRST))
        relay.wake()
        await broker.until(MOST_UNREAD + 1)
        assert broker.sent[-1] == "alert"
        await asyncio.sleep(0.1)
        assert len(broker.sent) == MOST_UNREAD + 1
        await notifier_has(database, MOST_UNREAD)
        await broker.until(REMINDERS + 1)
    assert [name for name in broker.sent if name != "alert"] == [f"reminder-{number}" for number in range(REMINDERS)]


async def test_entries_of_a_case_keep_their_order_past_a_full_batch(database: Database) -> None:
    """A reminder's entry behind a batch of others goes out with the urgent entry of its case, before it."""
    await put(database, *(record(f"other-{number}", Urgency.NEXT, f"{number}", ENTRIES) for number in range(BATCH)))
    await put(
        database, record("case-1", Urgency.NEXT, "case", ENTRIES), record("case-2", Urgency.FIRST, "case", ENTRIES)
    )
    async with relaying(database) as (broker, _):
        await broker.until(BATCH + 2)
    assert broker.sent[:3] == ["case-1", "case-2", "other-0"]


async def test_reminders_go_on_slowly_when_their_reader_takes_nothing(database: Database) -> None:
    """A notifier that is away slows the reminders down, and stops them not."""
    await put(database, *(record(f"reminder-{number}", Urgency.REMINDER) for number in range(REMINDERS)))
    async with relaying(database) as (broker, _):
        await broker.until(MOST_UNREAD)
        begun = asyncio.get_running_loop().time()
        await broker.until(REMINDERS)
        assert asyncio.get_running_loop().time() - begun > PATIENCE_SECONDS / 2


@pytest.fixture
def read_ahead(database: Database) -> ReadAhead:
    return ReadAhead(Settings(), database, a_watch("id-2"))


async def test_room_is_what_the_reader_has_not_read_yet(database: Database, read_ahead: ReadAhead) -> None:
    """The room shrinks by what lies unread up to the last less urgent record, and grows as it is read."""
    assert await read_ahead.room() == MOST_UNREAD
    await notifier_has(database, 9, "id-2")
    read_ahead.note(MESSAGES, Published(1, "id-2", 0, 19))
    assert await read_ahead.room() == MOST_UNREAD - 10
    await notifier_has(database, 30, "id-2")
    assert await read_ahead.room() == MOST_UNREAD


async def test_what_lies_in_an_earlier_incarnation_takes_no_room(database: Database, read_ahead: ReadAhead) -> None:
    """A recreated topic has lost what was unread in it, and nobody will read it any more."""
    read_ahead.note(MESSAGES, Published(1, "id-1", 0, 10 * MOST_UNREAD))
    assert await read_ahead.room() == MOST_UNREAD
    assert not read_ahead.is_full


async def test_partition_that_was_never_read_is_unread_whole(read_ahead: ReadAhead) -> None:
    """Before the notifier's first commit everything counts as unread."""
    read_ahead.note(MESSAGES, Published(1, "id-2", 0, MOST_UNREAD))
    assert await read_ahead.room() == 0
    assert read_ahead.is_full
