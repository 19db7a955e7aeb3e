"""Cases reach the roll calls of their schools: from the journal, once, and never one that is kept from the school."""

from datetime import timedelta

import pytest

from events.roll_call import CaseNoted, ReportContradicted
from services.runtime.database import Database
from services.runtime.ownership import Ownership
from services.runtime.store import CaseRow, JournalRow
from tests.support.roll_call_desk import Desk
from tests.support.roll_calls import OPENS, answered, minute
from tests.support.store_rows import claim

PARTITION = 3


@pytest.fixture
async def desk(database: Database) -> Desk:
    """The service, following from now on."""
    made = Desk(database)
    await made.begin(OPENS - timedelta(hours=4))
    await made.until(OPENS)
    await follow(made)
    return made


async def follow(desk: Desk) -> None:
    """Follow the journal as far as it goes; what is told of comes back from the bus."""
    while await desk.watch.follow(desk.owned[f"roll_call/{PARTITION}"]):
        pass
    await desk.deliver()


async def judged(
    desk: Desk,
    case_id: str,
    kind: str = "case-opened",
    *,
    school_id: str = "s-1",
    excluded: str = "[]",
    report: str = "fire",
    family: str = "incident",
    exercise: bool = False,
    at: float = 40,
    happened: float = -30,
    seq: int = 1,
) -> None:
    """Store a case and one entry of its journal, as the engine does."""
    owned: Ownership = await claim(desk.database, f"escalation/{PARTITION}")
    times = f'"received_at": "{minute(at).isoformat()}", "occurred_at": "{minute(happened).isoformat()}"'
    state = f'{{{times}, "excluded": {excluded}}}'
    async with desk.store.transaction(owned) as unit:
        row = (case_id, PARTITION, family, report, "III", school_id, "open", exercise)
        await unit.save([CaseRow(*row, minute(at), minute(at), seq, None, state)])
        await unit.record([(owned, JournalRow(case_id, seq, kind, school_id, minute(at), "{}"))])


def told(desk: Desk) -> list[tuple[str, str, bool]]:
    found = [one for one in desk.published if isinstance(one, CaseNoted)]
    return [(one.school_id, one.case_id, one.withdrawn) for one in found]


async def test_case_that_is_filed_later_contradicts_a_zero(desk: Desk) -> None:
    """It happened at half past three, and was filed at twenty to five."""
    await desk.say(answered(minute(-10)))
    desk.clock.show(minute(41))
    await judged(desk, "c-1")
    await follow(desk)
    assert told(desk) == [("s-1", "c-1", False)]
    found = [(one.case_id, one.found) for one in desk.published if isinstance(one, ReportContradicted)]
    assert found == [("c-1", "afterwards")]
    assert {template for _, template in desk.told()} >= {"roll_call_contradicted", "roll_call_flagged"}
    await follow(desk)
    assert len(told(desk)) == 1


async def test_case_that_is_taken_back_contradicts_nothing_any_more(desk: Desk) -> None:
    """It was steam."""
    await desk.say(answered(minute(-10)))
    desk.clock.show(minute(41))
    await judged(desk, "c-1")
    await judged(desk, "c-1", "withdrawn", seq=2)
    await follow(desk)
    await judged(desk, "c-2", seq=1)
    await follow(desk)
    await judged(desk, "c-2", "withdrawn", seq=2)
    await follow(desk)
    assert ("s-1", "c-2", True) in told(desk)
    assert (await desk.sheet()).counts.contradicted == 0


@pytest.mark.parametrize(
    "case",
    [
        {"excluded": '["s-1"]'},
        {"report": "hazard"},
        {"family": "petition"},
        {"exercise": True},
        {"school_id": "b"},
        {"school_id": "s-gone"},
        {"kind": "acknowledged"},
    ],
    ids=str,
)
async def test_what_is_no_incident_of_the_day_is_not_told_of(desk: Desk, case: dict[str, object]) -> None:
    """A case kept from the school, a hazard, a petition, a drill, one of the bureau's own, one of nobody's."""
    await desk.say(answered(minute(-10)))
    desk.clock.show(minute(41))
    await judged(desk, "c-1", **case)  # type: ignore[arg-type]
    await follow(desk)
    assert told(desk) == []
    assert (await desk.sheet()).counts.contradicted == 0


async def test_what_was_in_the_journal_before_the_first_start_is_nobodys(database: Database) -> None:
    """Installed today: the cases of last year contradict nothing."""
    desk = Desk(database)
    await desk.begin(OPENS)
    await judged(desk, "c-old")
    await follow(desk)
    await judged(desk, "c-new")
    await follow(desk)
    assert told(desk) == [("s-1", "c-new", False)]


async def test_restart_goes_on_where_it_was(desk: Desk) -> None:
    """The cursor is in the store, in the transaction that told."""
    await judged(desk, "c-1")
    await follow(desk)
    await desk.begin(minute(45))
    await follow(desk)
    await judged(desk, "c-2")
    await follow(desk)
    assert [case for _, case, _ in told(desk)] == ["c-1", "c-2"]
