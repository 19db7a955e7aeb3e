"""Answer codes: six signs that any client can type, one for each person of a case, or of a school's roll calls.

Derived with a key rather than drawn, so work repeated after a crash sends the same code. 2^30 codes; wrong ones are
rate-limited at the intake.
"""

import hashlib
import hmac
from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Select, select

from services.runtime.among import among_given
from services.runtime.crockford import crockford
from services.runtime.store import UnitOfWork
from services.runtime.tables import codes

LENGTH = 6
MAX_TURNS = 100
"""Turns until a free code is found; with a million living codes one turn in a thousand meets a taken one."""

Holder = tuple[str, str]
"""(case id, person id)."""


def derive_code(key: bytes, case_id: str, person_id: str, turn: int = 0) -> str:
    """Return the ``turn``-th candidate code of a holder."""
    digest = hmac.digest(key, f"{case_id}\x1f{person_id}\x1f{turn}".encode(), hashlib.sha256)
    number = int.from_bytes(digest[:8])
    return crockford(number, LENGTH)


async def codes_for(unit: UnitOfWork, key: bytes, holders: Iterable[Holder]) -> dict[Holder, str]:
    """Return each holder's code, giving one to those who have none, as part of the unit of work."""
    wanted = list(dict.fromkeys(holders))
    if not wanted:
        return {}
    of_cases = unit.given({case_id for case_id, _ in wanted})
    known = await unit.connection.execute(_codes_of(is_sqlite=unit.is_sqlite), of_cases)
    found = {(row.case_id, row.person_id): row.code for row in known}
    missing = [holder for holder in wanted if holder not in found]
    turn = 0
    while missing:
        if turn == MAX_TURNS:
            raise RuntimeError("no free acknowledgement code after 100 turns: the table of codes must be pruned")
        candidates = {holder: derive_code(key, *holder, turn) for holder in missing}
        colliding = await unit.connection.execute(_taken(is_sqlite=unit.is_sqlite), unit.given(candidates.values()))
        taken = set(colliding.scalars())
        given: dict[str, Holder] = {}
        for holder, code in candidates.items():
            if code not in taken and code not in given and code not in found.values():
                given[code] = holder
        if given:
            rows = [{"code": code, "case_id": case, "person_id": person} for code, (case, person) in given.items()]
            await unit.write(codes.insert(), rows)
            found.update({holder: code for code, holder in given.items()})
        missing = [holder for holder in missing if holder not in found]
        turn += 1
    return found


@cache
def _codes_of(*, is_sqlite: bool) -> Select[Any]:
    return select(codes).where(among_given(codes.c.case_id, is_sqlite=is_sqlite))


@cache
def _taken(*, is_sqlite: bool) -> Select[Any]:
    return select(codes.c.code).where(among_given(codes.c.code, is_sqlite=is_sqlite))
