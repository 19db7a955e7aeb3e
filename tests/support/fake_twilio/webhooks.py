"""What Twilio asks and tells on its own: receipts, replies and the course of a call, signed, as real requests.

A test says what happens and in which order; ``forged`` signs with another account's token, ``unsigned`` not at all::

    await twilio.webhooks.report(message, "undelivered", error_code=30003)
    script = await twilio.webhooks.pick_up(call)
    script = await twilio.webhooks.press(call, "1", script)
    await twilio.webhooks.end(call, "completed")

Source: https://www.twilio.com/docs/usage/webhooks.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
from twilio.request_validator import RequestValidator

from tests.support.fake_twilio.calls import Call
from tests.support.fake_twilio.messages import Message
from tests.support.fake_twilio.twiml import Script, read_twiml

if TYPE_CHECKING:
    from tests.support.fake_twilio.api import Account

VERSION = {"ApiVersion": "2010-04-01"}


def _over_the_network() -> httpx.AsyncClient:
    return httpx.AsyncClient(timeout=15)


@dataclass
class Webhooks:
    """Makes requests in the account's name. ``client`` makes what they go through."""

    account: "Account"
    client: Callable[[], httpx.AsyncClient] = _over_the_network
    answers: list[httpx.Response] = field(default_factory=list)

    async def report(
        self,
        message: Message,
        status: str,
        *,
        error_code: int | None = None,
        url: str | None = None,
        forged: bool = False,
    ) -> httpx.Response:
        """Tell what became of a message, where its sender wants to hear it."""
        address = url or message.status_callback
        assert address is not None, "the message was sent without a status callback"
        return await self.post(address, self.receipt(message, status, error_code), forged=forged)

    def receipt(self, message: Message, status: str, error_code: int | None = None) -> dict[str, str]:
        """Return the form that tells what became of a message."""
        return {
            **VERSION,
            "AccountSid": self.account.sid,
            "From": message.sender or "",
            "To": message.to,
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            **({"ErrorCode": str(error_code)} if error_code is not None else {}),
        }

    async def reply(
        self, url: str, sender: str, body: str, *, sid: str | None = None, forged: bool = False, **more: str
    ) -> Script:
        """Bring an SMS from a person; return what is sent back to them."""
        message_sid = sid or "SM" + secrets.token_hex(16)
        form = {
            **VERSION,
            "AccountSid": self.account.sid,
            "MessageSid": message_sid,
            "SmsSid": message_sid,
            "SmsMessageSid": message_sid,
            "From": sender,
            "To": "+12025550100",
            "Body": body,
            "NumMedia": "0",
            "NumSegments": "1",
            "SmsStatus": "received",
            **more,
        }
        return _script(await self.post(url, form, forged=forged))

    async def pick_up(self, call: Call, answered_by: str | None = "human") -> Script:
        """Let somebody, or something, pick up; return what they are told."""
        if call.twiml is not None:
            return read_twiml(call.twiml)
        assert call.url is not None
        call.status, call.answered_by = "in-progress", answered_by
        return _script(await self.post(call.url, self._of_call(call)))

    async def press(self, call: Call, key: str, script: Script) -> Script:
        """Press a key where the script asks for one; return what is said then."""
        assert script.keys_go_to is not None, "no key was asked for"
        return _script(await self.post(script.keys_go_to, {**self._of_call(call), "Digits": key}))

    async def end(self, call: Call, status: str, **more: str) -> httpx.Response:
        """End the call, and tell how."""
        assert call.status_callback is not None
        call.status = status
        form = {**self._of_call(call), "CallDuration": "20", "SequenceNumber": "0", **more}
        return await self.post(call.status_callback, form)

    async def post(self, url: str, form: dict[str, str], *, forged: bool = False) -> httpx.Response:
        """Post a form, signed as Twilio signs, or with a token that is not the account's."""
        async with self.client() as client:
            answer = await client.post(url, data=form, headers=self.signature(url, form, forged=forged))
        self.answers.append(answer)
        return answer

    def signature(self, url: str, form: dict[str, str], *, forged: bool = False) -> dict[str, str]:
        """Return the header that Twilio sends with a form to an address."""
        token = "not-the-token" if forged else self.account.token
        return {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}

    def _of_call(self, call: Call) -> dict[str, str]:
        return {
            **VERSION,
            "AccountSid": self.account.sid,
            "CallSid": call.sid,
            "CallStatus": call.status,
            "Direction": "outbound-api",
            "From": call.sender,
            "To": call.to,
            **({"AnsweredBy": call.answered_by} if call.machine_detection and call.answered_by else {}),
        }


def _script(answer: httpx.Response) -> Script:
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.headers["content-type"].startswith("text/xml"), answer.headers
    return read_twiml(answer.text)
