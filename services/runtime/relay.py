"""The relay: publishes the outbox in order, after the commit, with an idempotent producer (DESIGN §4).

A row stays until the broker acknowledged it; rows that a consumer of ours must handle stay until it did
(``reconciler``). So whatever the bus loses is published again, with the same ids.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import structlog

from events.base import Urgency
from services.runtime.bus_admin import BUS_TROUBLE
from services.runtime.metrics import RECORDS_PUBLISHED
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import CONFIRMED_BY, OutboxRow, OutboxRows, Published
from services.runtime.read_ahead import ReadAhead
from services.runtime.settings import Settings
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)

BATCH = 200
"""Records that go out together at most; an urgent one waits for the batch before it."""
POLL_SECONDS = 1.0
"""How often lanes are looked at without being woken: rows of another process (an orphaned lane)."""
SETTLE_SECONDS = 0.1
"""Acknowledged rows are settled together this often: each settling is a commit, and commits are what is scarce."""
PAUSE_SECONDS = 0.005
READ_SECONDS = 0.02
"""How often it is asked how far a reader has come, while less urgent records wait for it."""
BULK_SECONDS = 0.1
"""How often bulk is looked for, at least: each time so long's worth of its rate goes out."""
UNSETTLED_LIMIT = 2_000
RETRY_SECONDS = 0.5


class Relay:
    """Publishes the lanes that this process owns."""

    def __init__(
        self,
        settings: Settings,
        new_producer: Callable[[], Any],
        rows: OutboxRows,
        watch: TopicWatch,
        lanes: Callable[[], Sequence[str]],
        read_ahead: ReadAhead,
    ) -> None:
        self._new_producer = new_producer
        self._rows = rows
        self._watch = watch
        self._lanes = lanes
        self._read_ahead = read_ahead
        self._confirmed = {settings.topic(name) for name in CONFIRMED_BY}
        self._bulk_seconds = max(BULK_SECONDS, 1.0 / settings.bulk_messages_per_second)
        self._most_bulk = max(1, int(settings.bulk_messages_per_second * BULK_SECONDS))
        self._bulk_at = 0.0
        self._bulk_waits = False
        self._woken = asyncio.Event()
        self._producer: Any = None
        self._acknowledged: dict[int, Published | None] = {}

    def wake(self) -> None:
        """Say that something was committed to a lane of this process."""
        self._woken.set()

    async def run(self) -> None:
        """Publish for ever; while the broker is away, wait and try again."""
        settling = asyncio.create_task(self._settle_for_ever(), name="relay-settle")
        try:
            while True:
                try:
                    await through_outages(self._drain, "records wait in the outbox")
                except BUS_TROUBLE as error:
                    log.warning("relay.interrupted", reason=repr(error))
                    await self._drop_producer()
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._pause)
        finally:
            settling.cancel()
            await asyncio.gather(settling, return_exceptions=True)
            await self._drop_producer()

    async def _drain(self) -> None:
        while True:
            self._woken.clear()
            lanes = list(self._lanes())
            rows = await self._next(lanes) if lanes else []
            if not rows:
                return
            await self._publish(rows)
            await asyncio.sleep(PAUSE_SECONDS)  # what is committed meanwhile goes out together
            while len(self._acknowledged) >= UNSETTLED_LIMIT:  # noqa: ASYNC110 - the settling has its own pace
                await asyncio.sleep(SETTLE_SECONDS)

    async def _next(self, lanes: Sequence[str]) -> list[OutboxRow]:
        """Return what goes out now: what is urgent, and of the rest no more than its reader soon takes."""
        known = self._acknowledged.keys()
        rows = await self._rows.pending(lanes, BATCH, known, least_urgent=Urgency.NEXT)
        rows = await self._rows.in_order(rows, known)
        room = await self._read_ahead.room()
        reminders = await self._rows.pending(
            lanes, room, known, most_urgent=Urgency.REMINDER, least_urgent=Urgency.REMINDER
        )
        return [*rows, *reminders, *await self._bulk(lanes, room - len(reminders), known)]

    async def _bulk(self, lanes: Sequence[str], room: int, known: Collection[int]) -> list[OutboxRow]:
        """Return what may go out of bulk now: whatever handles it is busy with it, so it comes at a rate."""
        now, most = asyncio.get_running_loop().time(), min(room, self._most_bulk)
        if most <= 0 or now < self._bulk_at:
            return []
        found = await self._rows.pending(lanes, most, known, most_urgent=Urgency.BULK)
        self._bulk_at = now + self._bulk_seconds
        self._bulk_waits = len(found) == most
        return found

    @property
    def _pause(self) -> float:
        """Return how long to wait for news before looking again."""
        if self._read_ahead.is_full:
            return READ_SECONDS
        return self._bulk_seconds if self._bulk_waits else POLL_SECONDS

    async def _settle_for_ever(self) -> None:
        """Note in the outbox what the broker has. Dying before it repeats records, and repeats do nothing."""
        while True:
            await asyncio.sleep(SETTLE_SECONDS)
            settled = dict(self._acknowledged)
            if settled:
                await through_outages(partial(self._settle, settled), "published rows are noted later")

    async def _settle(self, settled: Mapping[int, Published | None]) -> None:
        kept = [published for published in settled.values() if published is not None]
        await self._rows.settle(kept, [row_id for row_id, published in settled.items() if published is None])
        for row_id in settled:
            self._acknowledged.pop(row_id, None)

    async def _publish(self, rows: Sequence[OutboxRow]) -> None:
        """Send ``rows`` in order, pipelined, and remember those that the broker acknowledged.

        Whatever is not acknowledged stays pending and is sent again, so a failure repeats records, never drops them.
        """
        ids = await self._watch.wait_for({row.topic for row in rows})
        producer = await self._connected()
        sent = [
            await producer.send(row.topic, value=row.value, key=row.key.encode(), headers=row.headers) for row in rows
        ]
        outcomes = await asyncio.gather(*sent, return_exceptions=True)
        failed: BaseException | None = None
        for row, outcome in zip(rows, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                failed = failed or outcome
                continue
            confirmed = row.topic in self._confirmed
            place = Published(row.id, ids[row.topic], outcome.partition, outcome.offset) if confirmed else None
            self._acknowledged[row.id] = place
            if place is not None and row.urgency >= Urgency.REMINDER:
                self._read_ahead.note(row.topic, place)
            RECORDS_PUBLISHED.inc()
        if failed is not None:
            raise failed

    async def _connected(self) -> Any:
        if self._producer is None:
            producer = self._new_producer()
            try:
                await producer.start()
            except BaseException:
                with contextlib.suppress(*BUS_TROUBLE):
                    await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(*BUS_TROUBLE):
                await asyncio.wait_for(producer.stop(), 2.0)
