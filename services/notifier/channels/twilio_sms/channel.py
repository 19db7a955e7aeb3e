"""SMS through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from twilio.rest import Client

from services.notifier.channels.base import Handed, Message
from services.notifier.channels.twilio_sms.sdk import answered
from services.notifier.channels.twilio_sms.transport import CONNECTIONS, TwilioTransport
from services.runtime.twilio_paths import status_path

SERVICE_PREFIX = "MG"
LOOK_UP_LIMIT = 50
"""How many of a number's latest messages are looked through: one page, and more than anybody gets in a case's hour."""

CLOCK_SLACK = timedelta(seconds=5)
"""Twilio's clock and ours may differ, and its dates have whole seconds."""

LONGEST_VALIDITY = 36_000
"""Seconds: Twilio takes 1 to 36000 (ValidityPeriod of the Message resource)."""


class TwilioSms:
    """Sends SMS from one number, or through one messaging service (``MG…``).

    ``public_url`` is where Twilio finds the intake, to tell what becomes of a message; None: it tells nothing.
    """

    name = "sms"
    provider = "twilio"
    limit = CONNECTIONS

    def __init__(
        self, account_sid: str, auth_token: str, sender: str, transport: TwilioTransport, public_url: str | None = None
    ) -> None:
        self._transport = transport
        self._messages: Any = Client(account_sid, auth_token, http_client=transport).messages
        kind = "messaging_service_sid" if sender.startswith(SERVICE_PREFIX) else "from_"
        self._sender = {kind: sender}
        self._public_url = public_url

    async def send(self, message: Message) -> Handed:
        """Hand the message to Twilio. Raises ChannelError by the table in ``services.runtime.twilio_codes``."""
        options: dict[str, Any] = dict(self._sender)
        if self._public_url is not None:
            options["status_callback"] = self._public_url + status_path(message.notification_id)
        if message.valid_seconds is not None:
            options["validity_period"] = min(message.valid_seconds, LONGEST_VALIDITY)
        created = await answered(
            self._messages.create_async(to=message.address, body=message.text, **options), self._transport.timeout
        )
        return Handed(created.sid)

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Look for this text among the number's latest messages.

        The filter on DateSent would hide a message that is still queued (it has no such date yet), so the creation
        date is compared here. The whole text is compared, since the code alone is in every message about the case.
        """
        listed = await answered(
            self._messages.list_async(to=message.address, limit=LOOK_UP_LIMIT, page_size=LOOK_UP_LIMIT),
            self._transport.timeout,
        )
        earliest = since - CLOCK_SLACK
        wanted = _squeezed(message.text)
        for found in listed:
            if _created(found) >= earliest and wanted in _squeezed(found.body or ""):
                return Handed(found.sid)
        return None

    async def close(self) -> None:
        """Close kept connections."""
        await self._transport.close()


def _created(found: Any) -> datetime:
    moment: datetime | None = found.date_created
    return datetime.max.replace(tzinfo=UTC) if moment is None else moment


def _squeezed(text: str) -> str:
    return "".join(text.split())
