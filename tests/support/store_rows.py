"""What tests of the memory write and look at: claims, cases, journal entries, records on their way, whole tables."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, Table, select

from escalation_policies.loader import load_library
from events.codec import Encoded
from services.escalation.consumer import EscalationConsumer
from services.escalation.timers import Timers
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import CaseRow, JournalRow, Store
from tests.support.intake import COUNTY

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CODE_KEY = b"k" * 32


async def claim(database: Database, name: str = "escalation/0", *, lease_seconds: float = 60.0) -> Ownership:
    """Claim ``name``, whoever held it. A lease below zero has run out already."""
    owned = await OwnershipRows(database, "test", lease_seconds).claim(name)
    assert owned is not None
    return owned


def a_case(case_id: str, partition: int = 0, due: datetime | None = None, state: str = "{}") -> CaseRow:
    """Return a case as stored; the store does not look into its state."""
    return CaseRow(
        case_id, partition, "incident", "fire", "III", "school-lake", "open", False, START, START, 1, due, state
    )


def an_entry(case_id: str, seq: int) -> JournalRow:
    """Return one entry of a case's history."""
    return JournalRow(case_id, seq, "incident-filed", "school-lake", START, "{}")


def outgoing(event_id: str, topic: str = "tocsin.notifications") -> Outgoing:
    """Return a record on its way."""
    return Outgoing(topic, Encoded(event_id, "key", [("ce_id", event_id.encode())], b"{}"))


async def rows_of(database: Database, table: Table) -> list[Row[Any]]:
    """Return every row of a table, in the order of its primary key."""
    async with database.reading() as connection:
        return list(await connection.execute(select(table).order_by(*table.primary_key.columns)))


def escalation_on(
    database: Database, clock: Clock, claims: Callable[[str], Ownership | None], timers: Timers | None = None
) -> EscalationConsumer:
    """Return the escalation service's consumer on a database, with the small county and the built-in policies."""
    store = Store(database)
    return EscalationConsumer(
        Settings(),
        store,
        clock,
        lambda: COUNTY,
        load_library(),
        CODE_KEY,
        timers or Timers(store, clock, timedelta(minutes=10)),
        claims,
        lambda: None,
    )
