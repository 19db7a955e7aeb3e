"""Counts what one address tries in a minute: wrong codes, wrong secrets, petitions, so that nobody tries them all.

Codes are looked up one after another (``turn``), so that guesses sent at once are counted like any others, while right
codes sent at once, by a whole school behind one address, all pass. Nothing older than a minute is kept, and where there
is a limit for all, no more than that. Counts are per process.
"""

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable

from fastapi import Request

WINDOW_SECONDS = 60.0
GUESSES_PER_CLIENT = 10
PETITIONS_PER_CLIENT = 30
"""A village may sit behind one address, and nobody is to be kept from petitioning."""

WRONG_CODES_IN_ALL = 120
"""Codes are short: 2^30 of them. At 120 a minute and 1,000 living codes, one guess in about six days is right."""

IPV6_PREFIX = 64
"""One customer has a whole /64 (RFC 6177), so single IPv6 addresses say nothing."""


class Attempts:
    """The attempts of the last minute. ``monotonic`` is real seconds; ``in_all`` is the limit for everybody together.

    Secrets of 128 bits need no limit for all, and petitions must not have one: a crowd could use it up, and nobody
    else could petition.
    """

    def __init__(self, monotonic: Callable[[], float], *, per_client: int, in_all: int | None = None) -> None:
        self.turn = asyncio.Lock()
        self._per_client = per_client
        self._monotonic = monotonic
        self._in_all = in_all
        self._attempts: deque[tuple[float, str]] = deque()

    def seconds_to_wait(self, address: str | None) -> float:
        """Return how long ``address`` must wait before its next attempt; 0 when it need not."""
        now = self._monotonic()
        while self._attempts and self._attempts[0][0] <= now - WINDOW_SECONDS:
            self._attempts.popleft()
        client = client_of(address)
        own = [at for at, other in self._attempts if other == client]
        full_since = [own[-self._per_client]] if len(own) >= self._per_client else []
        if self._in_all is not None and len(self._attempts) >= self._in_all:
            full_since.append(self._attempts[-self._in_all][0])
        return max((since + WINDOW_SECONDS - now for since in full_since), default=0.0)

    def count(self, address: str | None) -> None:
        """Remember an attempt from ``address``."""
        self._attempts.append((self._monotonic(), client_of(address)))


def address_of(request: Request) -> str | None:
    """Return where a request comes from, as far as the server knows."""
    return request.client.host if request.client else None


def client_of(address: str | None) -> str:
    """Return what counts as one client: an IPv4 address, an IPv6 network, or the telephone number of an SMS."""
    if address is None:
        return "unknown"
    if address.startswith("+"):
        return address
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
