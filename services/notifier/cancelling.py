"""A cancelled message: its row ends as ``cancelled`` with the reason, and a record on ``tocsin.deliveries`` says so.

Only a message that still waits for the end of its quiet hours is cancelled: one that is due is being sent. A request
that comes after its cancellation (the bus lost it, and it is published again) finds its row ended.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, select

from events.notification import NotificationCancelled
from services.notifier.deliveries import delivery_record
from services.notifier.rows import NOBODY, Step, insert_cancelled, write_steps
from services.runtime.ownership import Ownership
from services.runtime.store import UnitOfWork
from services.runtime.tables import notifications

Cancelled = tuple[Ownership, NotificationCancelled]


async def cancel(
    unit: UnitOfWork, cancelled: Sequence[Cancelled], fresh: Collection[str], topic: str, now: datetime
) -> list[Cancelled]:
    """End the rows of messages that are still held; return the cancellations that did so.

    ``fresh``: ids of held messages that this unit of work writes, which no reading sees before it ends.
    """
    by_id = {one.notification_id: (owned, one) for owned, one in cancelled}
    if not by_id:
        return []
    await insert_cancelled(unit, list(by_id.values()), now)
    waiting = and_(notifications.c.state == "pending", notifications.c.next_try_at > now)
    found = await unit.connection.execute(
        select(notifications.c.notification_id).where(notifications.c.notification_id.in_(by_id), waiting)
    )
    held = {*found.scalars(), *fresh}
    ended = [pair for notification_id, pair in by_id.items() if notification_id in held]
    steps = [_step(one, now) for _, one in ended]
    if steps:
        await write_steps(unit, steps)
        await unit.append(
            [(owned.name, delivery_record(topic, one, step)) for (owned, one), step in zip(ended, steps, strict=True)]
        )
    return ended


def _step(one: NotificationCancelled, now: datetime) -> Step:
    return Step(
        notification_id=one.notification_id,
        state="cancelled",
        tries=0,
        next_try_at=None,
        provider=NOBODY,
        provider_id=None,
        reason=one.reason,
        at=now,
    )
