"""The CloudEvent that a webhook gets: one message, in words and in codes (docs/webhooks.md).

Structured mode, because the signature covers the body alone: in binary mode anybody on the way could change the
attributes, which are headers there. Its id is the notification's: a receiver that has it has the message.
"""

import orjson

from events.envelope import JSON_TYPE, SPEC_VERSION
from services.notifier.channels.base import Message

TYPE = "edu.tocsin.message.sent.v1"
SOURCE = "/tocsin/notifier"


def body_of(message: Message) -> bytes:
    """Return the event as JSON (CloudEvents JSON event format 1.0 §3).

    What is in it was made for other people's screens (``rendering``): no summary, and nothing of a petition's content.
    """
    data = {
        "notification_id": message.notification_id,
        "case_id": message.case_id,
        "template": message.template,
        "lane": message.lane,
        "exercise": message.exercise,
        "language": message.language,
        "text": message.text,
        "deadline": None if message.deadline is None else message.deadline.isoformat().replace("+00:00", "Z"),
        "asks_acknowledgement": message.asks_acknowledgement,
        "about": dict(message.about),
        "parameters": dict(message.parameters),
    }
    return orjson.dumps(
        {
            "specversion": SPEC_VERSION,
            "id": message.notification_id,
            "source": SOURCE,
            "type": TYPE,
            "time": message.composed_at.isoformat().replace("+00:00", "Z"),
            "subject": message.case_id,
            "datacontenttype": JSON_TYPE,
            "data": {name: value for name, value in data.items() if value is not None},
        }
    )
