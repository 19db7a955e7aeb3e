"""Seals what a petitioner tells and who they are; derives the secret by which they follow their petition.

Sealing is Fernet (https://github.com/fernet/spec: AES-128-CBC and HMAC-SHA256) from the ``cryptography`` package, with
``MultiFernet`` for rotation: the first key seals, every key opens. Each use of a key has a key of its own, derived by
HKDF (RFC 5869), so a secret that leaks says nothing of the seal.

The secret follows from the key and the case's id, so a petition sent again gets the same one, though only its hash is
stored; a stolen database alone opens nothing.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field

from services.intake.codes import canonical_code
from services.runtime.crockford import crockford
from services.runtime.errors import TocsinError

SIGNS = 28
"""140 bits of a secret: more than the 128 that nobody can try, in seven groups of four to write down."""

GROUP = 4
_KEY_BYTES = 32


class SealBroken(TocsinError):
    """A sealed record opens with none of the keys, or belongs to another case."""


class Sealed(BaseModel):
    """What only a reading with a stated purpose shows."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    summary: str | None = Field(description="What the petitioner told, in their words.")
    contact: str | None = Field(description="How to answer them.")


class Seal:
    """The keys of sealed records. ``keys``: the present one first, at least one."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])
        self._secret_keys = [_derived_key(key, b"secret of a petition") for key in keys]
        self._content_keys = [_derived_key(key, b"content of a petition") for key in keys]

    def close(self, sealed: Sealed, at: datetime) -> bytes:
        """Return the record, sealed; ``at`` stands in it, in the clear."""
        return self._fernet.encrypt_at_time(sealed.model_dump_json().encode(), int(at.timestamp()))

    def open(self, case_id: str, token: bytes) -> Sealed:
        """Return what was sealed for ``case_id``.

        Raises:
            SealBroken: a key is missing from TOCSIN_SEAL_KEY, or the record was changed or moved.
        """
        try:
            found = Sealed.model_validate_json(self._fernet.decrypt(token))
        except InvalidToken as error:
            raise SealBroken("no key opens this record") from error
        if found.case_id != case_id:
            raise SealBroken("this record was sealed for another case")
        return found

    def secret(self, case_id: str) -> str:
        """Return the secret of a new case."""
        return _secret(self._secret_keys[0], case_id)

    def secret_again(self, case_id: str, secret_hash: str) -> str | None:
        """Return the secret that a case was given, or None when its key is gone."""
        candidates = (_secret(key, case_id) for key in self._secret_keys)
        return next((secret for secret in candidates if is_secret(secret, secret_hash)), None)

    def content_mac(self, content: Any) -> str:
        """Return a keyed hash of JSON content: a plain one of few words and a number could be tried backwards."""
        return _mac(self._content_keys[0], content)

    def is_content(self, content: Any, mac: str) -> bool:
        """Return whether ``mac`` was made of this content, with any key."""
        return any(hmac.compare_digest(_mac(key, content), mac) for key in self._content_keys)


def hash_secret(secret: str) -> str:
    """Return what is stored of a secret; with 140 bits a plain hash cannot be guessed backwards.

    A secret is read as people write it: case, spaces and dashes do not count, and look-alikes are mapped.
    """
    return hashlib.sha256((canonical_code(secret) or "").encode()).hexdigest()


def is_secret(secret: str, secret_hash: str) -> bool:
    """Return whether the hash is this secret's, in a time that tells nothing."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)


def _secret(key: bytes, case_id: str) -> str:
    number = int.from_bytes(hmac.digest(key, case_id.encode(), hashlib.sha256))
    signs = crockford(number, SIGNS)
    return "-".join(signs[start : start + GROUP] for start in range(0, SIGNS, GROUP))


def _mac(key: bytes, content: Any) -> str:
    return hmac.digest(key, orjson.dumps(content, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hex()


def _fernet_key(key: bytes) -> bytes:
    return urlsafe_b64encode(_derived_key(key, b"seal"))


def _derived_key(key: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"tocsin: " + use).derive(key)
