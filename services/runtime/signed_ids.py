"""Ids that leave the house and come back: packed small, and signed, so that nobody can name one they were not given.

The key of each purpose is derived from the one secret, so a signature made for one is worth nothing for another.
"""

import hashlib
import hmac
from typing import Literal
from uuid import UUID

Purpose = Literal["answer-link", "bounce-address"]

_UUID_MARK = b"\0"
"""Before the sixteen bytes of a UUID. No other id begins with it: an identifier has no control characters."""

_UUID_BYTES = 16


def key_for(secret: bytes, purpose: Purpose) -> bytes:
    """Return the key of a purpose, of 32 bytes."""
    return hmac.digest(secret, f"tocsin/{purpose}/v1".encode(), hashlib.sha256)


def signature(key: bytes, content: bytes, length: int) -> bytes:
    """Return the first ``length`` bytes (at most 32) of the signature (HMAC-SHA256, RFC 2104 §5 on truncation)."""
    return hmac.digest(key, content, hashlib.sha256)[:length]


def packed(name: str) -> bytes:
    """Return an id as bytes: 17 for a UUID as we derive them, its own text for one made elsewhere."""
    try:
        number = UUID(name)
    except ValueError:
        return name.encode()
    return _UUID_MARK + number.bytes if str(number) == name else name.encode()


def unpacked(content: bytes) -> str | None:
    """Return the id, or None where the bytes are none."""
    if content.startswith(_UUID_MARK):
        number = content.removeprefix(_UUID_MARK)
        return str(UUID(bytes=number)) if len(number) == _UUID_BYTES else None
    try:
        return content.decode() or None
    except UnicodeDecodeError:
        return None
