"""The outbox: records written with the state they follow from, published afterwards, kept until confirmed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import bindparam, delete, select, update

from events.codec import Encoded
from events.envelope import Headers
from services.runtime.among import among
from services.runtime.database import Database
from services.runtime.tables import outbox


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
        "tries": 0,
    }


class OutboxRows:
    """The outbox's verbs for the relay and the reconciler."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, lanes: Sequence[str], limit: int, known: Collection[int] = ()) -> list[OutboxRow]:
        """Return the oldest unpublished rows of ``lanes``, in order, without the ``known`` ones."""
        statement = (
            select(outbox)
            .where(
                outbox.c.lane.in_(lanes),
                outbox.c.pending,
                ~among(outbox.c.id, known, is_sqlite=self._database.is_sqlite),
            )
            .order_by(outbox.c.id)
            .limit(limit)
        )
        async with self._database.reading() as connection:
            return [_row(row) for row in await connection.execute(statement)]

    async def settle(self, kept: Sequence[Published], done: Sequence[int]) -> None:
        """After the broker's acknowledgement: keep rows that a consumer must confirm, delete the others."""
        async with self._database.writing() as connection:
            if kept:
                await connection.execute(
                    update(outbox)
                    .where(outbox.c.id == bindparam("row"))
                    .values(
                        pending=False,
                        published_at=self._database.now_micros,
                        topic_id=bindparam("incarnation"),
                        partition=bindparam("at_partition"),
                        offset=bindparam("at_offset"),
                        tries=outbox.c.tries + 1,
                    ),
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
                settled = among(outbox.c.id, done, is_sqlite=self._database.is_sqlite)
                await connection.execute(delete(outbox).where(settled))


def _row(row: object) -> OutboxRow:
    headers = [(name, value.encode()) for name, value in orjson.loads(row.headers)]  # type: ignore[attr-defined]
    return OutboxRow(row.id, row.topic, row.key, row.event_id, headers, row.value)  # type: ignore[attr-defined]
