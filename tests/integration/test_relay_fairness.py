"""Thousands of records of a mass wait: a new alert does not wait for them, and they do not wait for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from events.base import Urgency
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows
from services.runtime.read_ahead import ReadAhead
from services.runtime.relay import BATCH, Relay
from services.runtime.settings import Settings
from tests.integration.test_outbox_urgency import ENTRIES, LANES, put, record
from tests.integration.test_relay_urgency import Broker, a_watch

MASS = 10 * BATCH


async def nothing(batch: int) -> None:
    """Commit nothing."""
    del batch


@dataclass
class BusyBroker(Broker):
    """A broker beside which something is committed while each batch is handed over."""

    meanwhile: Callable[[int], Awaitable[None]] = nothing
    batches: int = 0
    looked: bool = False

    def lanes(self) -> list[str]:
        """Return the lanes of a relay that looks for its next batch."""
        self.looked = True
        return LANES

    async def send(self, topic: str, *, value: bytes, key: bytes, headers: list[tuple[str, bytes]]) -> Any:
        """Take one record."""
        if self.looked:
            self.looked = False
            self.batches += 1
            await self.meanwhile(self.batches)
        return await super().send(topic, value=value, key=key, headers=headers)


@asynccontextmanager
async def relaying(database: Database, broker: BusyBroker) -> AsyncIterator[None]:
    """Run a relay."""
    settings, watch = Settings(), a_watch()
    rows = OutboxRows(database)
    relay = Relay(settings, lambda: broker, rows, watch, broker.lanes, ReadAhead(settings, database, watch))
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def a_mass(database: Database) -> list[str]:
    """Commit the entries of a mass of deadlines, each of a case of its own; return their ids."""
    ids = [f"mass-{number:04}" for number in range(MASS)]
    await put(database, *(record(event_id, Urgency.NEXT, event_id, ENTRIES) for event_id in ids))
    return ids


async def test_new_alert_is_in_the_batch_after_the_one_under_way(database: Database) -> None:
    """Committed while a mass is being published, it waits for one batch; and the case's own order is kept."""
    mass = await a_mass(database)

    async def during(batch: int) -> None:
        if batch == 2:
            await put(database, record("reminded", Urgency.NEXT, mass[-1], ENTRIES))
            await put(database, record("alert", Urgency.FIRST, mass[-1], ENTRIES))

    broker = BusyBroker(meanwhile=during)
    async with relaying(database, broker):
        await broker.until(MASS + 2)
    assert broker.sent[2 * BATCH : 2 * BATCH + 3] == [mass[-1], "reminded", "alert"]
    assert broker.sent.index("alert") < 3 * BATCH
    assert sorted(broker.sent) == sorted([*mass, "reminded", "alert"])


async def test_mass_goes_on_while_alerts_never_end(database: Database) -> None:
    """With half a batch of new alerts at each turn the mass has the other half, the oldest first; none is lost."""
    mass = await a_mass(database)

    async def during(batch: int) -> None:
        alerts = (f"alert-{batch}-{number}" for number in range(BATCH // 2))
        await put(database, *(record(event_id, Urgency.FIRST, event_id, ENTRIES) for event_id in alerts))

    broker = BusyBroker(meanwhile=during)
    async with relaying(database, broker):
        await broker.until(2 * MASS)
    assert [name for name in broker.sent if name.startswith("mass")] == mass
