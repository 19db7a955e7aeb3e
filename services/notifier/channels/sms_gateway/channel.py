"""SMS through a gateway that takes an approved template's id and its parameters (docs/sms-gateway.md)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.request import getproxies, proxy_bypass

import orjson
from yarl import URL

from events.envelope import JSON_TYPE
from services.notifier.channels.base import Handed, Message, Refused
from services.notifier.channels.http_road import CONNECTIONS, Answer, HttpRoad
from services.notifier.channels.retry_after import retry_after
from services.notifier.channels.sms_gateway.errors import error_of, is_taken
from services.notifier.channels.sms_gateway.filling import fill
from services.runtime.clock import wall_now
from services.runtime.sms_gateway.gateway_file import Gateway
from services.runtime.sms_gateway.paths import PROVIDER, STATUS
from services.runtime.sms_gateway.signature import Credentials


class SmsGateway:
    """Sends through one gateway. ``public_url`` is where it finds the intake, to tell what becomes of a message.

    ``new_nonce`` draws a number used once; ``now`` is real time, which the gateway compares with its own.
    """

    name = "sms"
    provider = PROVIDER
    limit = CONNECTIONS

    def __init__(
        self,
        gateway: Gateway,
        credentials: Credentials,
        timeout_seconds: float,
        new_nonce: Callable[[], str],
        public_url: str | None = None,
        now: Callable[[], datetime] = wall_now,
    ) -> None:
        self._gateway = gateway
        self._codes = gateway.codes
        self._credentials = credentials
        self._new_nonce = new_nonce
        self._public_url = public_url
        self._now = now
        self._road = HttpRoad("the SMS gateway", timeout_seconds, proxy_for=_proxy_for)

    async def send(self, message: Message) -> Handed:
        """Hand the message over. Raises ChannelError by the table of codes, or when it cannot be said or sent there."""
        number = self._gateway.local(message.address)
        if number is None:
            raise Refused(f"the SMS gateway serves numbers of {self._gateway.serves} alone")
        filled = fill(self._gateway, message)
        body: dict[str, Any] = {
            "phone_number": number,
            "sign_name": self._gateway.sign_name,
            "template_id": filled.template_id,
            "template_params": filled.parameters,
            "out_id": message.notification_id,
        }
        if self._public_url is not None:
            body["callback_url"] = self._public_url + STATUS
        answered = await self._ask(self._gateway.send_url, body)
        return Handed(_text(answered.get("message_id")))

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Ask for the message by our own id of it, which needs no time; None: the gateway cannot be asked, or has none.

        Raises ChannelError: the question got no answer.
        """
        del since
        if self._gateway.query_url is None:
            return None
        answered = await self._ask(self._gateway.query_url, {"out_id": message.notification_id})
        found = answered.get("messages")
        for one in found if isinstance(found, list) else []:
            if isinstance(one, dict) and one.get("out_id") == message.notification_id:
                return Handed(_text(one.get("message_id")))
        return None

    async def close(self) -> None:
        """Close kept connections."""
        await self._road.close()

    async def _ask(self, address: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """Post a signed question; return the answer to it. Raises ChannelError by the table of codes."""
        url, body, now = URL(address), orjson.dumps(content), self._now()
        signed = self._credentials.headers(url.raw_path, body, int(now.timestamp()), self._new_nonce())
        answer = await self._road.post(url, body, {"Content-Type": JSON_TYPE, **signed}, read=True)
        answered = _object(answer)
        code = _text(answered.get("code"))
        if not is_taken(self._codes, answer.status, code):
            raise error_of(self._codes, answer.status, code, retry_after(answer.headers.get("Retry-After"), now))
        return answered


def _object(answer: Answer) -> Mapping[str, Any]:
    """Return the JSON object of an answer; what is none says nothing, such as a proxy's page."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    """Return a code or an id as text: some gateways write them as numbers."""
    return str(value)[:200] if isinstance(value, str | int) and not isinstance(value, bool) else None


def _proxy_for(url: URL) -> str | None:
    """Return the proxy that the machine's environment means for the gateway."""
    return None if url.host is None or proxy_bypass(url.host) else getproxies().get(url.scheme)
