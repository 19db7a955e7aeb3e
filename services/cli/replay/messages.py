"""What the bus says of messages: which were requested, with which code, and what became of each.

A message that was handed over must not go out again because a database was lost; one that nobody took up must.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from events.codec import decode
from events.delivery import RECEIPTS, DeliveryRecorded
from events.errors import EventError
from events.notification import NotificationCancelled, NotificationRequested
from services.cli.replay.past import Past
from services.notifier.rows import UNFINISHED, Step, insert_new, write_steps
from services.runtime.home import home_partition
from services.runtime.ownership import Ownership
from services.runtime.roll_call_codes import case_of_code
from services.runtime.store import UnitOfWork

TOO_OLD = timedelta(hours=24)
"""A message that was due longer ago and left no trace is not sent any more: what it says has long been overtaken."""

PAGE = 500
"""Messages written at a time: a statement has only so many parameters."""

_WHY_NOT = "due more than 24 h before this database was rebuilt, and no record says what became of it: not sent"


@dataclass
class Messages:
    """Requests by notification id, which were cancelled, the last thing recorded of each, and which were tried."""

    requested: dict[str, NotificationRequested] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    became: dict[str, DeliveryRecorded] = field(default_factory=dict)
    tried: set[str] = field(default_factory=set)

    async def read(self, past: Past) -> None:
        """Read ``tocsin.notifications`` and ``tocsin.deliveries``. What cannot be read is nothing of ours."""
        async for record in past.records("notifications"):
            body = _body(record.headers, record.value)
            if isinstance(body, NotificationRequested):
                self.requested[body.notification_id] = body
            elif isinstance(body, NotificationCancelled):
                self.cancelled.add(body.notification_id)
        async for record in past.records("deliveries"):
            body = _body(record.headers, record.value)
            if isinstance(body, DeliveryRecorded) and body.state == "attempted":
                self.tried.add(body.notification_id)
            if isinstance(body, DeliveryRecorded) and not _is_behind(body, self.became.get(body.notification_id)):
                self.became[body.notification_id] = body

    @property
    def codes(self) -> dict[tuple[str, str], str]:
        """Return the code that each (case, person) was sent, or (roll calls of a month, person): it stays good."""
        return {(case_of_code(r), r.person_id): r.code for r in self.requested.values() if r.code is not None}

    def step_of(self, request: NotificationRequested, now: datetime) -> Step | None:
        """Return how far a message has come; None when it has still to be sent."""
        found = self.became.get(request.notification_id)
        if found is None:
            if not _is_too_old(request, now):
                return None
            return Step(request.notification_id, "failed-permanent", 0, None, "replay", None, _WHY_NOT, now)
        return Step(
            notification_id=request.notification_id,
            state=found.state,
            tries=found.try_number if found.notification_id in self.tried else 0,
            next_try_at=now if found.state in UNFINISHED else None,
            provider=found.provider,
            provider_id=found.provider_id,
            reason=found.reason,
            at=found.at,
        )


async def keep_messages(
    unit: UnitOfWork, messages: Messages, requests: Iterable[NotificationRequested], now: datetime
) -> list[Step]:
    """Write the row of each message that has not to be sent from its request; return how far each has come."""
    found = [(request, messages.step_of(request, now)) for request in requests]
    kept = [(request, step) for request, step in found if step is not None]
    for start in range(0, len(kept), PAGE):
        page = kept[start : start + PAGE]
        await insert_new(unit, [(_claim(request), request) for request, _ in page], now)
        await write_steps(unit, [step for _, step in page])
    return [step for _, step in kept]


def _claim(request: NotificationRequested) -> Ownership:
    """Return the partition that a request has on the bus, where it is keyed by its contact."""
    return Ownership(f"notifier/{home_partition(request.contact_id)}", 0)


def _is_behind(body: DeliveryRecorded, known: DeliveryRecorded | None) -> bool:
    """Return whether a receipt that was recorded before says more: they come in any order."""
    return known is not None and RECEIPTS.get(known.state, 0) > max(RECEIPTS.get(body.state, 0), 1)


def _is_too_old(request: NotificationRequested, now: datetime) -> bool:
    return now - max(request.received_at, request.not_before or request.received_at) > TOO_OLD


def _body(headers: Iterable[tuple[str, bytes]], value: bytes | None) -> object:
    try:
        return decode(headers, value).body
    except EventError:
        return None
