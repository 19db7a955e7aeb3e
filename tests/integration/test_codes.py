"""Acknowledgement codes: a holder keeps theirs, nobody shares one, and any client can type it."""

import pytest

from events.ids import derived
from services.runtime.answer_codes import LENGTH, codes_for, derive_code
from services.runtime.crockford import ALPHABET
from services.runtime.database import Database
from services.runtime.ownership import Ownership
from services.runtime.store import Store
from services.runtime.tables import codes
from tests.support.store_rows import CODE_KEY, claim, rows_of

CASE = "case-1"
TWINS = ((CASE, "person-5855"), (CASE, "person-22071"))
"""Two holders whose first candidates under ``CODE_KEY`` are the same, found by search."""


async def give(database: Database, owned: Ownership, *holders: tuple[str, str]) -> dict[tuple[str, str], str]:
    async with Store(database).transaction(owned) as unit:
        return await codes_for(unit, CODE_KEY, holders)


async def test_holder_keeps_the_same_code(database: Database) -> None:
    """Asked again, in the same unit of work or in a later one, a holder has one code and one row."""
    owned = await claim(database)
    first = await give(database, owned, (CASE, "p1"), (CASE, "p1"))
    again = await give(database, owned, (CASE, "p1"), (CASE, "p2"))
    assert again[CASE, "p1"] == first[CASE, "p1"]
    assert len(await rows_of(database, codes)) == 2


async def test_unit_repeated_after_a_crash_gives_the_same_code(database: Database) -> None:
    """A unit that was rolled back and is done again sends the same code: it is derived, not drawn."""
    owned = await claim(database)
    given = []

    async def dies_before_the_commit() -> None:
        async with Store(database).transaction(owned) as unit:
            given.append(await codes_for(unit, CODE_KEY, [(CASE, "p1")]))
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError):
        await dies_before_the_commit()
    assert await rows_of(database, codes) == []
    assert await give(database, owned, (CASE, "p1")) == given[0]


async def test_person_has_another_code_in_each_case(database: Database) -> None:
    """A code names one person in one case."""
    given = await give(database, await claim(database), (CASE, "p1"), ("case-2", "p1"))
    assert len(set(given.values())) == 2


async def test_taken_candidate_is_passed_over(database: Database) -> None:
    """When somebody else has the first candidate already, the holder gets the next, and keeps it."""
    owned = await claim(database)
    first, second = (derive_code(CODE_KEY, CASE, "p1", turn) for turn in (0, 1))
    async with Store(database).transaction() as unit:
        await unit.write(codes.insert().values(code=first, case_id="case-0", person_id="p0"))
    assert await give(database, owned, (CASE, "p1")) == {(CASE, "p1"): second}
    assert await give(database, owned, (CASE, "p1")) == {(CASE, "p1"): second}


async def test_holders_with_the_same_candidate_in_one_unit_share_no_code(database: Database) -> None:
    """Two who meet in the same unit of work part ways, though neither code is stored yet."""
    assert derive_code(CODE_KEY, *TWINS[0]) == derive_code(CODE_KEY, *TWINS[1])
    given = await give(database, await claim(database), *TWINS)
    assert len(set(given.values())) == 2
    assert {(row.case_id, row.person_id): row.code for row in await rows_of(database, codes)} == given


def test_code_is_six_signs_that_none_confuses() -> None:
    """Six signs of Crockford's alphabet: no I, L, O or U, so none looks like another; all 32 are used."""
    made = [derive_code(CODE_KEY, derived("case", str(number)), "p1") for number in range(400)]
    assert {len(code) for code in made} == {LENGTH} == {6}
    assert set("".join(made)) == set(ALPHABET)
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_another_key_gives_other_codes() -> None:
    """Who knows the ids but not the key cannot derive a code."""
    assert derive_code(CODE_KEY, CASE, "p1") != derive_code(b"another key", CASE, "p1")
