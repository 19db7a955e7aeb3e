"""The roll-call service with a notifier beside it, on one database, and a real bus between them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from escalation_policies.roll_call.loader import Schedules
from events.roll_call import RollCallFact
from events.topics import PARTITIONS, TopicName
from services.directory.publishing import LANE as DIRECTORY_LANE
from services.directory.publishing import store_directory
from services.notifier.channels.outbox.channel import OutboxChannel
from services.notifier.consumer import NotifierConsumer
from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.consumption import Consumption
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.outbox_rows import OutboxRows, Outgoing
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import notifications
from tests.support.intake import LANE
from tests.support.notifier_worker import until
from tests.support.paper_bus import Bus
from tests.support.roll_call_desk import Desk, said


class BusDesk(Desk):
    """A desk whose records cross a bus; messages are sent to ``outbox.jsonl``."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        bus: Bus,
        folder: Path,
        directory: DirectorySnapshot,
        schedules: Schedules,
    ) -> None:
        super().__init__(database, directory, schedules, settings)
        self._bus = bus
        self._outbox = folder / "outbox.jsonl"
        self._sender = Sender(
            self.store,
            self.clock,
            {channel: [OutboxChannel(channel, self._outbox)] for channel in ("sms", "email")},
            directory.contact,
            topic=settings.topic,
            rules=SendingRules(timeout_seconds=1.0),
            rng=Random(7),
        )
        self._notifier = NotifierConsumer(
            self.store, self.clock, self._sender, deliveries_topic=settings.topic("deliveries")
        )
        self._claims: dict[str, Ownership] = {}
        self._number = 0
        topics = (settings.topic("zero-reports"), settings.topic("notifications"))
        self._unread = {(topic, partition) for topic in topics for partition in range(PARTITIONS)}

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Claim the notifier's partitions and send, until the end of the block."""
        rows = OwnershipRows(self.database, "test", 600)
        async with self._sender:
            for partition in range(PARTITIONS):
                owned = await rows.claim(f"notifier/{partition}")
                assert owned is not None
                self._claims[owned.name] = owned
                await self._notifier.claimed(owned)
            yield

    async def know(self, directory: DirectorySnapshot) -> None:
        """Let the directory service publish what it reads."""
        topic = self._settings.topic("directory")
        await store_directory(Store(self.database), topic, directory.units, directory.people, self.clock.now())

    async def say(self, *facts: RollCallFact, source: str = "/tocsin/intake", at: object = None) -> None:
        """Accept facts as the intake does, each at its own time."""
        del at
        for fact in facts:
            self.clock.show(max(self.clock.now(), fact.received_at))
            self._number += 1
            record = Outgoing(self._settings.topic("zero-reports"), said(fact, self._number, source))
            async with self.store.transaction() as unit:
                await unit.append([(LANE, record)])
        await self.deliver()

    async def deliver(self) -> None:
        """Publish and read until nothing is under way, and every message that can be sent is."""
        lanes = [LANE, DIRECTORY_LANE, *self.owned, *self._claims]
        while waiting := await OutboxRows(self.database).pending(lanes, 10_000):
            self._unread |= {(row.topic, home_partition(row.key)) for row in waiting}
            await self._bus.publish(self.database, lanes)
            await self._read("roll_call", "zero-reports", self._consumption)
            await self._read("notifier", "notifications", Consumption(self.store, self.clock, self._notifier))
            await until(self._is_idle)

    async def _read(self, name: str, topic: TopicName, consumption: Consumption) -> None:
        """Read the partitions that have news; at first all of them."""
        topic_id = self._bus.past.topic_id(topic)
        assert topic_id is not None
        for partition in range(PARTITIONS):
            where = (self._settings.topic(topic), partition)
            if where not in self._unread:
                continue
            self._unread.discard(where)
            records = [record async for record in self._bus.past.partition(topic, partition)]
            if records:
                owned = {**self.owned, **self._claims}[f"{name}/{partition}"]
                await consumption.handle([(owned, topic_id, records)])

    async def _is_idle(self) -> bool:
        waiting = select(func.count()).where(notifications.c.next_try_at <= self.clock.now())
        async with self.database.reading() as connection:
            return not (await connection.execute(waiting)).scalar_one()

    def sent(self) -> list[tuple[str, str]]:
        """Return (notification id, template) of every message that went out, by whatever desk on this folder."""
        if not self._outbox.exists():
            return []
        lines = [json.loads(line) for line in self._outbox.read_text(encoding="utf-8").splitlines()]
        return [(line["notification_id"], line["template"]) for line in lines]
