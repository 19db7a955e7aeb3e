"""The record on ``tocsin.deliveries`` that tells of one step of a notification."""

from events.codec import encode
from events.delivery import DeliveryRecorded, delivery_type
from events.ids import derived
from events.notification import NotificationCancelled, NotificationRequested
from services.notifier.rows import Step
from services.runtime.outbox_rows import Outgoing

SOURCE = "/tocsin/notifier"


def delivery_record(topic: str, request: NotificationRequested | NotificationCancelled, step: Step) -> Outgoing:
    """Return the record of a step. Its id is derived, so a step written twice is the same event."""
    try_number = max(step.tries, 1)
    body = DeliveryRecorded(
        notification_id=request.notification_id,
        case_id=request.case_id,
        contact_id=request.contact_id,
        channel=request.channel,
        state=step.state,
        try_number=try_number,
        provider=step.provider,
        provider_id=step.provider_id,
        reason=step.reason,
        at=step.at,
    )
    record = encode(
        body,
        event_id=derived("delivery", request.notification_id, step.state, str(try_number)),
        key=request.notification_id,
        source=SOURCE,
        time=step.at,
        event_type=delivery_type(step.state),
    )
    return Outgoing(topic, record)
