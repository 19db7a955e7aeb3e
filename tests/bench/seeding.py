"""Opens many cases at once, through the real machine and store, their next deadlines where the bench wants them."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from events.escalation import JournalEntry
from events.incident import IncidentFiled
from events.topics import PARTITIONS
from services.escalation.docket import case_row, journal_row
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import CaseRow, JournalRow, Store

PAGE = 2_000
FIRST_REMINDER = timedelta(minutes=5)
POLICIES = load_library()


async def seed_cases(
    store: Store, directory: DirectorySnapshot, count: int, *, first_due: datetime, rate: float, near: int
) -> None:
    """Open ``count`` cases. The first reminders of ``near`` of them fall due from ``first_due`` on, ``rate`` a second.

    The others' fall due an hour later, outside the measurement but inside the store and its index. They are copies of
    one case under other ids, without their history: it is not read when a deadline fires.
    """
    rows = OwnershipRows(store.database, "bench", 600.0)
    claims: dict[int, Ownership] = {}
    for partition in range(PARTITIONS):
        claim = await rows.claim(f"escalation/{partition}")
        assert claim is not None
        claims[partition] = claim
    far, _ = _opened(directory, "bench-far-template", first_due + timedelta(hours=1))
    for start in range(0, count, PAGE):
        found: list[CaseRow] = []
        history: list[JournalRow] = []
        for number in range(start, min(start + PAGE, count)):
            case_id = f"bench-{count}-{number}"
            if number < near:
                row, entries = _opened(directory, case_id, first_due + timedelta(seconds=number / rate))
                history += entries
            else:
                row = replace(far, case_id=case_id, state=far.state.replace(far.case_id, case_id))
            found.append(replace(row, partition=home_partition(case_id)))
        async with store.transaction(*claims.values()) as unit:
            await unit.save(found)
            await unit.record([(claims[home_partition(row.case_id)], row) for row in history])
    await rows.release(list(claims.values()))


def _opened(directory: DirectorySnapshot, case_id: str, due: datetime) -> tuple[CaseRow, list[JournalRow]]:
    event = IncidentFiled(
        case_id=case_id,
        report_id=case_id,
        school_id="school-1",
        kind="fire",
        severity="IV",
        received_at=due - FIRST_REMINDER,
    )
    decision = judge(None, event, directory, POLICIES, event.received_at)[-1]
    assert decision.state is not None
    entries = [journal_row(effect) for effect in decision.effects if isinstance(effect, JournalEntry)]
    return case_row(decision.state, home_partition(case_id)), entries
