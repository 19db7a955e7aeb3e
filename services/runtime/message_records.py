"""Requests for messages, and their cancellations, as each service that asks for them publishes them."""

from events.codec import Encoded, encode
from events.ids import fact_event_id
from events.notification import NotificationCancelled, NotificationRequested


def request_record(request: NotificationRequested, code: str | None, source: str) -> Encoded:
    """Return a request for a message as it is published, with its recipient's own code where it asks for an answer."""
    coded = request.model_copy(update={"code": code}) if request.asks_acknowledgement else request
    return encode(
        coded,
        event_id=request.notification_id,
        key=request.contact_id,
        source=source,
        time=request.received_at,
        event_type=request.TYPE,
    )


def cancellation_record(cancelled: NotificationCancelled, source: str) -> Encoded:
    """Return a cancellation, which has its request's key: it comes after it."""
    return encode(
        cancelled,
        event_id=fact_event_id(cancelled.case_id, "cancelled", cancelled.notification_id),
        key=cancelled.contact_id,
        source=source,
        time=cancelled.received_at,
        event_type=cancelled.TYPE,
    )
