"""What became of a notification (topic ``tocsin.deliveries``, key: notification id).

*Handed over* is not *delivered*, and neither is *acknowledged* (DESIGN §3: five different things).
"""

from typing import ClassVar, Literal

from pydantic import Field

from events.base import Body, Identifier, Utc

DeliveryState = Literal[
    "attempted", "handed-over", "failed-temporary", "failed-permanent", "outcome-unknown", "cancelled"
]


class DeliveryRecorded(Body):
    """One step in the life of a notification."""

    TYPE: ClassVar[str] = "edu.tocsin.delivery.*.v1"

    notification_id: Identifier
    case_id: Identifier
    contact_id: Identifier
    channel: Literal["sms", "email"]
    state: DeliveryState
    try_number: int = Field(ge=1, description="1 for the first try of this notification.")
    provider: Identifier = Field(description="Who was asked to carry it; `none` for one that was cancelled.")
    provider_id: str | None = Field(default=None, description="The provider's own id of the message.")
    reason: str | None = Field(default=None, description="Provider code and text; never an address or a number.")
    at: Utc


def delivery_type(state: DeliveryState) -> str:
    """Return the CloudEvents type of a delivery state."""
    return f"edu.tocsin.delivery.{state}.v1"
