"""Who was asked whether messages reach them, and who answered: written by who asks, read by who lists."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Executable, Insert, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.reachability import Asked, Standing
from services.runtime.contact_flags import Unreachable, flags_of, still_unreachable
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.remembered_facts import recall, remember
from services.runtime.tables import reachability

WISH = "reachability_wish"
"""Name of the fact that somebody wants people to be asked now."""


@dataclass(frozen=True, slots=True)
class Wish:
    """That everybody within a unit be asked now, in a round of this name; ``unit_id`` None: everybody."""

    round_id: str
    unit_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """One person, and whether messages reach them."""

    person_id: str
    unit_id: str
    standing: Standing
    asked_at: datetime
    due_at: datetime
    reached_at: datetime | None
    dead: tuple[Unreachable, ...]
    """Their contacts that messages skip."""


async def reach_of(database: Database, directory: DirectorySnapshot, now: datetime) -> list[Reach]:
    """Return how everybody stands who was ever asked and is in the directory, by unit; who left is left out."""
    newest = (
        select(reachability.c.person_id, func.max(reachability.c.asked_at).label("asked_at"))
        .group_by(reachability.c.person_id)
        .subquery()
    )
    same = (reachability.c.person_id == newest.c.person_id) & (reachability.c.asked_at == newest.c.asked_at)
    async with database.reading() as connection:
        rows = await connection.execute(select(*_COLUMNS).join(newest, same))
        asked = [Asked(*row) for row in rows]
        flags = await flags_of(connection, is_sqlite=database.is_sqlite)
    dead: dict[str, list[Unreachable]] = {}
    for flag in still_unreachable(flags.values(), directory):
        dead.setdefault(flag.person_id, []).append(flag)
    found = [
        Reach(
            one.person_id,
            person.unit_id,
            one.standing(now),
            one.asked_at,
            one.due_at,
            one.reached_at,
            tuple(dead.get(one.person_id, ())),
        )
        for one in asked
        if (person := directory.person(one.person_id)) is not None
    ]
    return sorted(found, key=lambda one: (one.unit_id, one.person_id))


def asking(asked: Iterable[Asked]) -> tuple[Insert, list[dict[str, object]]]:
    """Return the statement that stores whom a round asks, with its parameters."""
    return reachability.insert(), [{column.name: getattr(one, column.name) for column in _COLUMNS} for one in asked]


def answering(round_id: str, person_id: str, at: datetime) -> Executable:
    """Return the statement that stores that a person was reached: the first answer counts."""
    return (
        update(reachability)
        .where(
            reachability.c.round_id == round_id,
            reachability.c.person_id == person_id,
            reachability.c.reached_at.is_(None),
        )
        .values(reached_at=at)
    )


async def units_asked(connection: AsyncConnection, round_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Return which units were asked already, as (round, unit)."""
    statement = select(reachability.c.round_id, reachability.c.unit_id).distinct()
    rows = await connection.execute(statement.where(reachability.c.round_id.in_(list(round_ids))))
    return {(row.round_id, row.unit_id) for row in rows}


async def wish(database: Database, wanted: Wish) -> None:
    """Ask that people be asked now; a wish not yet followed gives way to a newer one."""
    async with database.writing() as connection:
        await remember(connection, WISH, orjson.dumps(wanted).decode())


async def wish_in(connection: AsyncConnection) -> Wish | None:
    """Return what was wished last."""
    known = await recall(connection, WISH)
    if known is None:
        return None
    found = orjson.loads(known)
    return Wish(found["round_id"], found["unit_id"], datetime.fromisoformat(found["at"]))


_COLUMNS = tuple(
    reachability.c[name]
    for name in ("round_id", "unit_id", "person_id", "asked_at", "due_at", "contacts", "reached_at")
)
