"""The sending pipeline on a real database: intent before the call, outcome after, and nothing lost in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from events.base import Body
from events.codec import decode, encode
from events.delivery import DeliveryRecorded, DeliveryState
from events.directory import EntryRemoved
from events.notification import NotificationRequested
from services.notifier.backoff import Backoff
from services.notifier.channels.base import Channel, Handed, Message, OutcomeUnknown, Refused, TryLater
from services.notifier.commits import Change, GroupCommit
from services.notifier.consumer import NotifierConsumer
from services.notifier.deliveries import delivery_record
from services.notifier.rows import Step, insert_new
from services.notifier.sending import Sender
from services.runtime.clock import Clock
from services.runtime.consumption import Received, Record
from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import Store, UnitOfWork
from services.runtime.tables import notifications, outbox
from tests.support import postgres
from tests.support.notices import START, ScriptedChannel, contact, failing, requested, silent, taken

QUICK = Backoff(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=40), tries=4)
PATIENCE = 5.0
NAME = "notifier/0"


def arrived(request: Body, event_type: str = NotificationRequested.TYPE) -> Received:
    """Return a request as the bus brings it."""
    key = "notice-1"
    encoded = encode(request, event_id=key, key=key, source="/test", time=START, event_type=event_type)
    record = Record("tocsin.notifications", 0, 0, None, encoded.headers, encoded.value)
    return Received(record, key, decode(encoded.headers, encoded.value).envelope, request)


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.PostgresCluster]:
    with postgres.PostgresCluster() as started:
        yield started


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'tocsin.db'}"
    if not postgres.present():
        pytest.skip("no PostgreSQL server programs here")
    started: postgres.PostgresCluster = request.getfixturevalue("cluster")
    return started.create_database(f"sending_{abs(hash(tmp_path))}")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    opened = Database(url)
    await opened.migrate()
    yield opened
    await opened.close()


class Worker:
    """One notifier process: a sender, a consumer and a claim."""

    def __init__(self, database: Database, sender: Sender, owned: Ownership) -> None:
        self.store = Store(database)
        self.sender = sender
        self.owned = owned
        self.consumer = NotifierConsumer(self.store, Clock(), sender)

    async def receive(self, *requests: NotificationRequested) -> None:
        async with self.store.transaction(self.owned) as unit:
            applied = await self.consumer.apply(unit, [(self.owned, arrived(request)) for request in requests])
        assert applied.after_commit is not None
        applied.after_commit()

    async def idle(self) -> None:
        await until(lambda: is_true(not self.sender.unfinished))


@asynccontextmanager
async def working(
    database: Database,
    *channels: Channel,
    lookup: Callable[[str], Any] = contact,
    timeout_seconds: float = 0.1,
    patience_seconds: float = 1.0,
    clock: Clock | None = None,
) -> AsyncIterator[Worker]:
    """Run one notifier that has claimed the partition anew; without patience it ends as if killed in the middle."""
    owned = await OwnershipRows(database, "worker", 5.0).claim(NAME)
    assert owned is not None
    by_name: Mapping[str, Channel] = {channel.name: channel for channel in channels}
    sender = Sender(
        Store(database),
        clock or Clock(),
        by_name,
        lookup,
        deliveries_topic="tocsin.deliveries",
        timeout_seconds=timeout_seconds,
        rng=Random(7),
        backoff=QUICK,
        patience_seconds=patience_seconds,
    )
    async with sender:
        worker = Worker(database, sender, owned)
        await worker.consumer.claimed(owned)
        yield worker


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; TimeoutError when it does not come."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - a database row has no Event
            await asyncio.sleep(0.005)


async def is_true(value: object) -> bool:
    return bool(value)


async def is_in(database: Database, state: str, notification_id: str = "notice-1") -> bool:
    return bool((await row_of(database, notification_id)).state == state)


async def row_of(database: Database, notification_id: str = "notice-1") -> Any:
    async with database.reading() as connection:
        return (
            await connection.execute(select(notifications).where(notifications.c.notification_id == notification_id))
        ).one()


async def told_of(database: Database, notification_id: str = "notice-1") -> list[DeliveryRecorded]:
    """Return the delivery records of a notification, in the order of the outbox."""
    statement = select(outbox).where(outbox.c.lane == NAME).order_by(outbox.c.id)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    bodies = [decode([(n, v.encode()) for n, v in json.loads(row.headers)], row.value).body for row in rows]
    return [body for body in bodies if isinstance(body, DeliveryRecorded) and body.notification_id == notification_id]


async def states_of(database: Database, notification_id: str = "notice-1") -> list[tuple[str, int]]:
    return [(body.state, body.try_number) for body in await told_of(database, notification_id)]


async def test_intent_is_stored_before_the_call_and_outcome_after(database: Database) -> None:
    """While the provider has the message, the row says ``attempted``; afterwards, that it was handed over."""
    during: list[tuple[str, int]] = []

    async def look(message: Message) -> Handed:
        row = await row_of(database)
        during.append((row.state, row.tries))
        return Handed("SM1")

    async with working(database, ScriptedChannel(script=[look])) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert during == [("attempted", 1)]
    assert (row.state, row.tries, row.provider, row.provider_id) == ("handed-over", 1, "scripted", "SM1")
    assert row.next_try_at is None
    assert await states_of(database) == [("attempted", 1), ("handed-over", 1)]


async def test_delivery_record_is_keyed_by_notification_and_has_a_derived_id(database: Database) -> None:
    """Two steps are two events, and the same step is the same event."""
    async with working(database, ScriptedChannel()) as worker:
        await worker.receive(requested())
        await worker.idle()
    async with database.reading() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    assert {(row.topic, row.key, row.lane) for row in rows} == {("tocsin.deliveries", "notice-1", NAME)}
    assert len({row.event_id for row in rows}) == len(rows) == 2


async def test_repeated_request_is_sent_once(database: Database) -> None:
    """The same notification in one batch, and again in another, is one message."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(), requested())
        await worker.receive(requested())
        await worker.idle()
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_event_of_another_family_is_rejected_and_the_request_beside_it_is_sent(database: Database) -> None:
    """A stray record on the topic goes to the dead letters, and holds up nothing."""
    channel = ScriptedChannel()
    stray = arrived(EntryRemoved(entry_id="person-1"), EntryRemoved.TYPE)
    async with working(database, channel) as worker:
        async with worker.store.transaction(worker.owned) as unit:
            applied = await worker.consumer.apply(unit, [(worker.owned, stray), (worker.owned, arrived(requested()))])
        assert applied.after_commit is not None
        applied.after_commit()
        await worker.idle()
    assert [item.record for item in applied.rejected] == [stray.record]
    assert channel.sent == ["notice-1"]


async def test_temporary_failure_is_tried_again(database: Database) -> None:
    """Twice not taken, then taken; every try is told of."""
    channel = ScriptedChannel(script=[failing(TryLater("busy")), failing(TryLater("busy"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert await states_of(database) == [
        ("attempted", 1),
        ("failed-temporary", 1),
        ("attempted", 2),
        ("failed-temporary", 2),
        ("attempted", 3),
        ("handed-over", 3),
    ]


async def test_retry_after_is_waited_for(database: Database) -> None:
    """The provider's own pace is longer than ours, so it counts; the stored time says the same."""
    channel = ScriptedChannel(script=[failing(TryLater("busy", retry_after=timedelta(seconds=60)))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await until(lambda: is_in(database, "failed-temporary"))
        row = await row_of(database)
    assert row.next_try_at - row.updated_at > timedelta(seconds=59)
    assert channel.sent == ["notice-1"]


async def test_stored_next_try_means_real_time_at_any_speed_of_the_clock(database: Database) -> None:
    """Sixty real seconds are an hour of a clock sixty times faster."""
    channel = ScriptedChannel(script=[failing(TryLater("busy", retry_after=timedelta(seconds=60)))])
    async with working(database, channel, clock=Clock(speed=60)) as worker:
        await worker.receive(requested())
        await until(lambda: is_in(database, "failed-temporary"))
        row = await row_of(database)
    assert row.next_try_at - row.updated_at > timedelta(minutes=59)


async def test_permanent_failure_is_not_tried_again(database: Database) -> None:
    """An opted-out number gets one try, and the reason is kept."""
    channel = ScriptedChannel(script=[failing(Refused("21610: opted out"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert (row.state, row.reason, row.next_try_at) == ("failed-permanent", "21610: opted out", None)
    assert channel.sent == ["notice-1"]


async def test_failure_that_lasts_is_given_up_with_its_reason(database: Database) -> None:
    """After the limit the chain must go on by another road, so the end is told."""
    channel = ScriptedChannel(script=[failing(TryLater("no route"))] * 9)
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert len(channel.sent) == QUICK.tries
    assert (row.state, row.reason) == ("failed-permanent", "given up after 4 tries: no route")


async def test_unknown_outcome_found_at_the_provider_is_not_sent_again(database: Database) -> None:
    """Taken behind a 5xx: found, so handed over, with no second message."""
    channel = ScriptedChannel(script=[failing(OutcomeUnknown("500"))], has=lambda _: Handed("SM9"))
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == channel.looked_up == ["notice-1"]
    assert (await row_of(database)).provider_id == "SM9"
    assert await states_of(database) == [("attempted", 1), ("outcome-unknown", 1), ("handed-over", 1)]


async def test_unknown_outcome_not_found_is_sent_again(database: Database) -> None:
    """Not there: a duplicate would be better than silence."""
    channel = ScriptedChannel(script=[failing(OutcomeUnknown("500"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == ["notice-1", "notice-1"]
    assert (await row_of(database)).state == "handed-over"


async def test_provider_that_never_answers_is_an_unknown_outcome_and_given_up_in_the_end(database: Database) -> None:
    """Even a channel without a time-out of its own is held to one."""
    channel = ScriptedChannel(script=[silent])
    async with working(database, channel, timeout_seconds=0.05) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert ("outcome-unknown", 1) in await states_of(database)
    assert len(channel.sent) == 2


async def test_channel_that_breaks_holds_up_nothing(database: Database) -> None:
    """A bug in a channel is one unknown outcome, not the end of the notifier."""
    channel = ScriptedChannel(script=[failing(ZeroDivisionError())])
    async with working(database, channel) as worker:
        await worker.receive(requested(), requested(notification_id="notice-2"))
        await worker.idle()
    assert {(await row_of(database, each)).state for each in ("notice-1", "notice-2")} == {"handed-over"}


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


async def test_contact_the_directory_does_not_know_is_asked_for_again_and_then_failed(database: Database) -> None:
    """A record a moment late is waited for; one that never comes blocks nothing."""
    asked: list[str] = []

    def late(contact_id: str) -> Any:
        asked.append(contact_id)
        return contact(contact_id) if contact_id == "person-1:sms" and asked.count(contact_id) > 1 else None

    channel = ScriptedChannel()
    async with working(database, channel, lookup=late) as worker:
        await worker.receive(requested(), requested(notification_id="notice-2", contact_id="nobody"))
        await worker.idle()
    assert channel.sent == ["notice-1"]
    failed = await row_of(database, "notice-2")
    assert (failed.state, failed.tries) == ("failed-permanent", 0)
    assert "directory does not know" in failed.reason
    assert await states_of(database, "notice-2") == [("failed-permanent", 1)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"contact_id": "person-1:email"}, "no longer for sms"), ({"person_id": "person-2"}, "another person")],
)
async def test_contact_that_is_no_longer_what_was_meant_gets_nothing(
    database: Database, changes: dict[str, str], reason: str
) -> None:
    """A number that is now somebody else's must not hear of the case."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(**changes))
        await worker.idle()
    row = await row_of(database)
    assert row.state == "failed-permanent"
    assert reason in row.reason
    assert channel.sent == []


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
        {"sms": ScriptedChannel(script=[taken] * 200)},
        contact,
        deliveries_topic="tocsin.deliveries",
        timeout_seconds=1,
        rng=Random(7),
    )
    async with sender:
        worker = Worker(database, sender, owned)
        await worker.consumer.claimed(owned)
        await worker.receive(*(requested(notification_id=f"n{number}") for number in range(200)))
        await worker.idle()
    assert commits < 40


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
    return Change(owned, step, delivery_record("tocsin.deliveries", requested(), step))
