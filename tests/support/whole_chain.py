"""Intake, escalation and notifier on one database in one process, with a bus between them and a clock that is shown."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from random import Random

from sqlalchemy import func, select

from escalation_policies.loader import load_library
from events.base import CaseFact
from events.codec import encode
from events.topics import PARTITIONS, TopicName
from services.escalation.consumer import EscalationConsumer
from services.escalation.timers import Timers
from services.notifier.channels.outbox.channel import OutboxChannel
from services.notifier.consumer import NotifierConsumer
from services.notifier.rules import SendingRules
from services.notifier.sending import Sender
from services.runtime.consumption import Consumer, Consumption
from services.runtime.database import Database
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import cases, notifications
from tests.support.intake import COUNTY, LANE, Intake, StillClock, make_intake
from tests.support.notifier_worker import until
from tests.support.paper_bus import Bus
from tests.support.store_rows import CODE_KEY, rows_of

TICK = timedelta(microseconds=1)


class Chain:
    """The services. ``read`` and ``pass_minutes`` are what their loops do, one round at a time."""

    def __init__(self, database: Database, settings: Settings, bus: Bus, intake: Intake, sender: Sender) -> None:
        self.database = database
        self.store = Store(database)
        self.intake = intake
        self.clock: StillClock = intake.clock
        self.bus = bus
        self.claims: dict[str, Ownership] = {}
        self._settings = settings
        self._sender = sender
        timers = Timers(self.store, self.clock, timedelta(minutes=10))
        self._escalation = EscalationConsumer(
            settings, self.store, self.clock, lambda: COUNTY, load_library(), CODE_KEY, timers, self.claims.get,
            lambda: None,
        )  # fmt: skip
        self._notifier = NotifierConsumer(self.store, self.clock, sender, deliveries_topic=settings.topic("deliveries"))

    async def start(self) -> None:
        """Claim everything, and take up what is unfinished."""
        rows = OwnershipRows(self.database, "chain", 600)
        consumers: tuple[Consumer, ...] = (self._escalation, self._notifier)
        for consumer in consumers:
            for partition in range(PARTITIONS):
                owned = await rows.claim(f"{consumer.name}/{partition}")
                assert owned is not None
                self.claims[owned.name] = owned
                await consumer.claimed(owned)

    async def publish(self) -> int:
        """Publish what waits in every lane."""
        return await self.bus.publish(self.database, [LANE, *self.claims])

    async def read(self, *consumers: Consumer) -> None:
        """Let consumers (both, unless told) read the bus from its start; what they know they pass over."""
        for consumer in consumers or (self._escalation, self._notifier):
            consumption = Consumption(self.store, self.clock, consumer)
            for topic in consumer.topics:
                await self._read(consumption, consumer.name, topic)
        await self.sent()

    async def judge(self) -> None:
        """Let the escalation service alone publish and read: nobody sends the messages."""
        await self.publish()
        await self.read(self._escalation)

    async def _read(self, consumption: Consumption, name: str, topic: TopicName) -> None:
        topic_id = self.bus.past.topic_id(topic)
        assert topic_id is not None
        for partition in range(PARTITIONS):
            records = [record async for record in self.bus.past.partition(topic, partition)]
            if records:
                await consumption.handle([(self.claims[f"{name}/{partition}"], topic_id, records)])

    async def settle(self) -> None:
        """Publish and read until nothing is under way."""
        while await self.publish():
            await self.read()

    async def sent(self) -> None:
        """Wait until every message that can be sent now is."""
        nothing = select(func.count()).where(notifications.c.next_try_at <= self.clock.now())

        async def idle() -> bool:
            async with self.database.reading() as connection:
                return not (await connection.execute(nothing)).scalar_one()

        await until(idle)

    async def say(self, fact: CaseFact, event_id: str) -> None:
        """Accept a fact as the intake does; its id tells it from others."""
        record = encode(
            fact, event_id=event_id, key=fact.case_id, source="/tocsin/intake", time=fact.received_at,
            event_type=fact.TYPE,
        )  # fmt: skip
        async with self.store.transaction() as unit:
            await unit.append([(LANE, Outgoing(self._settings.topic("incidents"), record))])

    async def act(self, case_id: str, verb: str, person: str, unit: str, **body: object) -> None:
        """Let a person act, by HTTP."""
        async with self.intake.client("officer", unit, person) as client:
            answer = await client.post(f"/v1/cases/{case_id}/{verb}", json=body)
        assert answer.status_code == 202, answer.text
        await self.settle()

    async def pass_minutes(self, minutes: float) -> None:
        """Let time pass; each deadline fires at its own moment."""
        until_ = self.clock.now() + timedelta(minutes=minutes)
        earliest = select(func.min(cases.c.next_due_at))
        while True:
            async with self.database.reading() as connection:
                due = (await connection.execute(earliest)).scalar_one()
            if due is None or due > until_:
                break
            self.clock.show(max(due, self.clock.now()))
            waiting = await rows_of(self.database, cases)
            late = [row for row in waiting if row.next_due_at is not None and row.next_due_at <= self.clock.now()]
            await self._escalation.fire(
                {f"escalation/{p}": [row.case_id for row in late if row.partition == p] for p in range(PARTITIONS)}
            )
        self.clock.show(until_)


@asynccontextmanager
async def chain_on(database: Database, settings: Settings, bus: Bus, folder: Path) -> AsyncIterator[Chain]:
    """Run a chain on a database; its messages go to ``outbox.jsonl`` in the folder."""
    intake = make_intake(database, topic_prefix=settings.topic_prefix)
    sender = Sender(
        Store(database),
        intake.clock,
        {"email": [OutboxChannel("email", folder / "outbox.jsonl")]},
        COUNTY.contact,
        topic=settings.topic,
        rules=SendingRules(timeout_seconds=1.0),
        rng=Random(7),
    )
    async with sender:
        chain = Chain(database, settings, bus, intake, sender)
        await chain.start()
        yield chain
