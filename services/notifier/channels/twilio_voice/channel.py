"""Calls through Twilio's Calls resource (https://www.twilio.com/docs/voice/api/call-resource).

Twilio asks the intake what to say once somebody has answered, and tells it which key was pressed and how the call
ended. Without a public address it is given the words with the order: they are said, and nobody can answer by a key.
"""

from datetime import datetime
from typing import Any

from twilio.rest import Client
from twilio.twiml.voice_response import VoiceResponse

from services.notifier.channels.base import Handed, Message
from services.notifier.channels.twilio_sms.sdk import answered
from services.notifier.channels.twilio_sms.transport import CONNECTIONS, TwilioTransport
from services.runtime.spoken.voices import SAID_TIMES, voice_of
from services.runtime.twilio_paths import voice_path

SHORTEST_RING, LONGEST_RING = 10, 30
"""Seconds a telephone rings: two rings at least, and less than most mailboxes take to answer (20 to 40 s)."""

LONGEST_CALL_SECONDS = 180
"""A call that somebody forgot to hang up ends by itself."""

DETECTION_SECONDS, SILENCE_MILLISECONDS = 5, 2000
"""How long Twilio may wonder whether a machine has answered: a person would hear nothing meanwhile, and hang up."""


class TwilioVoice:
    """Calls from one number. ``public_url`` is where Twilio finds the intake."""

    name = "voice"
    provider = "twilio-voice"
    limit = CONNECTIONS

    def __init__(
        self, account_sid: str, auth_token: str, sender: str, transport: TwilioTransport, public_url: str | None
    ) -> None:
        self._transport = transport
        self._calls: Any = Client(account_sid, auth_token, http_client=transport).calls
        self._sender = sender
        self._public_url = public_url

    async def send(self, message: Message) -> Handed:
        """Order the call. Raises ChannelError by the table in ``services.runtime.twilio_codes``."""
        created = await answered(
            self._calls.create_async(
                to=message.address,
                from_=self._sender,
                timeout=_ring_seconds(message.valid_seconds),
                time_limit=LONGEST_CALL_SECONDS,
                **self._what_to_say(message),
            ),
            self._transport.timeout,
        )
        return Handed(created.sid)

    async def find(self, message: Message, since: datetime) -> None:
        """Find nothing: no call says what it was for, and one taken for another would be silence.

        Whoever was called in vain is called twice; a call that was answered is known by its receipt.
        """
        del message, since

    async def close(self) -> None:
        """Close kept connections."""
        await self._transport.close()

    def _what_to_say(self, message: Message) -> dict[str, Any]:
        if self._public_url is None:
            return {"twiml": _monologue(message)}
        webhook = self._public_url + voice_path(message.notification_id)
        return {
            "url": webhook,
            "status_callback": webhook,
            "machine_detection": "Enable",
            "machine_detection_timeout": DETECTION_SECONDS,
            "machine_detection_silence_timeout": SILENCE_MILLISECONDS,
        }


def _ring_seconds(valid_seconds: int | None) -> int:
    return LONGEST_RING if valid_seconds is None else min(max(valid_seconds, SHORTEST_RING), LONGEST_RING)


def _monologue(message: Message) -> str:
    said = VoiceResponse()
    for _ in range(SAID_TIMES):
        said.say(message.text, language=voice_of(message.language))
        said.pause(length=1)
    return str(said)
