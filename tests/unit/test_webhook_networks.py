"""Which addresses a webhook may call, and what may be written as one."""

import socket
from ipaddress import ip_address, ip_network

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from services.notifier.channels.base import Refused
from services.notifier.channels.webhook.networks import GuardedResolver, Networks

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:10.1.2.3",
    "64:ff9b::a01:203",
    "2002:a01:203::1",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_private_address_is_not_called_in_any_dress(text: str) -> None:
    """Loopback, neighbours, the cloud's metadata, multicast, and each of them inside an IPv6 address."""
    assert not Networks().allow(ip_address(text))


@pytest.mark.parametrize("text", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_public_address_is_called(text: str) -> None:
    """The open internet, by either family."""
    assert Networks().allow(ip_address(text))


def test_private_network_is_called_when_the_settings_name_it_and_no_other() -> None:
    """Also as an IPv6 host sees it."""
    networks = Networks([ip_network("10.20.0.0/16")])
    assert networks.allow(ip_address("10.20.3.4"))
    assert networks.allow(ip_address("::ffff:10.20.3.4"))
    assert not networks.allow(ip_address("10.21.3.4"))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "fe80::1%eth0"])
def test_host_that_is_an_address_is_judged_before_anything_is_resolved(host: str) -> None:
    """A resolver never sees it."""
    with pytest.raises(Refused):
        Networks().check_host(host)


class PaperResolver(AbstractResolver):
    """Knows one name."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._addresses
        ]

    async def close(self) -> None:
        return None


async def test_name_leads_only_to_those_of_its_addresses_that_may_be_called() -> None:
    """One that points inside and outside is called outside."""
    resolver = GuardedResolver(Networks(), PaperResolver("10.0.0.1", "93.184.215.14", "fe80::1%eth0"))
    assert [one["host"] for one in await resolver.resolve("alarm.example.org", 443)] == ["93.184.215.14"]


async def test_name_that_leads_inside_alone_is_refused() -> None:
    """A public name for a private address is the oldest trick."""
    with pytest.raises(Refused):
        await GuardedResolver(Networks(), PaperResolver("169.254.169.254")).resolve("alarm.example.org", 443)
