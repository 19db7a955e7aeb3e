"""What became of a notification (topic ``tocsin.deliveries``, key: notification id).

*Handed over* is not *delivered*, and neither is *acknowledged* (DESIGN §3: five different things).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import Field

from events.base import Body, Identifier, Urgency, Utc
from events.channel import Channel

DeliveryState = Literal[
    "attempted",
    "handed-over",
    "delayed",
    "sent",
    "delivered",
    "undelivered",
    "opted-out",
    "failed-temporary",
    "failed-permanent",
    "outcome-unknown",
    "skipped",
    "cancelled",
]
"""``skipped``: not sent, for the reason beside it. ``delayed``: with a mail server that cannot bring it yet.
``undelivered``: taken by the provider, and lost after that."""

RECEIPTS: Mapping[DeliveryState, int] = MappingProxyType(
    {"handed-over": 1, "delayed": 2, "sent": 3, "undelivered": 4, "delivered": 5}
)
"""How far a provider's receipts have brought a message. They come doubled and in any order, and never move it back."""


class DeliveryRecorded(Body):
    """One step in the life of a notification."""

    TYPE: ClassVar[str] = "edu.tocsin.delivery.*.v1"

    notification_id: Identifier
    case_id: Identifier
    contact_id: Identifier
    channel: Channel
    state: DeliveryState
    try_number: int = Field(ge=1, description="1 for the first try of this notification.")
    provider: Identifier = Field(description="Who was asked to carry it; `none` for one that was cancelled.")
    provider_id: str | None = Field(default=None, description="The provider's own id of the message.")
    reason: str | None = Field(default=None, description="Provider code and text; never an address or a number.")
    at: Utc

    @property
    def urgency(self) -> Urgency:
        """Return how soon its record must go out: after the facts that somebody has to act upon."""
        return Urgency.NEXT


def delivery_type(state: DeliveryState) -> str:
    """Return the CloudEvents type of a delivery state."""
    return f"edu.tocsin.delivery.{state}.v1"
