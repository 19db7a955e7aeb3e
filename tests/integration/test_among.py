"""Many values in one condition: found or left out, on each database."""

import pytest
from sqlalchemy import select

from services.runtime.among import among
from services.runtime.database import Database
from services.runtime.store import Store
from services.runtime.tables import cases
from tests.support.store_rows import a_case

IDS = ("case-1", 'a "quoted", [odd] one', "案件", "case-4")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ((), ()),
        (IDS[1:3], IDS[1:3]),
        (("nobody", "case-4"), ("case-4",)),
        (tuple(f"no-{n}" for n in range(40_000)), ()),
    ],
    ids=["none", "odd texts", "some unknown", "more than a statement has parameters"],
)
async def test_rows_whose_value_is_among_many_are_found(
    database: Database, wanted: tuple[str, ...], found: tuple[str, ...]
) -> None:
    """The condition holds for the values given, whatever is in them and however many they are."""
    async with Store(database).transaction() as unit:
        await unit.save([a_case(case_id) for case_id in IDS])
    condition = among(cases.c.case_id, wanted, is_sqlite=database.is_sqlite)
    async with database.reading() as connection:
        assert set((await connection.execute(select(cases.c.case_id).where(condition))).scalars()) == {*found}
        others = set((await connection.execute(select(cases.c.case_id).where(~condition))).scalars())
    assert others == {*IDS} - {*found}


async def test_whole_numbers_are_found_too(database: Database) -> None:
    """Numbers of rows are compared as numbers."""
    async with Store(database).transaction() as unit:
        await unit.save([a_case(case_id, partition) for partition, case_id in enumerate(IDS)])
    condition = among(cases.c.partition, [1, 3], is_sqlite=database.is_sqlite)
    async with database.reading() as connection:
        found = (await connection.execute(select(cases.c.partition).where(condition))).scalars()
        assert sorted(found) == [1, 3]
