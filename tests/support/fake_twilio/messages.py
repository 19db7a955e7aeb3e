"""The messages the fake provider took, and the Message and list resources it shows for them.

The fake "sends" at once: the answer to a create says `queued` without a date, as the real one's usually does, and any
later read says `sent` with a date, until a test reports another status.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from tests.support.arrivals import Arrivals, Stamp, stamp
from tests.support.fake_twilio.segments import segment_count

API = "/2010-04-01/Accounts"


@dataclass
class Message:
    """One accepted message; `answered` is the HTTP status its sender saw (500: taken, but the sender can't know)."""

    sid: str
    account_sid: str
    to: str
    sender: str | None
    body: str
    messaging_service_sid: str | None
    status_callback: str | None
    arrived: Stamp
    answered: int
    status: str = "queued"
    sent_at: datetime | None = None
    error_code: int | None = None
    error_message: str | None = None
    validity_period: int | None = None

    @property
    def uri(self) -> str:
        """Return the path of the resource."""
        return f"{API}/{self.account_sid}/Messages/{self.sid}.json"

    def resource(self) -> dict[str, Any]:
        """Return the Message resource as the API shows it now."""
        return {
            "account_sid": self.account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(self.arrived.at),
            "date_sent": rfc2822(self.sent_at),
            "date_updated": rfc2822(self.sent_at or self.arrived.at),
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": self.error_message,
            "from": self.sender,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": "0",
            "num_segments": str(segment_count(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": self.uri.removesuffix(".json") + "/Media.json"},
            "to": self.to,
            "uri": self.uri,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the message as a line of the log."""
        return {
            "sid": self.sid,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "status_callback": self.status_callback,
            "answered": self.answered,
            **self.arrived.as_json(),
        }


def rfc2822(moment: datetime | None) -> str | None:
    """Return the moment as Twilio writes it ("Thu, 24 Aug 2023 05:01:45 +0000")."""
    return None if moment is None else format_datetime(moment)


class MessageBook(Arrivals[Message]):
    """Every message taken, oldest first."""

    def __init__(self, account_sid: str, log: Path | None = None) -> None:
        super().__init__(log)
        self._account_sid = account_sid
        self._by_sid: dict[str, Message] = {}

    def take(self, form: dict[str, str], *, answered: int) -> dict[str, Any]:
        """Keep a message and return the resource its sender is shown."""
        message = Message(
            sid="SM" + secrets.token_hex(16),
            account_sid=self._account_sid,
            to=form["To"],
            sender=form.get("From"),
            body=form.get("Body", ""),
            messaging_service_sid=form.get("MessagingServiceSid"),
            status_callback=form.get("StatusCallback"),
            arrived=stamp(),
            answered=answered,
            validity_period=int(form["ValidityPeriod"]) if "ValidityPeriod" in form else None,
        )
        shown = message.resource()
        message.status, message.sent_at = "sent", message.arrived.at
        self._by_sid[message.sid] = message
        self.add(message)
        return shown

    def get(self, sid: str) -> Message | None:
        """Return the message with this sid."""
        return self._by_sid.get(sid)

    def report(self, sid: str, status: str, *, error_code: int | None = None, error_message: str | None = None) -> None:
        """Change what later reads say of a message, as a carrier's report would. Raises KeyError for an unknown sid."""
        message = self._by_sid[sid]
        message.status, message.error_code, message.error_message = status, error_code, error_message
