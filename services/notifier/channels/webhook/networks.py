"""Where a webhook may go: to the open internet, and to private networks only where the settings name them.

An address of the directory must not make this machine call its neighbours, the cloud's metadata or itself (server-side
request forgery, CWE-918). The name is judged by what it resolves to, at the moment of connecting, and exactly those
addresses are connected to: a name that points elsewhere a moment later changes nothing.
"""

import ipaddress
import socket
from collections.abc import Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from services.notifier.channels.base import Refused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 addresses as IPv6 hosts see them (RFC 6052 §2.1): the last 32 bits are the address."""

_V4_BITS = 0xFFFF_FFFF
PRIVATE = "the address is in a private network: name that in TOCSIN_WEBHOOK_NETWORKS, or correct the directory"


class Networks:
    """Says whether an address may be called. ``allowed`` are private networks that may."""

    def __init__(self, allowed: Sequence[Network] = ()) -> None:
        self._allowed = tuple(allowed)

    def allow(self, address: Address) -> bool:
        """Return whether an address is public, or in a network that is allowed."""
        real = real_address(address)
        if any(real in network for network in self._allowed):
            return True
        return real.is_global and not real.is_multicast

    def check_host(self, host: str) -> None:
        """Check a host that is written as an address; a name is judged when it is resolved.

        Raises:
            Refused: it may not be called.
        """
        try:
            address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return
        if not self.allow(address):
            raise Refused(PRIVATE)


def real_address(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 one, where there is one: mapped, 6to4, Teredo or NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & _V4_BITS)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo is not None else None) or address


class GuardedResolver(AbstractResolver):
    """Resolves names to the addresses that may be called."""

    def __init__(self, networks: Networks, resolver: AbstractResolver | None = None) -> None:
        self._networks = networks
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name that may be called.

        Raises:
            OSError: the name is not known.
            Refused: it has none but private ones.
        """
        found = await self._resolver.resolve(host, port, family)
        allowed = [one for one in found if self._networks.allow(ipaddress.ip_address(one["host"].partition("%")[0]))]
        if not allowed:
            raise Refused(PRIVATE)
        return allowed

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._resolver.close()
