"""The outbox: records written with the state they follow from, published afterwards, kept until confirmed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson
from sqlalchemy import Delete, Integer, Select, bindparam, delete, literal_column, select, union_all, update

from events.base import Urgency
from events.codec import Encoded
from events.envelope import Headers
from events.topics import TopicName
from services.runtime.among import GIVEN, among_given, given
from services.runtime.database import Database
from services.runtime.tables import outbox

CONFIRMED_BY: Mapping[TopicName, str] = {
    "incidents": "escalation",
    "petitions": "escalation",
    "zero-reports": "roll_call",
    "notifications": "notifier",
}
"""Topics whose records a service of ours must handle, and which: their rows wait for its inbox."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record on its way to ``topic`` (its full name)."""

    topic: str
    record: Encoded


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A stored record with its number."""

    id: int
    topic: str
    key: str
    event_id: str
    headers: Headers
    value: bytes
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Published:
    """Where the broker put a row."""

    id: int
    topic_id: str
    partition: int
    offset: int


def outgoing_row(lane: str, outgoing: Outgoing) -> dict[str, Any]:
    """Return the outbox row of a record on its way: pending, never tried."""
    return {
        "lane": lane,
        "topic": outgoing.topic,
        "key": outgoing.record.key,
        "event_id": outgoing.record.event_id,
        "headers": orjson.dumps([[name, value.decode()] for name, value in outgoing.record.headers]).decode(),
        "value": outgoing.record.value,
        "pending": True,
        "urgency": outgoing.record.urgency,
        "tries": 0,
    }


class OutboxRows:
    """The outbox's verbs for the relay and the reconciler."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keeping = (
            update(outbox)
            .where(outbox.c.id == bindparam("row"))
            .values(
                pending=False,
                published_at=database.now_micros,
                topic_id=bindparam("incarnation"),
                partition=bindparam("at_partition"),
                offset=bindparam("at_offset"),
                tries=outbox.c.tries + 1,
            )
        )

    async def pending(
        self,
        lanes: Sequence[str],
        limit: int,
        known: Collection[int] = (),
        *,
        most_urgent: Urgency = Urgency.FIRST,
        least_urgent: Urgency = Urgency.BULK,
    ) -> list[OutboxRow]:
        """Return unpublished rows of ``lanes`` without the ``known`` ones: the most urgent first, then the oldest.

        Each lane is read on its own, from the front of its index: the cost does not grow with what waits behind.
        """
        if not lanes or limit <= 0:
            return []
        limits = {"most": most_urgent, "least": least_urgent, "count": limit + len(known)}
        async with self._database.reading() as connection:
            front = await connection.execute(_front(tuple(lanes)), limits)
            found = [row.id for row in front if row.id not in known]
            if not found:
                return []
            is_sqlite = self._database.is_sqlite
            rows = await connection.execute(_whole(is_sqlite), {GIVEN: given(found[:limit], is_sqlite=is_sqlite)})
            return [_row(row) for row in rows]

    async def in_order(self, rows: Sequence[OutboxRow], known: Collection[int] = ()) -> list[OutboxRow]:
        """Return ``rows`` with what they would overtake: a journal is numbered, and each case keeps its order.

        Messages to one person have no such order: an alert overtakes the reminders of other cases.
        """
        first = [row for row in rows if row.urgency == Urgency.FIRST]
        if not first:
            return list(rows)
        is_sqlite = self._database.is_sqlite
        keys = {GIVEN: given({row.key for row in first}, is_sqlite=is_sqlite)}
        async with self._database.reading() as connection:
            found = [_row(row) for row in await connection.execute(_entries_of(is_sqlite), keys)]
        last = {(row.topic, row.key): row.id for row in first}
        before = {row.id: row for row in found if row.id < last.get((row.topic, row.key), 0) and row.id not in known}
        after = [row for row in rows if row.urgency > Urgency.FIRST and row.id not in before]
        return [*sorted([*first, *before.values()], key=lambda row: row.id), *after]

    async def settle(self, kept: Sequence[Published], done: Sequence[int]) -> None:
        """After the broker's acknowledgement: keep rows that a consumer must confirm, delete the others."""
        async with self._database.writing() as connection:
            if kept:
                await connection.execute(
                    self._keeping,
                    [
                        {
                            "row": row.id,
                            "incarnation": row.topic_id,
                            "at_partition": row.partition,
                            "at_offset": row.offset,
                        }
                        for row in kept
                    ],
                )
            if done:
                is_sqlite = self._database.is_sqlite
                await connection.execute(_deleting(is_sqlite), {GIVEN: given(done, is_sqlite=is_sqlite)})


@lru_cache(maxsize=64)
def _front(lanes: tuple[str, ...]) -> Select[tuple[int, int]]:
    """Return the statement for the front of these lanes: made once, for making and naming it costs more than asking."""
    columns, count = (outbox.c.urgency, outbox.c.id), bindparam("count", type_=Integer)
    between = outbox.c.urgency.between(bindparam("most", type_=Integer), bindparam("least", type_=Integer))
    fronts = [
        select(*columns)
        .where(outbox.c.lane == lane, outbox.c.pending, between)
        .order_by(*columns)
        .limit(count)
        .subquery()
        for lane in lanes
    ]
    every = union_all(*(select(each) for each in fronts)).subquery()
    return select(every.c.urgency, every.c.id).order_by(every.c.urgency, every.c.id).limit(count)


@cache
def _whole(is_sqlite: bool) -> Select[Any]:
    wanted = among_given(outbox.c.id, is_sqlite=is_sqlite)
    return select(outbox).where(wanted).order_by(outbox.c.urgency, outbox.c.id)


@cache
def _entries_of(is_sqlite: bool) -> Select[Any]:
    keys = among_given(outbox.c.key, is_sqlite=is_sqlite)
    return select(outbox).where(keys, outbox.c.pending, outbox.c.urgency == literal_column(f"{Urgency.NEXT:d}"))


@cache
def _deleting(is_sqlite: bool) -> Delete:
    return delete(outbox).where(among_given(outbox.c.id, is_sqlite=is_sqlite))


def _row(row: object) -> OutboxRow:
    headers = [(name, value.encode()) for name, value in orjson.loads(row.headers)]  # type: ignore[attr-defined]
    return OutboxRow(row.id, row.topic, row.key, row.event_id, headers, row.value, Urgency(row.urgency))  # type: ignore[attr-defined]
