"""A template SMS gateway over real HTTP that keeps what it is sent, and misbehaves on command.

It checks what a gateway checks, by code of its own: signature, clock, a nonce used once, the sign name, the template's
parameters and their length. `violations` lists what was wrong; a test ends by asserting that there is nothing.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.notifier.channels.sms_gateway.channel import SmsGateway
from services.runtime.sms_gateway.gateway_file import Gateway
from services.runtime.sms_gateway.signature import Credentials
from tests.support.arrivals import Arrivals
from tests.support.http_server import HttpServer

ACCESS_KEY, SECRET, SIGN_NAME = "AK-TEST", "gateway-secret", "示例县教育局"
LIMIT = 35
TIMEOUT = 0.5
ALERT = {"id": "SMS_1", "parameters": ["kind", "school", "deadline", "code"]}


@dataclass(frozen=True)
class Taken:
    """A message that the gateway has."""

    message_id: str
    number: str
    template_id: str
    parameters: Any
    out_id: str
    callback_url: str | None

    def as_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


@dataclass
class Order:
    """What the next request is answered with; `takes`: all the same, it is taken."""

    status: int
    code: str | None = None
    takes: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    page: bool = False


class FakeGateway(HttpServer):
    """Takes messages at /v1/messages, and tells of them at /v1/messages/query."""

    def __init__(self) -> None:
        routes = [
            Route("/v1/messages", self._send, methods=["POST"]),
            Route("/v1/messages/query", self._query, methods=["POST"]),
        ]
        super().__init__(Starlette(routes=routes))
        self.taken: Arrivals[Taken] = Arrivals()
        self.violations: list[str] = []
        self.questions = 0
        self._orders: deque[Order] = deque()
        self._refused: dict[str, str] = {}
        self._nonces: set[str] = set()
        self._ids = itertools.count(900_001)
        self._flowing = asyncio.Event()
        self._flowing.set()

    def answer_next(self, *orders: Order) -> None:
        """Answer the next requests so, one each."""
        self._orders.extend(orders)

    def refuse_number(self, number: str, code: str) -> None:
        """Answer each message to this number (as the gateway has it) with a code."""
        self._refused[number] = code

    def hang(self) -> None:
        self._flowing.clear()

    async def _send(self, request: Request) -> Response:
        body, ordered = await self._read(request), self._orders.popleft() if self._orders else None
        await self._flowing.wait()
        if ordered is not None and not ordered.takes:
            return self._answer(ordered)
        refused = self._refused.get(body["phone_number"]) or self._fault(body)
        if refused is not None:
            return JSONResponse({"code": refused, "message": f"refused {body['phone_number']}"})
        one = Taken(
            message_id=str(next(self._ids)),
            number=body["phone_number"],
            template_id=body["template_id"],
            parameters=body["template_params"],
            out_id=body["out_id"],
            callback_url=body.get("callback_url"),
        )
        self.taken.add(one)
        if ordered is not None:
            return self._answer(ordered)
        return JSONResponse({"code": "OK", "message": "OK", "message_id": one.message_id})

    async def _query(self, request: Request) -> Response:
        self.questions += 1
        body = await self._read(request)
        if self._orders:
            return self._answer(self._orders.popleft())
        found = [{"out_id": one.out_id, "message_id": one.message_id} for one in self.taken]
        return JSONResponse({"code": "OK", "messages": [one for one in found if one["out_id"] == body["out_id"]]})

    async def _read(self, request: Request) -> dict[str, Any]:
        raw = await request.body()
        self._check(request, raw)
        found: dict[str, Any] = json.loads(raw)
        return found

    def _check(self, request: Request, raw: bytes) -> None:
        given = request.headers
        nonce, timestamp = given.get("x-nonce", ""), given.get("x-timestamp", "0")
        if given.get("x-signature") != signature(request.url.path, raw, timestamp, nonce):
            self.violations.append(f"{request.url.path}: wrong signature")
        if given.get("x-access-key") != ACCESS_KEY:
            self.violations.append("wrong access key")
        if nonce in self._nonces or len(nonce) < 16:
            self.violations.append("a nonce was used twice, or is none")
        self._nonces.add(nonce)
        if abs(int(timestamp) - time.time()) > 300:
            self.violations.append("the clock is wrong")

    def _fault(self, body: Mapping[str, Any]) -> str | None:
        if body["sign_name"] != SIGN_NAME:
            return "isv.SMS_SIGNATURE_ILLEGAL"
        params = body["template_params"]
        values: Sequence[str] = list(params.values()) if isinstance(params, dict) else params
        if not all(isinstance(value, str) and value for value in values):
            return "isv.TEMPLATE_MISSING_PARAMETERS"
        return "isv.PARAM_LENGTH_LIMIT" if any(len(value) > LIMIT for value in values) else None

    def _answer(self, ordered: Order) -> Response:
        headers = dict(ordered.headers)
        if ordered.page:
            return Response("<html>proxy</html>", ordered.status, headers, "text/html")
        content = {} if ordered.code is None else {"code": ordered.code, "message": "as ordered"}
        return JSONResponse(content, ordered.status, headers)


def sms_to(server: FakeGateway, *, public_url: str | None = None, **changes: Any) -> SmsGateway:
    """Return the channel to this gateway, with one template for every message but drills."""
    described = {
        "send_url": f"{server.url}/v1/messages",
        "query_url": f"{server.url}/v1/messages/query",
        "sign_name": SIGN_NAME,
        "parameter_limit": LIMIT,
        "templates": [ALERT],
        **changes,
    }
    nonces = (f"nonce-number-{number:08d}" for number in itertools.count())
    credentials = Credentials(ACCESS_KEY, SECRET)
    return SmsGateway(Gateway.model_validate(described), credentials, TIMEOUT, lambda: next(nonces), public_url)


def signature(path: str, raw: bytes, timestamp: str, nonce: str, secret: str = SECRET) -> str:
    """Sign as the gateway's manual says (docs/sms-gateway.md), without any code of ours."""
    signed = "\n".join(["POST", path, ACCESS_KEY, timestamp, nonce, hashlib.sha256(raw).hexdigest()])
    return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def callback(path: str, told: Any, *, secret: str = SECRET, seconds_off: int = 0) -> tuple[bytes, dict[str, str]]:
    """Return the body and headers with which the gateway tells what became of messages; its clock is `seconds_off`."""
    raw, timestamp = json.dumps(told).encode(), str(int(time.time()) + seconds_off)
    return raw, {
        "Content-Type": "application/json",
        "X-Access-Key": ACCESS_KEY,
        "X-Timestamp": timestamp,
        "X-Nonce": "n" * 16,
        "X-Signature": signature(path, raw, timestamp, "n" * 16, secret),
    }
