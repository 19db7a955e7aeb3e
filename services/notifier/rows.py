"""The ``notifications`` table: one row a notification, from the request to its last outcome.

``next_try_at`` is set while there is something left to do and empty once there is not, so the unfinished rows of a
partition are one short index range, however many finished ones the table keeps. A request held over quiet hours is a
row like any other, whose first try is when they end: whoever owns the partition then sends it, unless it was cancelled.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, bindparam, case, func, literal_column, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.delivery import RECEIPTS, DeliveryState
from events.notification import NotificationCancelled, NotificationRequested
from services.runtime.database import Database
from services.runtime.ownership import Ownership
from services.runtime.store import UnitOfWork
from services.runtime.tables import notifications

RowState = Literal["pending"] | DeliveryState

UNCERTAIN: frozenset[RowState] = frozenset({"attempted", "outcome-unknown"})
"""States in which the provider may have the message. ``attempted`` found at a claim means: died during the call."""

UNFINISHED: frozenset[RowState] = UNCERTAIN | {"pending", "failed-temporary"}
"""States in which there is something left to do; any other is an end, which only a receipt moves."""

NOBODY = "none"
"""The provider of a message that none was asked to carry."""

LONGEST_HOLD = timedelta(hours=24)
"""No quiet hours last longer, so a later ``not_before`` is a mistake, and one that must not silence anybody."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A stored notification that still needs work. ``request`` is the JSON of a NotificationRequested."""

    notification_id: str
    state: RowState
    tries: int
    next_try_at: datetime
    provider: str | None
    is_late: bool
    request: str


@dataclass(frozen=True, slots=True)
class Step:
    """What a row becomes. ``next_try_at`` must be empty in a finished state, and only there."""

    notification_id: str
    state: DeliveryState
    tries: int
    next_try_at: datetime | None
    provider: str
    provider_id: str | None
    reason: str | None
    at: datetime


def first_try_at(request: NotificationRequested, now: datetime) -> datetime:
    """Return when to send a new request: now, or at the end of the quiet hours that it falls in."""
    return now if request.not_before is None else max(now, min(request.not_before, now + LONGEST_HOLD))


async def insert_new(
    unit: UnitOfWork, requests: Sequence[tuple[Ownership, NotificationRequested]], now: datetime
) -> list[tuple[Ownership, NotificationRequested]]:
    """Write requests not seen before as ``pending``, and return them with the claims they came with.

    A repeat is the same row, whatever became of it.
    """
    by_id = {request.notification_id: (owned, request) for owned, request in requests}
    known = await _known(unit.connection, by_id.keys())
    fresh = [pair for notification_id, pair in by_id.items() if notification_id not in known]
    await _insert(unit, [_row(owned.partition, one, "pending", now, first_try_at(one, now)) for owned, one in fresh])
    return fresh


async def insert_cancelled(
    unit: UnitOfWork, cancelled: Sequence[tuple[Ownership, NotificationCancelled]], now: datetime
) -> None:
    """Write the rows of messages whose request has not come: none of them is sent when it does."""
    rows = [
        {**_row(owned.partition, one, "cancelled", now, None), "provider": NOBODY, "reason": one.reason}
        for owned, one in cancelled
    ]
    await _insert(unit, rows)


async def write_steps(unit: UnitOfWork, steps: Sequence[Step]) -> None:
    """Bring rows to what ``steps`` say, in their order.

    A row that a provider's receipt has brought further keeps that: receipts come while an answer is under way, too.
    """
    if steps:
        await unit.write(_WRITE, [_parameters(step) for step in steps])


async def mark_late(unit: UnitOfWork, notification_ids: Sequence[str]) -> None:
    """Note that somebody was told that these are late: whoever takes them over does not tell it again."""
    if notification_ids:
        await unit.write(_LATE, [{"of_id": notification_id} for notification_id in notification_ids])


async def has_receipt(database: Database, notification_id: str) -> bool:
    """Return whether a provider has told that it has this message, however its own answer to the sending was lost."""
    statement = select(notifications.c.state).where(notifications.c.notification_id == notification_id)
    async with database.reading() as connection:
        return (await connection.execute(statement)).scalar_one_or_none() in _FURTHER


async def unfinished(database: Database, partition: int) -> list[Unfinished]:
    """Return the partition's unfinished notifications, earliest due first."""
    statement = (
        select(
            notifications.c.notification_id,
            notifications.c.state,
            notifications.c.tries,
            notifications.c.next_try_at,
            notifications.c.provider,
            notifications.c.is_late,
            notifications.c.request,
        )
        .where(notifications.c.partition == partition, notifications.c.next_try_at.is_not(None), ~_HAS_RECEIPT)
        .order_by(notifications.c.next_try_at)
    )
    async with database.reading() as connection:
        return [Unfinished(*row) for row in await connection.execute(statement)]


async def _known(connection: AsyncConnection, ids: Collection[str]) -> set[str]:
    statement = select(notifications.c.notification_id).where(notifications.c.notification_id.in_(ids))
    return set((await connection.execute(statement)).scalars())


async def _insert(unit: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows; one that is there already stays as it is."""
    if rows:
        insert: Any = sqlite_insert if unit.connection.dialect.name == "sqlite" else postgres_insert
        await unit.write(insert(notifications).on_conflict_do_nothing(), rows)


def _row(
    partition: int,
    message: NotificationRequested | NotificationCancelled,
    state: RowState,
    now: datetime,
    next_try_at: datetime | None,
) -> Mapping[str, Any]:
    return {
        "notification_id": message.notification_id,
        "partition": partition,
        "case_id": message.case_id,
        "contact_id": message.contact_id,
        "channel": message.channel,
        "lane": message.lane,
        "state": state,
        "tries": 0,
        "next_try_at": next_try_at,
        "provider": None,
        "provider_id": None,
        "reason": None,
        "requested_at": message.received_at,
        "updated_at": now,
        "request": message.model_dump_json(exclude_none=True),
    }


_FURTHER = frozenset(state for state in RECEIPTS if state != "handed-over")
"""What only receipts say. None of our own steps goes beyond it."""

_COLUMNS = ("state", "tries", "next_try_at", "provider", "provider_id", "reason")
_NEW = {name: bindparam(f"to_{name}", type_=notifications.c[name].type) for name in _COLUMNS}
_HAS_RECEIPT = or_(*(notifications.c.state == literal_column(f"'{state}'") for state in sorted(_FURTHER)))
_TOLD_BY_ANOTHER = and_(_HAS_RECEIPT, _NEW["provider_id"].is_(None))
"""Who told of the message stays its provider until another has taken it, too: what they tell of its end counts."""

_WRITE = (
    update(notifications)
    .where(notifications.c.notification_id == bindparam("of_id"))
    .values(
        {
            **_NEW,
            **{name: case((_HAS_RECEIPT, notifications.c[name]), else_=_NEW[name]) for name in ("state", "reason")},
            "next_try_at": case((_HAS_RECEIPT, null()), else_=_NEW["next_try_at"]),
            "provider": case((_TOLD_BY_ANOTHER, notifications.c.provider), else_=_NEW["provider"]),
            "provider_id": func.coalesce(_NEW["provider_id"], notifications.c.provider_id),
            "updated_at": bindparam("to_updated_at", type_=notifications.c.updated_at.type),
        }
    )
)
_LATE = update(notifications).where(notifications.c.notification_id == bindparam("of_id")).values(is_late=True)


def _parameters(step: Step) -> Mapping[str, Any]:
    values = {f"to_{name}": getattr(step, name) for name in _COLUMNS}
    return {"of_id": step.notification_id, "to_updated_at": step.at, **values}
