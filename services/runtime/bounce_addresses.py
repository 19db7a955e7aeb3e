"""The address to which an email comes back: one for each notification, signed (a variable envelope return path).

The envelope sender is the one thing that every mail server returns as it was given, whatever it makes of the rest; and
whoever was sent nothing knows none, so a stranger's bounce can be refused before it is read. Servers may change the
case of an address, so it is base32.
"""

import base64
import binascii
import hmac
from typing import Final

from services.runtime.signed_ids import key_for, packed, signature, unpacked

PREFIX: Final = "b-"
LONGEST_LOCAL_PART = 64
"""Octets before the @ (RFC 5321 §4.5.3.1.1)."""

_SIGNED_BYTES = 10  # 80 bits: each guess is a command to our own server
_GROUP = 8  # characters of base32 that make whole bytes


class BounceAddresses:
    """Makes and reads them. ``domain`` is where mail for them arrives (``TOCSIN_BOUNCE_DOMAIN``)."""

    def __init__(self, secret: bytes, domain: str) -> None:
        self._key = key_for(secret, "bounce-address")
        self.domain = domain.lower()

    def address_for(self, notification_id: str) -> str | None:
        """Return the address of a notification; None for an id too long for one: that email goes as any other."""
        local = self._local_part(packed(notification_id))
        return f"{local}@{self.domain}" if len(local) <= LONGEST_LOCAL_PART else None

    def read(self, address: str) -> str | None:
        """Return the notification of an address, or None when it is none of ours."""
        local, _, domain = address.strip("<>").lower().rpartition("@")
        if domain != self.domain or not local.startswith(PREFIX) or not local.isascii():
            return None
        name = _decoded(local.removeprefix(PREFIX))[_SIGNED_BYTES:]
        if not hmac.compare_digest(self._local_part(name), local):
            return None
        return unpacked(name)

    def _local_part(self, name: bytes) -> str:
        signed = signature(self._key, name, _SIGNED_BYTES) + name
        return PREFIX + base64.b32encode(signed).rstrip(b"=").decode().lower()


def _decoded(text: str) -> bytes:
    try:
        return base64.b32decode(text.upper() + "=" * (-len(text) % _GROUP))
    except binascii.Error:
        return b""
