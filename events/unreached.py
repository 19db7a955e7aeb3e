"""A message did not reach its person: the machine decides what is tried next, and whom else it tells.

Carried on the topic of the case, like every other fact about it, so that the journal keeps why a person was called on
another channel. One notification gives two such facts at most: that it is late, and how it ended.
"""

from typing import ClassVar, Literal

from pydantic import Field

from events.base import CaseFact, Identifier, Utc
from events.channel import Channel
from events.notification import Lane, Template

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
    reason: str = Field(max_length=300, description="For a person who asks; never an address or a number.")
    level: Identifier
    clock: Identifier
    step: Identifier
    lane: Lane
    template: Template
    deadline: Utc | None = None
    note: str | None = None
    asks_acknowledgement: bool = True
