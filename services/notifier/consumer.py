"""The notifier as a consumer of ``tocsin.notifications``: requests become rows, and rows become messages."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from events.notification import NotificationCancelled, NotificationRequested
from events.topics import TopicName
from services.notifier.cancelling import cancel
from services.notifier.job import Job
from services.notifier.rows import Unfinished, first_try_at, insert_new, unfinished
from services.notifier.sending import Sender
from services.runtime.clock import Clock
from services.runtime.consumption import Applied, Received, Rejected
from services.runtime.contact_flags import flags_of
from services.runtime.ownership import Ownership
from services.runtime.store import Store, UnitOfWork

_log = structlog.get_logger(__name__)


class NotifierConsumer:
    """Writes each request once, in the unit of work that consumes it, and hands it to the sender after the commit."""

    name: str = "notifier"
    topics: tuple[TopicName, ...] = ("notifications",)

    def __init__(self, store: Store, clock: Clock, sender: Sender, *, deliveries_topic: str) -> None:
        self._store = store
        self._clock = clock
        self._sender = sender
        self._deliveries = deliveries_topic

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        """Insert the requests not seen before; they are sent after the commit, or when their quiet hours end.

        A cancellation comes after its request, which has the same key: one that is still held ends with it.
        """
        requests = [(owned, event.body) for owned, event in batch if isinstance(event.body, NotificationRequested)]
        rejected = [
            Rejected(event.record, f"{event.envelope.type} does not belong on this topic", event.event_id)
            for _, event in batch
            if not isinstance(event.body, (NotificationRequested, NotificationCancelled))
        ]
        now = self._clock.now()
        fresh = await insert_new(unit, requests, now)
        await self._know_flags(unit.connection, {request.contact_id for _, request in fresh})
        jobs = [_new_job(owned, request, now) for owned, request in fresh]
        cancelled = [(owned, event.body) for owned, event in batch if isinstance(event.body, NotificationCancelled)]
        held = [job.id for job in jobs if job.next_try_at > now]
        ended = await cancel(unit, cancelled, held, self._deliveries, now)

        def after_commit() -> None:
            self._sender.take(jobs)
            for owned, one in ended:
                self._sender.forget(owned, one.notification_id)
                _log.info("notification.cancelled", notification_id=one.notification_id, case_id=one.case_id)

        return Applied(after_commit, rejected)

    async def claimed(self, owned: Ownership) -> None:
        """Go on with what the partition's last owner left: waiting, to be tried again, or of unknown outcome."""
        self._sender.claim(owned)
        rows = await unfinished(self._store.database, owned.partition)
        jobs = list(_jobs(owned, rows))
        async with self._store.database.reading() as connection:
            await self._know_flags(connection, {job.request.contact_id for job in jobs})
        self._sender.take(jobs)
        if rows:
            _log.info("notifications.resumed", partition=owned.name, count=len(rows))

    async def lost(self, owned: Ownership) -> None:
        """Drop the partition's messages: they are another worker's now."""
        self._sender.lose(owned)

    async def _know_flags(self, connection: AsyncConnection, contact_ids: Collection[str]) -> None:
        if contact_ids:
            flags = await flags_of(connection, contact_ids, is_sqlite=self._store.database.is_sqlite)
            self._sender.flagged.know(contact_ids, flags)


def _new_job(owned: Ownership, request: NotificationRequested, now: datetime) -> Job:
    due_at = first_try_at(request, now)
    return Job(owned, request, "pending", 0, next_try_at=due_at, due_at=due_at)


def _jobs(owned: Ownership, rows: Iterable[Unfinished]) -> Iterable[Job]:
    for row in rows:
        try:
            request = NotificationRequested.model_validate_json(row.request, extra="ignore")
        except ValidationError as error:
            # Written by a version whose shape this one cannot read: keep the row for the version that can.
            _log.error("notification.unreadable", notification_id=row.notification_id, faults=error.error_count())
            continue
        yield Job(
            owned,
            request,
            row.state,
            row.tries,
            next_try_at=row.next_try_at,
            due_at=row.next_try_at if row.state == "pending" else first_try_at(request, request.received_at),
            provider=row.provider,
            is_late=row.is_late,
            has_turn=row.tries > 0,
        )
