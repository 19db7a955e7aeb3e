"""Where Twilio finds us, below the public address: asked for by the notifier, answered by the intake.

An id in a path is what names the notification: Twilio's own ids are known only once it has answered, and a receipt may
come before that.
"""

from typing import Final
from urllib.parse import quote

STATUS: Final = "/v1/webhooks/twilio/status/{notification_id}"
VOICE: Final = "/v1/webhooks/twilio/voice/{notification_id}"
SMS: Final = "/v1/webhooks/twilio/sms"


def status_path(notification_id: str) -> str:
    """Return where receipts of a message go."""
    return STATUS.format(notification_id=quote(notification_id, safe=""))


def voice_path(notification_id: str) -> str:
    """Return where a call asks what to say, and tells which key was pressed and how it ended."""
    return VOICE.format(notification_id=quote(notification_id, safe=""))
