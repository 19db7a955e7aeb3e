"""What the intake writes: facts into the outbox, and answers that a repeated request gets again.

Each verb is part of the caller's transaction: the fact and the memory of having taken it are stored together or not
at all, before anybody is told that it was accepted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.schema import Family
from events.base import CaseFact
from events.codec import encode
from events.roll_call import RollCallFact
from events.topics import TopicName
from services.intake.deps import Deps
from services.intake.problems import Problem
from services.runtime.outbox_rows import Outgoing
from services.runtime.store import UnitOfWork
from services.runtime.tables import idempotency

SOURCE = "/tocsin/intake"
TOPICS: Mapping[Family, TopicName] = {"incident": "incidents", "petition": "petitions"}
"""Where the facts about a case go, by its family."""

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context, level 1, §3.2."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that may be repeated: whose, under which key, with what content."""

    actor: str
    key: str
    content_hash: str


async def append_fact(
    deps: Deps,
    unit: UnitOfWork,
    fact: CaseFact,
    event_id: str,
    traceparent: str | None = None,
    *,
    family: Family = "incident",
) -> None:
    """Put a fact about a case of this family into this worker's outbox lane."""
    known = traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None
    record = encode(
        fact,
        event_id=event_id,
        key=fact.case_id,
        source=SOURCE,
        time=fact.received_at,
        event_type=fact.TYPE,
        traceparent=known,
    )
    await unit.append([(deps.lane, Outgoing(deps.settings.topic(TOPICS[family]), record))])


async def append_roll_call_fact(
    deps: Deps, unit: UnitOfWork, fact: RollCallFact, event_id: str, traceparent: str | None = None
) -> None:
    """Put a fact about a roll call into this worker's outbox lane."""
    known = traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None
    record = encode(
        fact,
        event_id=event_id,
        key=fact.unit_id,
        source=SOURCE,
        time=fact.received_at,
        event_type=fact.TYPE,
        traceparent=known,
    )
    await unit.append([(deps.lane, Outgoing(deps.settings.topic("zero-reports"), record))])


async def insert_once(connection: AsyncConnection, table: Table, row: dict[str, Any]) -> bool:
    """Insert ``row`` unless its primary key exists, also against a transaction that is about to commit it."""
    insert: Any = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    keys = list(table.primary_key.columns)
    statement = insert(table).values(**row).on_conflict_do_nothing(index_elements=keys).returning(*keys)
    return (await connection.execute(statement)).one_or_none() is not None


async def is_remembered(unit: UnitOfWork, actor: str, key: str) -> bool:
    """Return whether an answer to this request of ``actor`` is stored, also by this unit of work."""
    statement = select(idempotency.c.key).where(idempotency.c.actor == actor, idempotency.c.key == key)
    return (await unit.connection.execute(statement)).one_or_none() is not None


async def remember(unit: UnitOfWork, keyed: Keyed, response: str, at: datetime) -> str | None:
    """Remember the answer to a keyed request; return the earlier answer instead when it is a repeat.

    Raises:
        Problem: 409, the key was used before for something else.
    """
    row = {"actor": keyed.actor, "key": keyed.key, "content_hash": keyed.content_hash, "response": response}
    if await insert_once(unit.connection, idempotency, {**row, "created_at": at}):
        return None
    statement = select(idempotency.c.content_hash, idempotency.c.response).where(
        idempotency.c.actor == keyed.actor, idempotency.c.key == keyed.key
    )
    earlier = (await unit.connection.execute(statement)).one()
    if earlier.content_hash != keyed.content_hash:
        detail = "This Idempotency-Key was used before with other content. Nothing was stored: send it with a new key."
        raise Problem("different-content", detail)
    found: str = earlier.response
    return found
