"""The road to whoever takes messages by HTTP POST: kept connections, and what each way of failing says of the message.

Before a connection stands, nothing was sent (TryLater). After that, silence says nothing (OutcomeUnknown). No redirect
is followed: whoever redirects is not who was meant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.notifier.channels.base import OutcomeUnknown, Refused, TryLater

CONNECTIONS = 64
"""Most connections at once: the most messages in flight."""

KEEP_SECONDS = 30.0
"""Idle connections are closed before a load balancer does it (usually at 60 s) in the middle of a request."""

CONNECTING_SHARE = 0.5
"""Connecting may take this share of the time-out, so that it always ends as *not connected*, never as *unknown*."""

LONGEST_ANSWER = 65_536
"""Bytes of an answer that are read; an honest one has a few hundred."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body`` is empty where nobody wants to read it."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class HttpRoad:
    """Posts to one provider, or to many receivers.

    ``who`` names them in reasons; ``of_recipient``: a failure says nothing of other recipients. ``proxy_for`` returns
    the proxy for an address, None for the straight road.
    """

    def __init__(
        self,
        who: str,
        timeout_seconds: float,
        *,
        of_recipient: bool = False,
        resolver: Callable[[], AbstractResolver] | None = None,
        proxy_for: Callable[[URL], str | None] = lambda _: None,
    ) -> None:
        self.timeout = timeout_seconds
        self._who = who
        self._of_recipient = of_recipient
        self._resolver = resolver
        self._proxy_for = proxy_for
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: URL, body: bytes, headers: Mapping[str, str], *, read: bool) -> Answer:
        """Post ``body`` once; with ``read``, return what was answered to it.

        Raises:
            TryLater: no connection was made: certainly not taken.
            OutcomeUnknown: the time ran out or the line was lost once the request was on its way.
            Refused: nothing can be sent to such an address.
        """
        try:
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False, proxy=self._proxy_for(url)
            ) as answer:
                found = await answer.content.read(LONGEST_ANSWER) if read else b""
                return Answer(answer.status, answer.headers, found)
        except aiohttp.InvalidURL as error:
            raise Refused(f"{self._who}: not an address that can be called") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise TryLater(f"{self._who} has no valid certificate", of_recipient=self._of_recipient) from error
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            reason = f"{self._who} cannot be reached: {type(error).__name__}"
            raise TryLater(reason, of_recipient=self._of_recipient) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = f"no answer from {self._who}: {type(error).__name__}"
            raise OutcomeUnknown(reason, of_recipient=self._of_recipient) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        """Return the session; it belongs to the loop it is first used in."""
        if self._session is None:
            resolver = self._resolver() if self._resolver is not None else None
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_SECONDS, resolver=resolver),
                timeout=aiohttp.ClientTimeout(total=self.timeout, connect=self.timeout * CONNECTING_SHARE),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session
