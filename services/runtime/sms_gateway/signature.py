"""How requests to a gateway, and its receipts to us, are signed: the same way in both directions.

The shape that domestic gateways share: access key, time, a number used once and an HMAC-SHA256 over them and the body.
A receipt changes nothing when it comes twice, so of the nonce no list is kept: after five minutes the time refuses it.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

ACCESS_KEY, TIMESTAMP, NONCE, SIGNATURE = "X-Access-Key", "X-Timestamp", "X-Nonce", "X-Signature"

TOLERANCE_SECONDS = 300
"""How far apart two honest clocks may be, and how long a request may be on its way."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs."""

    access_key: str
    secret: str

    def headers(self, path: str, body: bytes, timestamp: int, nonce: str) -> dict[str, str]:
        """Return the headers that sign a POST of ``body`` to ``path``; ``timestamp`` is seconds since 1970."""
        return {
            ACCESS_KEY: self.access_key,
            TIMESTAMP: str(timestamp),
            NONCE: nonce,
            SIGNATURE: self._signature(path, body, str(timestamp), nonce),
        }

    def signed(self, path: str, body: bytes, headers: Mapping[str, str], now: int) -> bool:
        """Return whether a POST is signed with our secret, and at about ``now``. ``headers`` ignore case."""
        timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
        given = headers.get(SIGNATURE, "")
        # Compared as bytes, and first of all: the time of an answer must say nothing of the rest.
        is_ours = hmac.compare_digest(given.encode(), self._signature(path, body, timestamp, nonce).encode())
        is_fresh = timestamp.isdecimal() and len(timestamp) <= len(str(now)) + 1
        return is_ours and is_fresh and abs(int(timestamp) - now) <= TOLERANCE_SECONDS

    def _signature(self, path: str, body: bytes, timestamp: str, nonce: str) -> str:
        digest = hashlib.sha256(body).hexdigest()
        signed = f"POST\n{path}\n{self.access_key}\n{timestamp}\n{nonce}\n{digest}"
        return hmac.digest(self.secret.encode(), signed.encode(), "sha256").hex()
