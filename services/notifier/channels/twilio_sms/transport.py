"""The road to Twilio: the SDK's HTTP client interface over aiohttp, which the SDK brings along.

The SDK's own asynchronous client ignores its time-out, needs a running loop when it is made, cannot be pointed at
another host and drops the Retry-After header, so this is a client of ours behind the SDK's interface
(https://www.twilio.com/docs/libraries/reference/twilio-python, "custom HTTP client"). Connections are kept: a TLS
handshake for each message would cost two round trips.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from yarl import URL

from services.notifier.channels.base import OutcomeUnknown, TryLater
from services.notifier.channels.retry_after import retry_after
from services.notifier.channels.twilio_sms.errors import error_of
from services.runtime.clock import wall_now

CONNECTIONS = 64
"""Most connections at once: the most messages in flight."""

KEEP_SECONDS = 30.0
"""Idle connections are closed before a load balancer does it (usually at 60 s) in the middle of a request."""

CONNECTING_SHARE = 0.5
"""Connecting may take this share of the time-out, so that it always ends as *not connected*, never as *unknown*."""

TOO_MANY_REQUESTS = 429


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc] # the SDK is untyped
    """Sends the SDK's requests to ``base_url``, whole within ``timeout_seconds``."""

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        self.is_async = True  # what the SDK asks of a client; its base class would log numbers
        self.timeout = timeout_seconds
        self._base = URL(base_url)
        self._session: aiohttp.ClientSession | None = None

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
            async with self._open().request(
                method,
                self._at_base(uri),
                params=params,
                data=data,
                headers={**(headers or {}), **_authorization(auth)},
                allow_redirects=allow_redirects,
            ) as answer:
                text = await answer.text()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise TryLater(f"Twilio cannot be reached: {type(error).__name__}") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OutcomeUnknown(f"no answer from Twilio: {type(error).__name__}") from error
        if answer.status == TOO_MANY_REQUESTS:
            raise error_of(TOO_MANY_REQUESTS, 20429, retry_after(answer.headers.get("Retry-After"), wall_now()))
        return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        """Return the session; it belongs to the loop it is first used in."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_SECONDS),
                timeout=aiohttp.ClientTimeout(total=self.timeout, connect=self.timeout * CONNECTING_SHARE),
                proxy=_proxy_for(self._base),
            )
        return self._session

    def _at_base(self, uri: str) -> URL:
        return URL(uri).with_scheme(self._base.scheme).with_host(self._base.host or "").with_port(self._base.port)


def _authorization(auth: tuple[str, str] | None) -> dict[str, str]:
    if auth is None:
        return {}
    return {"Authorization": "Basic " + base64.b64encode(":".join(auth).encode()).decode()}


def _proxy_for(base: URL) -> str | None:
    """Return the proxy that the machine's environment means for Twilio; asked once, not with every message."""
    if base.host is None or proxy_bypass(base.host):
        return None
    return getproxies().get(base.scheme)
