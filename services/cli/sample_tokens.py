"""Tokens for trying out the sample county: made once, kept beside the database, printed by ``tocsin up --sample``."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.tokens import ENTROPY_BYTES, Role, TokenRefused, TokenRows

FILE_NAME = "sample.env"
LIFE = timedelta(days=90)


@dataclass(frozen=True)
class SampleToken:
    """One of the sample's tokens: ``variable`` is its name in the shell."""

    variable: str
    role: Role
    unit: str
    person: str | None


SAMPLE: tuple[SampleToken, ...] = (
    SampleToken("TEACHER", "reporter", "school-001", None),
    SampleToken("PRINCIPAL", "principal", "school-001", "p-0037"),
    SampleToken("OFFICER", "officer", "bureau", "p-0001"),
)


async def sample_tokens(database: Database, clock: Clock, data_dir: Path, url: str) -> Mapping[str, str]:
    """Return the sample's tokens by shell variable, from the file of an earlier start where they still hold.

    The file is for other terminals: with it their commands have the tokens, and the intake's ``url``.
    """
    rows = TokenRows(database)
    path = data_dir / FILE_NAME
    known = _read(path)
    now = clock.now()
    tokens: dict[str, str] = {}
    for sample in SAMPLE:
        secret = known.get(sample.variable)
        if secret is None or not await _holds(rows, secret, clock):
            issued = await rows.create(
                secrets.token_bytes(ENTROPY_BYTES),
                name=f"sample {sample.variable.lower()}",
                role=sample.role,
                unit_id=sample.unit,
                now=now,
                expires_at=now + LIFE * clock.speed,
                person_id=sample.person,
            )
            secret = issued.secret
        tokens[sample.variable] = secret
    _write(path, tokens, url)
    return tokens


async def _holds(rows: TokenRows, secret: str, clock: Clock) -> bool:
    try:
        await rows.find(secret, clock.now())
    except TokenRefused:
        return False
    return True


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.removeprefix("export ").split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return dict(pairs)


def _write(path: Path, tokens: Mapping[str, str], url: str) -> None:
    lines = [
        *(f"export {name}={secret}" for name, secret in tokens.items()),
        f"export TOCSIN_TOKEN={tokens['OFFICER']}",
        f"export TOCSIN_URL={url}",
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
