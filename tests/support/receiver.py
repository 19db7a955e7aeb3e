"""A program that takes webhooks over real HTTP: keeps what it is sent, checks signatures, answers as it is told."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.support.arrivals import Arrivals
from tests.support.http_server import HttpServer


@dataclass(frozen=True)
class Post:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed(self, secret: str) -> bool:
        """Check as the Standard Webhooks specification tells a receiver to, without any code of ours."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = b".".join([
            self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body
        ])  # fmt: skip
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        given = [each.split(",", 1) for each in self.headers["webhook-signature"].split(" ")]
        return any(version == "v1" and hmac.compare_digest(value, expected) for version, value in given)

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "headers": dict(self.headers), "body": self.body.decode()}


class Receiver(HttpServer):
    """Answers 204, or as `answer_next` says; `hang` leaves requests without an answer."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(Starlette(routes=[Route("/{path:path}", self._take, methods=["POST", "GET"])]), tls)
        self.posts: Arrivals[Post] = Arrivals()
        self._answers: deque[tuple[int, dict[str, str]]] = deque()
        self._flowing = asyncio.Event()
        self._flowing.set()

    def answer_next(self, status: int, **headers: str) -> None:
        """Answer the next request with this; `Retry_After` names the header Retry-After."""
        self._answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}))

    def hang(self) -> None:
        self._flowing.clear()

    async def _take(self, request: Request) -> Response:
        self.posts.add(Post(request.url.path, dict(request.headers), await request.body()))
        await self._flowing.wait()
        status, headers = self._answers.popleft() if self._answers else (204, {})
        return Response(status_code=status, headers=headers)
