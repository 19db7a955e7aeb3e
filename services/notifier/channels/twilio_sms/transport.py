"""The road to Twilio: the SDK's HTTP client interface over httpx.

The SDK's own asynchronous client ignores its time-out, needs a running loop when it is made, cannot be pointed at
another host and drops the Retry-After header, so this is a client of ours behind the SDK's interface
(https://www.twilio.com/docs/libraries/reference/twilio-python, "custom HTTP client"). Connections are kept: a TLS
handshake for each message would cost two round trips.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from services.notifier.channels.base import OutcomeUnknown, TryLater
from services.notifier.channels.twilio_sms.errors import error_of

CONNECTIONS = 64
"""Most connections at once: the most messages in flight."""

KEEP_SECONDS = 30.0
"""Idle connections are closed before a load balancer does it (usually at 60 s) in the middle of a request."""

TOO_MANY_REQUESTS = 429
LONGEST_RETRY_AFTER = timedelta(minutes=10)


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc] # the SDK is untyped
    """Sends the SDK's requests to ``base_url``, whole within ``timeout_seconds``."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        self.is_async = True  # what the SDK asks of a client; its base class would log numbers
        self.timeout = timeout_seconds
        self._base = httpx.URL(base_url)
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(timeout_seconds),
            limits=httpx.Limits(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=KEEP_SECONDS
            ),
        )

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's interface
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request.

        Raises:
            TryLater: no connection was made, or Twilio answered 429: certainly not processed.
            OutcomeUnknown: the time ran out or the line was lost once the request was on its way.
        """
        del timeout
        try:
            answer = await self._client.request(
                method,
                self._at_base(uri),
                params=params,
                data=data,
                headers=headers,
                auth=auth,
                follow_redirects=allow_redirects,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise TryLater(f"Twilio cannot be reached: {_kind(error)}") from error
        except httpx.TransportError as error:
            raise OutcomeUnknown(f"no answer from Twilio: {_kind(error)}") from error
        if answer.status_code == TOO_MANY_REQUESTS:
            raise error_of(TOO_MANY_REQUESTS, 20429, _retry_after(answer.headers.get("Retry-After")))
        return Response(answer.status_code, answer.text, answer.headers)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    def _at_base(self, uri: str) -> httpx.URL:
        return httpx.URL(uri).copy_with(scheme=self._base.scheme, host=self._base.host, port=self._base.port)


def _kind(error: Exception) -> str:
    return type(error).__name__


def _retry_after(value: str | None) -> timedelta | None:
    """Return the seconds of a Retry-After header; a date, or nonsense, leaves the pace to our own backoff."""
    if value is None or not value.isdecimal():
        return None
    return min(timedelta(seconds=int(value)), LONGEST_RETRY_AFTER)
