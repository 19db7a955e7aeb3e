"""Opens many cases at once, through the real machine and store, their next deadlines where the bench wants them."""

from datetime import datetime, timedelta

from escalation_policies.case import Case
from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from events.escalation import JournalEntry
from events.incident import IncidentFiled
from services.escalation.docket import case_row, journal_row
from services.escalation.home import home_partition
from services.runtime.directory import DirectorySnapshot
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.store import Store

PAGE = 2_000
FIRST_REMINDER = timedelta(minutes=5)


async def seed_cases(
    store: Store, directory: DirectorySnapshot, count: int, *, first_due: datetime, rate: float, near: int
) -> None:
    """Open ``count`` cases. The first reminders of ``near`` of them fall due from ``first_due`` on, ``rate`` a second;
    the others' an hour later, outside the measurement but inside the store and its index."""
    rows = OwnershipRows(store.database, "bench", 60.0)
    claims: dict[int, Ownership] = {}
    for partition in range(12):
        claim = await rows.claim(f"escalation/{partition}")
        assert claim is not None
        claims[partition] = claim
    policies = load_library()
    for start in range(0, count, PAGE):
        batches: dict[int, list[tuple[Case, list[JournalEntry]]]] = {}
        for number in range(start, min(start + PAGE, count)):
            due = first_due + timedelta(seconds=number / rate, hours=0 if number < near else 1)
            case_id = f"bench-{count}-{number}"
            event = IncidentFiled(
                case_id=case_id,
                report_id=case_id,
                school_id=f"school-{1 + number % 2}",
                kind="fire",
                severity="IV",
                received_at=due - FIRST_REMINDER,
            )
            decision = judge(None, event, directory, policies, event.received_at)[-1]
            assert decision.state is not None
            entries = [effect for effect in decision.effects if isinstance(effect, JournalEntry)]
            batches.setdefault(home_partition(case_id), []).append((decision.state, entries))
        for partition, cases in batches.items():
            async with store.transaction(claims[partition]) as unit:
                await unit.save([case_row(case, partition) for case, _ in cases])
                await unit.record([(claims[partition], journal_row(e)) for _, entries in cases for e in entries])
    await rows.release(list(claims.values()))
