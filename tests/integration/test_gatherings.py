"""Cases of several schools in the store grow one report of the bureau's, once, on its way like any other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from escalation_policies.gathering import KIND
from escalation_policies.loader import load_library
from events.codec import decode
from events.incident import IncidentFiled
from services.escalation.gatherings import Gatherings
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import CaseRow, Store
from tests.support.intake import BUREAU, COUNTY, HILL, LAKE, NOW, StillClock
from tests.support.store_rows import a_case, claim

POLICY = load_library().for_kind("food-poisoning")


def ill(case_id: str, school_id: str, *, at: datetime = NOW, exercise: bool = False, status: str = "open") -> CaseRow:
    row = a_case(case_id)
    return replace(row, kind="food-poisoning", school_id=school_id, received_at=at, exercise=exercise, status=status)


class Looking:
    """The part under test on a database, with the claim on partition 0."""

    def __init__(self, database: Database, owned: Ownership | None) -> None:
        self.store, self.clock, self.wakes = Store(database), StillClock(), list[int]()
        self._rows = OutboxRows(database)
        self.gatherings = Gatherings(
            Settings(),
            self.store,
            self.clock,
            lambda: COUNTY,
            load_library(),
            lambda: owned,
            lambda: self.wakes.append(1),
        )

    async def save(self, *rows: CaseRow) -> None:
        async with self.store.transaction() as unit:
            await unit.save(rows)

    async def reports(self) -> Sequence[IncidentFiled]:
        rows = await self._rows.pending(["escalation/0"], 100)
        bodies = [decode([(name, value) for name, value in row.headers], row.value).body for row in rows]
        return [body for body in bodies if isinstance(body, IncidentFiled)]


async def test_same_illness_at_two_schools_is_reported_to_the_bureau_once(database: Database) -> None:
    """However often one looks, and though the window moves on while the bureau's case is open."""
    looking = Looking(database, await claim(database))
    await looking.save(ill("one", LAKE), ill("two", LAKE))
    assert await looking.gatherings.look() == 0
    await looking.save(ill("three", HILL))
    assert await looking.gatherings.look() == 1
    assert await looking.gatherings.look() == 0
    assert POLICY.merge_within is not None
    looking.clock.show(NOW + POLICY.merge_within - timedelta(minutes=1))
    assert await looking.gatherings.look() == 0
    (report,) = await looking.reports()
    assert (report.school_id, report.kind, report.exercise) == (BUREAU, KIND, False)
    assert looking.wakes == [1]


async def test_next_outbreak_after_the_first_was_closed_is_reported_anew(database: Database) -> None:
    """The bureau's earlier case hides nothing once it is over."""
    looking = Looking(database, await claim(database))
    await looking.save(ill("one", LAKE), ill("two", HILL))
    assert await looking.gatherings.look() == 1
    later = NOW + timedelta(days=3)
    looking.clock.show(later)
    await looking.save(ill("three", LAKE, at=later), ill("four", HILL, at=later))
    (first,) = await looking.reports()
    await looking.save(replace(a_case(first.case_id), kind=KIND, status="open"))
    assert await looking.gatherings.look() == 0
    await looking.save(replace(a_case(first.case_id), kind=KIND, status="closed"))
    assert await looking.gatherings.look() == 1


async def test_drills_closed_and_old_cases_do_not_count(database: Database) -> None:
    """A drill at one school and an outbreak at another are two things."""
    looking = Looking(database, await claim(database))
    old = NOW - timedelta(hours=3)
    await looking.save(
        ill("one", LAKE),
        ill("drill", HILL, exercise=True),
        ill("closed", HILL, status="closed"),
        ill("old", HILL, at=old),
    )
    assert await looking.gatherings.look() == 0


async def test_worker_without_the_partition_does_not_look(database: Database) -> None:
    """One looks for all."""
    looking = Looking(database, None)
    await looking.save(ill("one", LAKE), ill("two", HILL))
    assert await looking.gatherings.look() == 0
    assert await looking.reports() == []
