"""Two workers of the roll-call service: what one has just written, the other judges by."""

from collections.abc import Collection
from dataclasses import replace

import pytest

from escalation_policies.roll_call.loader import Schedules
from events.ids import roll_call_id
from events.roll_call import SchoolExcused
from services.runtime.database import Database
from services.runtime.open_calls import OpenCalls
from services.runtime.roll_call_rows import RollCallRows, StoredCall
from tests.integration.test_roll_call_service import EXTRA, open_desk
from tests.support.roll_call_desk import ID, Desk
from tests.support.roll_calls import BUREAU, DIRECTORY, MONDAY, OFFICER, answered, minute, schedule


@pytest.mark.parametrize("is_named", [True, False])
async def test_what_is_said_of_a_roll_call_that_another_worker_has_just_opened_is_about_it(
    database: Database, *, is_named: bool
) -> None:
    """Workers look at each other's roll calls once a second; whoever answers within it is heard all the same."""
    desk, other = await open_desk(database), Desk(database)
    await desk.until(minute(30))
    await other.begin(minute(30))
    assert len(await other.calls.on(BUREAU, MONDAY)) == 1
    await desk.claim()
    await desk.say(EXTRA)
    await other.take_over(desk)
    excused = SchoolExcused(school_id="s-3", date=MONDAY, received_at=minute(31), by=OFFICER, reason="water")
    await other.say(answered(minute(31), call="extra" if is_named else None), excused)
    assert other.letters == []
    counts = (await other.sheet(roll_call_id(BUREAU, MONDAY.isoformat(), "extra"))).counts
    assert (counts.confirmed, counts.excused) == (1, 1)


async def test_a_roll_call_that_is_put_while_others_are_read_is_not_taken_for_closed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before it was opened cannot say that it has closed."""
    desk = await open_desk(database)
    await desk.until(minute(30))
    stored, calls = await desk.call(), OpenCalls(database, Schedules([schedule()]), lambda: DIRECTORY)

    async def read_before_it_was_opened(_: RollCallRows) -> dict[str, int]:
        calls.put(stored)
        return {}

    monkeypatch.setattr(RollCallRows, "open_changes", read_before_it_was_opened)
    assert await calls.refresh() == ([stored.call], [])
    assert calls.get(ID) == stored.call


async def test_a_roll_call_that_is_put_while_others_are_read_is_not_written_over_by_an_older_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step taken here meanwhile is newer than what the reading brings."""
    desk = await open_desk(database)
    older = await desk.call()
    await desk.until(minute(30))
    newer = replace(older, changes=older.changes + 1)
    calls = OpenCalls(database, Schedules([schedule()]), lambda: DIRECTORY)

    async def read_what_was_before(_: RollCallRows, wanted: Collection[str]) -> dict[str, StoredCall]:
        calls.put(newer)
        return dict.fromkeys(wanted, older)

    monkeypatch.setattr(RollCallRows, "calls", read_what_was_before)
    await calls.catch_up()
    await calls.refresh()
    assert calls._open[ID] == newer
