"""SMS through Twilio's Messages resource (https://www.twilio.com/docs/messaging/api/message-resource)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.rest import Client

from services.notifier.channels.base import ChannelError, Handed, Message, OutcomeUnknown
from services.notifier.channels.twilio_sms.errors import error_of
from services.notifier.channels.twilio_sms.transport import CONNECTIONS, TwilioTransport

SERVICE_PREFIX = "MG"
LOOK_UP_LIMIT = 50
"""How many of a number's latest messages are looked through: one page, and more than anybody gets in a case's hour."""

CLOCK_SLACK = timedelta(seconds=5)
"""Twilio's clock and ours may differ, and its dates have whole seconds."""


class TwilioSms:
    """Sends SMS from one number, or through one messaging service (``MG…``)."""

    name = "sms"
    provider = "twilio"
    limit = CONNECTIONS

    def __init__(self, account_sid: str, auth_token: str, sender: str, transport: TwilioTransport) -> None:
        self._transport = transport
        self._messages: Any = Client(account_sid, auth_token, http_client=transport).messages
        kind = "messaging_service_sid" if sender.startswith(SERVICE_PREFIX) else "from_"
        self._sender = {kind: sender}

    async def send(self, message: Message) -> Handed:
        """Hand the message to Twilio. Raises ChannelError by the table in ``errors``."""
        created = await _answered(
            self._messages.create_async(to=message.address, body=message.text, **self._sender), self._transport.timeout
        )
        return Handed(created.sid)

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Look for this text among the number's latest messages.

        The filter on DateSent would hide a message that is still queued (it has no such date yet), so the creation
        date is compared here. The whole text is compared, since the code alone is in every message about the case.
        """
        listed = await _answered(
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


async def _answered(call: Any, seconds: float) -> Any:
    """Await a call of the SDK, a list's several pages included, and turn its errors into ours."""
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise OutcomeUnknown(f"no answer from Twilio within {seconds:g} s") from error
    except (TwilioRestException, TwilioServiceException) as error:
        raise error_of(error.status, error.code) from error
    except ChannelError:
        raise
    except Exception as error:  # an answer the SDK cannot read, such as a proxy's page: anything may have happened
        raise OutcomeUnknown(f"Twilio's answer cannot be read: {type(error).__name__}") from error


def _created(found: Any) -> datetime:
    moment: datetime | None = found.date_created
    return datetime.max.replace(tzinfo=UTC) if moment is None else moment


def _squeezed(text: str) -> str:
    return "".join(text.split())
