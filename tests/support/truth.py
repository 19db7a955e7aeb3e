"""What must be true of the memory after any fault: nothing lost, nothing doubled, everything replayable."""

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import and_, func, or_, select

from escalation_policies.case import Case
from escalation_policies.machine import replay
from events.escalation import JournalEntry
from events.notification import NotificationRequested
from services.runtime.database import Database
from services.runtime.tables import cases, journal, notifications, outbox


async def assert_whole(database: Database, case_ids: Iterable[str]) -> dict[str, Case]:
    """Check every case against its own journal, and return the cases.

    The journal is gapless and replays to the stored state and to the same effects; each notification is requested
    exactly once, and is either with the notifier or on its way there.
    """
    found: dict[str, Case] = {}
    requested: Counter[str] = Counter()
    for case_id in case_ids:
        async with database.reading() as connection:
            state = (await connection.execute(select(cases.c.state).where(cases.c.case_id == case_id))).scalar_one()
            rows = await connection.execute(
                select(journal.c.entry).where(journal.c.case_id == case_id).order_by(journal.c.seq)
            )
            entries = [JournalEntry.model_validate_json(entry) for entry in rows.scalars()]
        case = Case.model_validate_json(state)
        assert [entry.seq for entry in entries] == list(range(1, case.seq + 1))
        decisions = replay(entries)
        assert decisions[-1].state == case
        effects = [effect for decision in decisions for effect in decision.effects]
        assert [effect for effect in effects if isinstance(effect, JournalEntry)] == entries
        requested.update(e.notification_id for e in effects if isinstance(e, NotificationRequested))
        found[case_id] = case
    assert all(count == 1 for count in requested.values())
    async with database.reading() as connection:
        taken = set((await connection.execute(select(notifications.c.notification_id))).scalars())
        underway = set((await connection.execute(select(outbox.c.event_id))).scalars())
    lost = requested.keys() - taken - underway
    assert not lost, f"{len(lost)} notifications were requested and are nowhere"
    return found


async def outstanding(database: Database) -> set[str]:
    """Return the notifications requested by now that are not handed over yet; a reminder may be passed over instead."""
    requested = select(outbox.c.event_id).where(outbox.c.topic.endswith("notifications"))
    is_over = and_(notifications.c.state == "skipped", notifications.c.lane == "reminder")
    ended = or_(notifications.c.state == "handed-over", is_over)
    unfinished = select(notifications.c.notification_id).where(~ended)
    finished = select(notifications.c.notification_id).where(ended)
    async with database.reading() as connection:
        known = set((await connection.execute(requested)).scalars())
        known |= set((await connection.execute(unfinished)).scalars())
        return known - set((await connection.execute(finished)).scalars())


async def assert_positions_gapless(database: Database) -> None:
    """Check that each partition's journal is numbered 1, 2, 3, … ."""
    async with database.reading() as connection:
        rows = await connection.execute(
            select(journal.c.partition, func.count(), func.max(journal.c.position)).group_by(journal.c.partition)
        )
        for partition, count, last in rows:
            assert count == last, f"partition {partition}: {count} entries, last position {last}"
