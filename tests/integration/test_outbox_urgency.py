"""What leaves the outbox first: the urgent overtake reminders, and each case's journal keeps its order."""

from events.base import Urgency
from events.codec import Encoded
from services.runtime.database import Database
from services.runtime.outbox_rows import OutboxRows, Outgoing, Published
from services.runtime.store import Store
from services.runtime.tables import outbox
from tests.support.store_rows import rows_of

ENTRIES, MESSAGES = "tocsin.escalations", "tocsin.notifications"
LANES = ["escalation/0", "escalation/1"]


def record(event_id: str, urgency: Urgency, key: str = "key", topic: str = MESSAGES) -> Outgoing:
    """Return a record of some urgency."""
    return Outgoing(topic, Encoded(event_id, key, [("ce_id", event_id.encode())], b"{}", urgency))


async def put(database: Database, *records: Outgoing, lane: str = LANES[0]) -> None:
    """Commit records to a lane."""
    async with Store(database).transaction() as unit:
        await unit.append([(lane, each) for each in records])


async def numbers(database: Database) -> dict[str, int]:
    """Return the number of each row."""
    return {row.event_id: row.id for row in await rows_of(database, outbox)}


async def test_most_urgent_comes_first_and_within_one_urgency_the_oldest(database: Database) -> None:
    """An alert that was committed last leaves first; two reminders keep their order; bulk comes last."""
    await put(database, record("bulk", Urgency.BULK), record("reminder-1", Urgency.REMINDER))
    await put(database, record("reminder-2", Urgency.REMINDER), record("entry", Urgency.NEXT), lane=LANES[1])
    await put(database, record("alert", Urgency.FIRST))
    rows = await OutboxRows(database).pending(LANES, 10)
    assert [row.event_id for row in rows] == ["alert", "entry", "reminder-1", "reminder-2", "bulk"]


async def test_limit_counts_the_most_urgent_of_all_lanes(database: Database) -> None:
    """A lane full of reminders does not keep another lane's alert out of a small batch."""
    await put(database, *(record(f"reminder-{number}", Urgency.REMINDER) for number in range(5)))
    await put(database, record("alert", Urgency.FIRST), lane=LANES[1])
    rows = await OutboxRows(database).pending(LANES, 2)
    assert [row.event_id for row in rows] == ["alert", "reminder-0"]


async def test_known_rows_are_left_out_and_do_not_use_up_the_limit(database: Database) -> None:
    """What the broker has already, and the outbox does not know of yet, is not published again."""
    await put(database, *(record(f"n{number}", Urgency.FIRST) for number in range(4)))
    known = [number for name, number in (await numbers(database)).items() if name in {"n0", "n1"}]
    rows = await OutboxRows(database).pending(LANES, 2, known)
    assert [row.event_id for row in rows] == ["n2", "n3"]


async def test_bounds_of_urgency_are_kept(database: Database) -> None:
    """Only what lies between the two bounds is returned."""
    await put(database, *(record(urgency.name, urgency) for urgency in reversed(Urgency)))
    rows = OutboxRows(database)
    first = await rows.pending(LANES, 9, least_urgent=Urgency.NEXT)
    rest = await rows.pending(LANES, 9, most_urgent=Urgency.REMINDER)
    assert [row.urgency for row in first] == [Urgency.FIRST, Urgency.NEXT]
    assert [row.urgency for row in rest] == [Urgency.REMINDER, Urgency.BULK]


async def test_older_entry_of_the_same_case_goes_out_before_an_urgent_one(database: Database) -> None:
    """A reminder's entry that still waits is taken along, though the batch was full; another case's is not."""
    await put(
        database,
        record("other-1", Urgency.NEXT, "other", ENTRIES),
        record("case-1", Urgency.NEXT, "case", ENTRIES),
        record("case-2", Urgency.FIRST, "case", ENTRIES),
        record("case-3", Urgency.NEXT, "case", ENTRIES),
        record("case-4", Urgency.FIRST, "case", ENTRIES),
    )
    rows = OutboxRows(database)
    batch = await rows.in_order(await rows.pending(LANES, 2))
    assert [row.event_id for row in batch] == ["case-1", "case-2", "case-3", "case-4"]


async def test_later_entry_of_the_same_case_stays_behind_the_urgent_one(database: Database) -> None:
    """Taking along never turns the order round."""
    await put(
        database,
        record("case-1", Urgency.FIRST, "case", ENTRIES),
        record("case-2", Urgency.NEXT, "case", ENTRIES),
        record("other-1", Urgency.FIRST, "other", ENTRIES),
    )
    rows = OutboxRows(database)
    batch = await rows.in_order(await rows.pending(LANES, 9))
    assert [row.event_id for row in batch] == ["case-1", "other-1", "case-2"]


async def test_entry_that_the_broker_has_is_not_taken_along(database: Database) -> None:
    """A known row is not published again with the next entry of its case."""
    await put(
        database, record("case-1", Urgency.NEXT, "case", ENTRIES), record("case-2", Urgency.FIRST, "case", ENTRIES)
    )
    known = {(await numbers(database))["case-1"]}
    rows = OutboxRows(database)
    batch = await rows.in_order(await rows.pending(LANES, 9, known), known)
    assert [row.event_id for row in batch] == ["case-2"]


async def test_alert_overtakes_the_reminders_of_the_same_person(database: Database) -> None:
    """Messages to one contact have no order between urgencies: an alert waits for nobody's reminders."""
    await put(database, record("reminder", Urgency.REMINDER, "person"), record("alert", Urgency.FIRST, "person"))
    rows = OutboxRows(database)
    batch = await rows.in_order(await rows.pending(LANES, 9))
    assert [row.event_id for row in batch] == ["alert", "reminder"]


async def test_row_that_is_published_again_keeps_its_urgency(database: Database) -> None:
    """What the bus lost goes out again in the same order: the alert before the reminder."""
    await put(database, record("reminder", Urgency.REMINDER), record("alert", Urgency.FIRST))
    ids = await numbers(database)
    rows = OutboxRows(database)
    await rows.settle([Published(ids[name], "id-1", 0, 0) for name in ("reminder", "alert")], [])
    async with database.writing() as connection:
        await connection.execute(outbox.update().values(pending=True))
    assert [row.event_id for row in await rows.pending(LANES, 9)] == ["alert", "reminder"]
