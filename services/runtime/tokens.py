"""Bearer tokens: who calls, in which role, at which unit (RFC 6750).

A token is ``tcs_`` and 32 random bytes in base64url. Only its SHA-256 is stored: with 256 bits of entropy a plain hash
cannot be guessed backwards, and a stolen database opens nothing. A role is a fixed set of rights; where they hold is
the token's unit and everything below it.
"""

import base64
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import insert, select, update

from events.ids import derived
from services.runtime.database import Database
from services.runtime.errors import TocsinError
from services.runtime.tables import tokens

PREFIX = "tcs_"
ENTROPY_BYTES = 32
CACHE_SECONDS = 5.0
"""A revoked token may live on this long in another process; `revoke` forgets at once in its own."""

CACHE_ENTRIES = 10_000
"""About 5 MB; a city has some 1,200 schools (DOMAIN §8)."""

Role = Literal["reporter", "principal", "officer", "watcher", "administrator"]
Right = Literal[
    "incident.file",
    "case.read",
    "case.act",
    "stream.read",
    "petition.unseal",
    "contact.read",
    "roll_call.answer",
    "roll_call.keep",
    "token.manage",
]

RIGHTS: Mapping[Role, frozenset[Right]] = {
    "reporter": frozenset({"incident.file", "roll_call.answer"}),
    "principal": frozenset(
        {"incident.file", "case.read", "case.act", "petition.unseal", "contact.read", "roll_call.answer"}
    ),
    "officer": frozenset(
        {
            "case.read",
            "case.act",
            "stream.read",
            "petition.unseal",
            "contact.read",
            "roll_call.answer",
            "roll_call.keep",
        }
    ),
    "watcher": frozenset({"case.read", "stream.read"}),
    "administrator": frozenset(get_args(Right)),
}

Refusal = Literal["unknown", "expired", "revoked"]


class TokenRefused(TocsinError):
    """The token opens nothing; ``why`` says what its holder should be told."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(f"token {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling. ``person_id`` is None for a client that is nobody in particular, such as a school's kiosk."""

    name: str
    role: Role
    unit_id: str
    person_id: str | None
    rights: frozenset[Right]

    @property
    def actor(self) -> str:
        """Return whose idempotency keys these are: the same after a token is renewed, never another unit's."""
        return derived("actor", self.unit_id, self.name)


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token. ``secret`` is shown once and stored nowhere."""

    secret: str = field(repr=False)
    caller: Caller
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    expires_at: datetime
    revoked_at: datetime | None
    read_at: float


def hash_token(secret: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenRows:
    """The token table's verbs, with a short memory so that a request costs no query.

    ``monotonic`` is real seconds: the memory guards the database, whatever the speed of the demo clock.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._cache: OrderedDict[str, _Known] = OrderedDict()

    async def create(
        self,
        entropy: bytes,
        *,
        name: str,
        role: Role,
        unit_id: str,
        now: datetime,
        expires_at: datetime,
        person_id: str | None = None,
    ) -> IssuedToken:
        """Store a new token and return it with its secret.

        Raises:
            ValueError: ``entropy`` is not 32 bytes, or the token would be expired from the start.
        """
        if len(entropy) != ENTROPY_BYTES:
            raise ValueError(f"a token takes {ENTROPY_BYTES} random bytes, not {len(entropy)}")
        if expires_at <= now:
            raise ValueError("a token must expire in the future: give a later time")
        secret = PREFIX + base64.urlsafe_b64encode(entropy).rstrip(b"=").decode()
        row = {"name": name, "role": role, "unit_id": unit_id, "person_id": person_id}
        async with self._database.writing() as connection:
            await connection.execute(
                insert(tokens).values(
                    token_hash=hash_token(secret), created_at=now, expires_at=expires_at, revoked_at=None, **row
                )
            )
        return IssuedToken(secret, Caller(name, role, unit_id, person_id, RIGHTS[role]), expires_at)

    async def find(self, secret: str, now: datetime) -> Caller:
        """Return who holds ``secret`` at ``now``.

        Raises:
            TokenRefused: nobody, or not any more.
        """
        known = await self._known(hash_token(secret))
        if known.revoked_at is not None and known.revoked_at <= now:
            raise TokenRefused("revoked")
        if known.expires_at <= now:
            raise TokenRefused("expired")
        return known.caller

    async def revoke(self, name: str, unit_id: str, now: datetime) -> int:
        """End every living token of this name at this unit; return how many there were."""
        statement = (
            update(tokens)
            .where(tokens.c.name == name, tokens.c.unit_id == unit_id, tokens.c.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        async with self._database.writing() as connection:
            ended = (await connection.execute(statement)).rowcount
        self._cache.clear()
        return ended

    async def _known(self, token_hash: str) -> _Known:
        known = self._cache.get(token_hash)
        now = self._monotonic()
        if known is not None and now - known.read_at < CACHE_SECONDS:
            return known
        known = await self._read(token_hash, now)
        self._cache[token_hash] = known
        self._cache.move_to_end(token_hash)
        if len(self._cache) > CACHE_ENTRIES:
            self._cache.popitem(last=False)
        return known

    async def _read(self, token_hash: str, read_at: float) -> _Known:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(tokens).where(tokens.c.token_hash == token_hash))).one_or_none()
        if row is None or row.role not in RIGHTS:  # a role of a newer version means nothing here
            self._cache.pop(token_hash, None)
            raise TokenRefused("unknown")
        caller = Caller(row.name, row.role, row.unit_id, row.person_id, RIGHTS[row.role])
        return _Known(caller, row.expires_at, row.revoked_at, read_at)
