"""The calls the fake provider was ordered to make, and the Call resource it shows for them.

Nothing rings by itself: a test says who picks up, presses what, and how the call ends (`webhooks`).
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.arrivals import Arrivals, Stamp, stamp
from tests.support.fake_twilio.messages import API, rfc2822


@dataclass
class Call:
    """One ordered call. ``answered`` is the HTTP status its sender saw."""

    sid: str
    account_sid: str
    to: str
    sender: str
    url: str | None
    twiml: str | None
    status_callback: str | None
    timeout: int
    machine_detection: str | None
    arrived: Stamp
    answered: int
    status: str = "queued"
    answered_by: str | None = None

    @property
    def uri(self) -> str:
        """Return the path of the resource."""
        return f"{API}/{self.account_sid}/Calls/{self.sid}.json"

    def resource(self) -> dict[str, Any]:
        """Return the Call resource as the API shows it now."""
        unset = (
            *("parent_call_sid", "start_time", "end_time", "duration", "price", "forwarded_from", "group_sid"),
            *("caller_name", "trunk_sid", "phone_number_sid"),
        )
        return {
            **dict.fromkeys(unset),
            "account_sid": self.account_sid,
            "answered_by": self.answered_by,
            "api_version": "2010-04-01",
            "date_created": rfc2822(self.arrived.at),
            "date_updated": rfc2822(self.arrived.at),
            "direction": "outbound-api",
            "from": self.sender,
            "from_formatted": self.sender,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {},
            "to": self.to,
            "to_formatted": self.to,
            "uri": self.uri,
        }

    def as_json(self) -> dict[str, Any]:
        """Return the call as a line of the log."""
        return {"sid": self.sid, "to": self.to, "from": self.sender, "url": self.url, **self.arrived.as_json()}


class CallBook(Arrivals[Call]):
    """Every call ordered, oldest first."""

    def __init__(self, account_sid: str, log: Path | None = None) -> None:
        super().__init__(log)
        self._account_sid = account_sid

    def take(self, form: dict[str, str], *, answered: int) -> dict[str, Any]:
        """Keep a call and return the resource its sender is shown."""
        call = Call(
            sid="CA" + secrets.token_hex(16),
            account_sid=self._account_sid,
            to=form["To"],
            sender=form["From"],
            url=form.get("Url"),
            twiml=form.get("Twiml"),
            status_callback=form.get("StatusCallback"),
            timeout=int(form.get("Timeout", 60)),
            machine_detection=form.get("MachineDetection"),
            arrived=stamp(),
            answered=answered,
        )
        shown = call.resource()
        self.add(call)
        return shown

    def get(self, sid: str) -> Call | None:
        """Return the call with this sid."""
        return self.first(lambda call: call.sid == sid)
