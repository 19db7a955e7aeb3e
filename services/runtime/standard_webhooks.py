"""Signatures by the Standard Webhooks scheme, which receivers check with a library of their language.

Source: the Standard Webhooks specification (https://www.standardwebhooks.com): ``webhook-id``, ``webhook-timestamp``
(seconds since 1970) and the body, joined by dots, through HMAC-SHA256; `v1,` and base64; several signatures apart by
spaces, so that a key can be changed while both are known.

Each address has a secret of its own, derived from our key: a receiver that knows its secret can forge a message to
itself, and to nobody else.
"""

import base64
import hmac
from collections.abc import Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
"""The headers."""

PREFIX = "whsec_"
"""How a secret begins, so that it is known for one where it does not belong."""

_PURPOSE = b"tocsin webhook\n"


def secret_for(key: str, address: str) -> str:
    """Return the secret that the receiver at an address is given."""
    return PREFIX + base64.b64encode(_bytes_for(key, address)).decode()


def signatures(keys: Sequence[str], address: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header that signs a message with each key, the first that of today."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    each = (hmac.digest(_bytes_for(key, address), signed, "sha256") for key in keys)
    return " ".join("v1," + base64.b64encode(one).decode() for one in each)


def _bytes_for(key: str, address: str) -> bytes:
    return hmac.digest(key.encode(), _PURPOSE + address.encode(), "sha256")
