"""The outermost layer: counts, times and logs each request once, and turns the unexpected into a plain 500.

Written against ASGI itself, so that a stream passes through it without being buffered.
"""

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.intake.metrics import DURATION, REQUESTS
from services.intake.problems import LOG, answer_broken

QUIET = ("/health/", "/metrics")
STREAM = "/v1/stream"
_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class Observed:
    """Wraps the app."""

    def __init__(self, app: ASGIApp, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._monotonic = monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._monotonic()
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except ClientDisconnect:
            LOG.info("request.abandoned", method=scope["method"], route=_route(scope))
        except Exception as error:
            LOG.exception("request.failed", method=scope["method"], route=_route(scope), error=type(error).__name__)
            if status:
                raise  # the answer has begun: all that is left is to break the connection
            await answer_broken(scope["method"])(scope, receive, send_noting)
        finally:
            self._note(scope, status, self._monotonic() - started)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        REQUESTS.labels(method=method, route=route, status_class=f"{status // 100}xx").inc()
        if route != STREAM:
            DURATION.labels(method=method, route=route).observe(seconds)
        if not route.startswith(QUIET):
            LOG.info("request.answered", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _route(scope: Any) -> str:
    """Return the template of the route, never the path: a path has ids, and anybody can invent one."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unknown"
