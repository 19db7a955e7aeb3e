"""One notifier on a real database, driven by a test: it receives, is waited for, ends, and is asked what it wrote."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from events.base import Body
from events.codec import decode, encode
from events.delivery import DeliveryRecorded
from events.notification import NotificationCancelled, NotificationRequested
from events.unreached import ContactUnreached
from services.notifier.backoff import Backoff
from services.notifier.channels.base import Channel
from services.notifier.consumer import NotifierConsumer
from services.notifier.links import LinkMaker, no_link
from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.clock import Clock
from services.runtime.consumption import Received, Record
from services.runtime.database import Database
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import Store
from services.runtime.tables import notifications, outbox
from tests.support.notices import START, contact

QUICK = Backoff(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=40), tries=4)
PATIENCE = 5.0
NAME = "notifier/0"


def arrived(request: Body, event_type: str = NotificationRequested.TYPE) -> Received:
    """Return a request as the bus brings it."""
    key = "notice-1"
    encoded = encode(request, event_id=key, key=key, source="/test", time=START, event_type=event_type)
    record = Record("tocsin.notifications", 0, 0, None, encoded.headers, encoded.value)
    return Received(record, key, decode(encoded.headers, encoded.value).envelope, request)


def topic(name: str) -> str:
    """Return the full name of a topic."""
    return f"tocsin.{name}"


class Worker:
    """One notifier process: a sender, a consumer and a claim."""

    def __init__(self, database: Database, sender: Sender, owned: Ownership, clock: Clock | None = None) -> None:
        self.store = Store(database)
        self.sender = sender
        self.owned = owned
        self.consumer = NotifierConsumer(self.store, clock or Clock(), sender, deliveries_topic="tocsin.deliveries")

    async def receive(self, *requests: NotificationRequested | NotificationCancelled) -> None:
        async with self.store.transaction(self.owned) as unit:
            applied = await self.consumer.apply(
                unit, [(self.owned, arrived(request, request.TYPE)) for request in requests]
            )
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
    link: LinkMaker = no_link,
    **rules: Any,
) -> AsyncIterator[Worker]:
    """Run one notifier that has claimed the partition anew; without patience it ends as if killed in the middle.

    Channels of one name are the providers of that channel, in this order; ``rules`` are those of SendingRules.
    """
    owned = await OwnershipRows(database, "worker", 5.0).claim(NAME)
    assert owned is not None
    by_name: dict[str, list[Channel]] = {}
    for channel in channels:
        by_name.setdefault(channel.name, []).append(channel)
    quick: dict[str, Any] = {"backoff": QUICK, "look_seconds": 0.05, **rules}
    sender = Sender(
        Store(database),
        clock or Clock(),
        by_name,
        lookup,
        topic=topic,
        rules=SendingRules(timeout_seconds=timeout_seconds, stopping_seconds=patience_seconds, **quick),
        rng=Random(7),
        link=link,
    )
    async with sender:
        worker = Worker(database, sender, owned, clock)
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


async def facts_of(database: Database) -> list[ContactUnreached]:
    """Return what the cases were told of messages that did not arrive, in the order of the outbox."""
    statement = select(outbox).where(outbox.c.lane == NAME, outbox.c.topic != topic("deliveries")).order_by(outbox.c.id)
    async with database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    bodies = [decode([(n, v.encode()) for n, v in json.loads(row.headers)], row.value).body for row in rows]
    return [body for body in bodies if isinstance(body, ContactUnreached)]


async def states_of(database: Database, notification_id: str = "notice-1") -> list[tuple[str, int]]:
    return [(body.state, body.try_number) for body in await told_of(database, notification_id)]
