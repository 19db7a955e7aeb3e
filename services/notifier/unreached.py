"""The record that a message did not reach its person, on its case's topic: the machine decides who is tried."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from events.codec import encode
from events.notification import NotificationRequested
from events.topics import TopicName
from events.unreached import Cause, case_family, unreached_by, unreached_id
from services.notifier.deliveries import SOURCE
from services.runtime.outbox_rows import Outgoing

TOPICS: Mapping[Literal["incident", "petition"], TopicName] = MappingProxyType(
    {"incident": "incidents", "petition": "petitions"}
)
"""Where the facts about a case go, by its family."""


def unreached_fact(
    topic: Callable[[str], str], request: NotificationRequested, cause: Cause, reason: str, at: datetime
) -> Outgoing:
    """Return the record of the fact. ``topic`` gives a topic's full name."""
    body = unreached_by(request, cause, reason, at)
    record = encode(
        body,
        event_id=unreached_id(request.notification_id, cause),
        key=request.case_id,
        source=SOURCE,
        time=at,
        event_type=body.TYPE,
    )
    return Outgoing(topic(TOPICS[case_family(request)]), record)
