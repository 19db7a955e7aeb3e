"""A message did not reach its person: the machine decides what is tried next, and whom else it tells.

Carried on the topic of the case, like every other fact about it, so that the journal keeps why a person was called on
another channel. One notification gives one such fact while it is still being tried (``late``) and one when that has
ended, whatever dies in between: both ids are derived. Bulk gives none, for nobody is replaced there.
"""

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from events.base import CaseFact, Identifier, Utc
from events.channel import Channel
from events.ids import EventId, derived
from events.notification import Lane, NotificationRequested, Template

REASON_LIMIT = 300
"""Longest reason, in characters: enough for a code and a sentence."""

Cause = Literal["late", "failed", "undelivered", "dead-contact"]
"""``late``: not with a provider in time, and still being tried. The others are final."""


class ContactUnreached(CaseFact):
    """One contact of one person was not reached by one notification, and what that notification was to say."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.contact-unreached.v1"

    notification_id: Identifier
    person_id: Identifier
    contact_id: Identifier
    channel: Channel
    cause: Cause
    reason: str = Field(max_length=REASON_LIMIT, description="For a person who asks; never an address or a number.")
    level: Identifier
    clock: Identifier
    step: Identifier
    lane: Lane
    template: Template
    deadline: Utc | None = None
    note: str | None = None
    asks_acknowledgement: bool = True


def is_told_of(request: NotificationRequested) -> bool:
    """Return whether a case must hear of it when this message does not arrive. A roll call has its own next steps."""
    return request.lane != "bulk" and request.family != "roll-call"


def case_family(request: NotificationRequested) -> Literal["incident", "petition"]:
    """Return the family of the case that a message is about.

    Raises:
        ValueError: it is about none; ask ``is_told_of`` before.
    """
    if request.family == "roll-call":
        raise ValueError("a message about a roll call is about no case")
    return request.family


def unreached_by(request: NotificationRequested, cause: Cause, reason: str, at: datetime) -> ContactUnreached:
    """Return the fact that a message did not reach its contact; ``reason`` is cut to what a fact takes."""
    return ContactUnreached(
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


def unreached_id(notification_id: str, cause: Cause) -> EventId:
    """Return the id of that fact: one while the message is tried, one for its end, whoever tells of it."""
    return EventId(derived("unreached", notification_id, "late" if cause == "late" else "final"))
