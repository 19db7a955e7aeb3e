"""The statements of a unit of work, each made once: making and naming one costs more than running it.

A unit of thirty records spent a quarter of its time on building the same ten statements again.
"""

from functools import cache
from typing import Any

from sqlalchemy import Executable, Select, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from services.runtime.among import among_given
from services.runtime.tables import cases, consumed, inbox, journal, outbox, ownership

OFFSETS_OF: Select[tuple[str, int, str, int]] = select(
    consumed.c.topic, consumed.c.partition, consumed.c.topic_id, consumed.c.offset
).where(consumed.c.consumer == bindparam("consumer"), consumed.c.topic.in_(bindparam("topics", expanding=True)))
"""Selects how far the ``consumer`` has come in each partition of its ``topics``."""
APPENDING = insert(outbox)
"""Puts records into the outbox."""
RECORDING = insert(journal)
"""Appends to the journal."""
NUMBERING = update(ownership).where(ownership.c.name == bindparam("of")).values(position=bindparam("to"))
"""Moves the journal position of the partition ``of`` to ``to``."""

_MUTABLE = ("severity", "status", "updated_at", "seq", "next_due_at", "state")


@cache
def states_of(*, is_sqlite: bool) -> Select[tuple[str, str]]:
    """Select the stored state of each case in ``GIVEN``."""
    return select(cases.c.case_id, cases.c.state).where(among_given(cases.c.case_id, is_sqlite=is_sqlite))


@cache
def handled(*, is_sqlite: bool) -> Select[tuple[str]]:
    """Select which events in ``GIVEN`` the ``consumer`` has handled."""
    mine = inbox.c.consumer == bindparam("consumer")
    return select(inbox.c.event_id).where(mine, among_given(inbox.c.event_id, is_sqlite=is_sqlite))


@cache
def saving(*, is_sqlite: bool) -> Executable:
    """Write cases as they are now."""
    statement = _inserting(cases, is_sqlite=is_sqlite)
    changed = {name: statement.excluded[name] for name in _MUTABLE}
    upsert: Executable = statement.on_conflict_do_update(index_elements=[cases.c.case_id], set_=changed)
    return upsert


@cache
def remembering(*, is_sqlite: bool) -> Executable:
    """Mark events as handled; one that is marked stays as it is."""
    statement: Executable = _inserting(inbox, is_sqlite=is_sqlite).on_conflict_do_nothing()
    return statement


@cache
def advancing(*, is_sqlite: bool) -> Executable:
    """Store how far a consumer has come."""
    statement = _inserting(consumed, is_sqlite=is_sqlite)
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=[consumed.c.consumer, consumed.c.topic, consumed.c.partition],
        set_={"topic_id": statement.excluded.topic_id, "offset": statement.excluded.offset},
    )
    return upsert


def _inserting(table: Any, *, is_sqlite: bool) -> Any:
    return sqlite_insert(table) if is_sqlite else postgres_insert(table)
