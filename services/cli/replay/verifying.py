"""Holds each case of a database against its own journal: replayed in memory, it must be the stored one to the byte."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import select

from services.cli.replay.journals import Unreplayable, retell
from services.escalation.case_text import CASE_TEXT
from services.runtime.database import Database
from services.runtime.tables import cases, journal

PAGE = 200


@dataclass(frozen=True)
class Verdict:
    """One case, and what is wrong with it, if anything."""

    case_id: str
    fault: str | None


async def verdicts(database: Database, page_size: int = PAGE) -> AsyncIterator[Verdict]:
    """Yield a verdict on each case, in the order of ids, and on each journal that has no case. Changes nothing.

    Services may go on working: a journal only grows, so it is read after the state and as far as the state has come.
    ``page_size``: cases held in memory at a time.
    """
    after = ""
    while page := await _page(database, after, page_size):
        for case_id, seq, state in page:
            yield Verdict(case_id, await _fault(database, case_id, seq, state))
        after = page[-1][0]
    for case_id in await _without_case(database):
        yield Verdict(case_id, "it has a journal and no state")


async def _page(database: Database, after: str, size: int) -> list[tuple[str, int, str]]:
    statement = (
        select(cases.c.case_id, cases.c.seq, cases.c.state)
        .where(cases.c.case_id > after)
        .order_by(cases.c.case_id)
        .limit(size)
    )
    async with database.reading() as connection:
        return [(row.case_id, row.seq, row.state) for row in await connection.execute(statement)]


async def _fault(database: Database, case_id: str, seq: int, state: str) -> str | None:
    statement = (
        select(journal.c.entry).where(journal.c.case_id == case_id, journal.c.seq <= seq).order_by(journal.c.seq)
    )
    async with database.reading() as connection:
        texts = list((await connection.execute(statement)).scalars())
    if not texts:
        return "it has a state and no journal"
    try:
        retold = retell(texts)
    except Unreplayable as broken:
        return str(broken)
    if len(texts) != seq:
        return f"the state is that after entry {seq}, and the journal has {len(texts)}"
    if CASE_TEXT.write(retold.case) not in {state, _in_present_shape(state)}:
        return "the stored state is not the one that its journal tells"
    return None


def _in_present_shape(state: str) -> str | None:
    """Return a state as this version would store it: an older one may have written fewer fields."""
    try:
        return CASE_TEXT.write(CASE_TEXT.read(state))
    except ValidationError:
        return None


async def _without_case(database: Database) -> list[str]:
    """Return the cases that only the journal knows. One opened this very moment is in both, or in neither."""
    known = select(cases.c.case_id).where(cases.c.case_id == journal.c.case_id).exists()
    statement = select(journal.c.case_id).where(journal.c.seq == 1, ~known).order_by(journal.c.case_id)
    async with database.reading() as connection:
        return list((await connection.execute(statement)).scalars())
