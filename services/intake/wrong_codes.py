"""Counts wrong acknowledgement codes, so that nobody can try them all.

An attempt is counted before its code is looked up and given back when it was right, so that attempts sent at once
count as well. Memory is bounded by the limit for all: nothing older than a minute is kept. Counts are per process.
"""

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
        self._monotonic = monotonic
        self._attempts: deque[tuple[float, str]] = deque()

    def enter(self, address: str | None) -> tuple[float, str] | float:
        """Count an attempt from ``address`` and return its ticket, or the seconds to wait when it is one too many."""
        now = self._monotonic()
        while self._attempts and self._attempts[0][0] <= now - WINDOW_SECONDS:
            self._attempts.popleft()
        client = client_of(address)
        own = [at for at, other in self._attempts if other == client]
        waits = []
        if len(own) >= PER_CLIENT:
            waits.append(own[-PER_CLIENT] + WINDOW_SECONDS - now)
        if len(self._attempts) >= IN_ALL:
            waits.append(self._attempts[-IN_ALL][0] + WINDOW_SECONDS - now)
        if waits:
            return max(waits)
        ticket = (now, client)
        self._attempts.append(ticket)
        return ticket

    def forgive(self, ticket: tuple[float, str]) -> None:
        """Take back an attempt that turned out right, or was never judged."""
        if ticket in self._attempts:
            self._attempts.remove(ticket)


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
