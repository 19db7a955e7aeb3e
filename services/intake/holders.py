"""Who holds a petition: the receipt names it, the secret opens it. A wrong secret and no such receipt look alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Header, Path, Request
from sqlalchemy import Row, select

from escalation_policies.case import Case
from events.receipt import DIGITS, GROUP
from services.intake.attempts import address_of
from services.intake.deps import Deps, deps_of, rooms_of
from services.intake.problems import Problem, too_soon
from services.intake.seal import is_secret
from services.runtime.tables import cases, petitions

LONGEST_RECEIPT = 40


@dataclass(frozen=True, slots=True)
class Held:
    """A petition before its holder; ``case`` is None until it is judged."""

    case_id: str
    receipt: str
    school_id: str
    kind: str
    received_at: datetime
    response: str
    case: Case | None


ReceiptInPath = Annotated[
    str, Path(description="The receipt from the answer to filing; spaces and dashes do not count.")
]
SecretHeader = Annotated[
    str,
    Header(
        alias="Tocsin-Secret",
        description="The secret from the answer to filing. In a header, so that no log of addresses has it.",
    ),
]


async def held_by(request: Request, receipt: str, secret: str) -> Held:
    """Return the petition of this receipt that the secret opens.

    Raises:
        Problem: 404, no petition has both; 429, ten wrong ones came from this address within a minute.
    """
    deps, wrong = deps_of(request), rooms_of(request).wrong_secrets
    address = address_of(request)
    async with wrong.turn:
        if wait := wrong.seconds_to_wait(address):
            raise too_soon(
                "too-many-wrong-secrets", wait, ". The office can tell you by telephone how a petition stands."
            )
        found = await _find(deps, receipt, secret)
        if found is None:
            wrong.count(address)
            detail = "Compare receipt and secret with what you wrote down, sign by sign; both are needed."
            raise Problem("unknown-petition", detail)
        return found


async def _find(deps: Deps, receipt: str, secret: str) -> Held | None:
    statement = (
        select(petitions, cases.c.state)
        .outerjoin(cases, cases.c.case_id == petitions.c.case_id)
        .where(petitions.c.receipt == _canonical(receipt))
    )
    async with deps.store.database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    # Two cases may share a number: every one is tried.
    return next((_held(row) for row in rows if is_secret(secret, row.secret_hash)), None)


def _held(row: Row[tuple[object, ...]]) -> Held:
    case = Case.model_validate_json(row.state, extra="ignore") if row.state else None
    return Held(row.case_id, row.receipt, row.school_id, row.kind, row.received_at, row.response, case)


def _canonical(receipt: str) -> str:
    digits = "".join(sign for sign in receipt[:LONGEST_RECEIPT] if sign.isascii() and sign.isdecimal())
    return "-".join(digits[start : start + GROUP] for start in range(0, min(len(digits), DIGITS + 1), GROUP))
