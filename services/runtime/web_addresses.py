"""What may stand as the address of a ``webhook`` contact: for the clerk who writes it, and for whoever calls it."""

import ipaddress

from yarl import URL

LONGEST = 254
"""Characters, as every address of the directory."""


def web_address(text: str) -> URL:
    """Return an https address as it is called. Plain http goes to this machine alone, where nobody listens in.

    Raises:
        ValueError: it is none; the message says what to write, and does not repeat it.
    """
    try:
        url = URL(text) if text.isascii() and text.isprintable() and " " not in text else URL()
        host, port = url.host, url.port
    except ValueError:
        host, port = None, None
    if not host or not port or len(text) > LONGEST or url.scheme not in {"https", "http"}:
        raise ValueError("not a web address; write it like https://alarm.example.org/tocsin")
    if url.scheme == "http" and not is_this_machine(host):
        raise ValueError("must begin with https://: a message is not sent where others can read it")
    if url.user is not None or url.password is not None:
        raise ValueError("must have no user name or password in it: receivers check the signature instead")
    if url.fragment:
        raise ValueError("must end before the `#`: what comes after it is never sent")
    return url


def is_this_machine(host: str) -> bool:
    """Return whether a host is this machine by its very name."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
