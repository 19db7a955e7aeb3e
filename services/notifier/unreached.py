"""The fact that a message did not reach its person, on the topic of its case: the machine decides who is tried next.

One notification gives one such fact while it is still being tried (``late``) and one when that has ended, whatever dies
in between: both ids are derived. Bulk gives none, for nobody is replaced there.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from events.codec import encode
from events.ids import derived
from events.notification import NotificationRequested
from events.topics import TopicName
from events.unreached import Cause, ContactUnreached
from services.notifier.channels.base import REASON_LIMIT
from services.notifier.deliveries import SOURCE
from services.runtime.outbox_rows import Outgoing

TOPICS: Mapping[Literal["incident", "petition"], TopicName] = MappingProxyType(
    {"incident": "incidents", "petition": "petitions"}
)
"""Where the facts about a case go, by its family."""


def is_told_of(request: NotificationRequested) -> bool:
    """Return whether somebody must hear of it when this message does not arrive."""
    return request.lane != "bulk"


def unreached_fact(
    topic: Callable[[str], str], request: NotificationRequested, cause: Cause, reason: str, at: datetime
) -> Outgoing:
    """Return the record of the fact. ``topic`` gives a topic's full name; ``reason`` is cut to 300 characters."""
    body = ContactUnreached(
        case_id=request.case_id,
        received_at=at,
        notification_id=request.notification_id,
        person_id=request.person_id,
        contact_id=request.contact_id,
        channel=request.channel,
        cause=cause,
        reason=reason[:REASON_LIMIT],
        level=request.level,
        clock=request.clock,
        step=request.step,
        lane=request.lane,
        template=request.template,
        deadline=request.deadline,
        note=request.note,
        asks_acknowledgement=request.asks_acknowledgement,
    )
    record = encode(
        body,
        event_id=derived("unreached", request.notification_id, "late" if cause == "late" else "final"),
        key=request.case_id,
        source=SOURCE,
        time=at,
        event_type=body.TYPE,
    )
    return Outgoing(topic(TOPICS[request.family]), record)
