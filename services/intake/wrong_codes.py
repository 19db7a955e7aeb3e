"""Counts wrong acknowledgement codes, so that nobody can try them all.

Codes are looked up one after another (``turn``), so that guesses sent at once are counted like any others, while right
codes sent at once, by a whole school behind one address, all pass. Nothing older than a minute is kept, and no more
than the limit for all. Counts are per process.
"""

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
PER_CLIENT = 10
IN_ALL = 120
"""At 120 a minute against codes of 40 bits and 1,000 living codes, one guess in about 17 years is right."""

IPV6_PREFIX = 64
"""One customer has a whole /64 (RFC 6177), so single IPv6 addresses say nothing."""


class WrongCodes:
    """The wrong attempts of the last minute. ``monotonic`` is real seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.turn = asyncio.Lock()
        self._monotonic = monotonic
        self._attempts: deque[tuple[float, str]] = deque()

    def seconds_to_wait(self, address: str | None) -> float:
        """Return how long ``address`` must wait before its next guess; 0 when it need not."""
        now = self._monotonic()
        while self._attempts and self._attempts[0][0] <= now - WINDOW_SECONDS:
            self._attempts.popleft()
        client = client_of(address)
        own = [at for at, other in self._attempts if other == client]
        full_since = [own[-PER_CLIENT]] if len(own) >= PER_CLIENT else []
        if len(self._attempts) >= IN_ALL:
            full_since.append(self._attempts[-IN_ALL][0])
        return max((since + WINDOW_SECONDS - now for since in full_since), default=0.0)

    def count(self, address: str | None) -> None:
        """Remember a wrong code from ``address``."""
        self._attempts.append((self._monotonic(), client_of(address)))


def client_of(address: str | None) -> str:
    """Return what counts as one client: an IPv4 address, or an IPv6 network."""
    if address is None:
        return "unknown"
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)
