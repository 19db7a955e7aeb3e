"""Single facts that this database remembers: the demo clock's origin, the directory's version, cursors."""

from datetime import datetime

import orjson
from sqlalchemy import Executable, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.runtime.clock import Clock, wall_now
from services.runtime.database import Database
from services.runtime.errors import ClockError
from services.runtime.tables import remembered

_CLOCK = "clock"


async def recall(connection: AsyncConnection, name: str) -> str | None:
    """Return a fact, or None when it was never written."""
    statement = select(remembered.c.value).where(remembered.c.name == name)
    return (await connection.execute(statement)).scalar_one_or_none()


async def remember(connection: AsyncConnection, name: str, value: str) -> None:
    """Write a fact, in place of what it was."""
    await connection.execute(remembering(connection, name, value))


def remembering(connection: AsyncConnection, name: str, value: str) -> Executable:
    """Return the statement that writes a fact, for a unit of work that writes at its end."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    return (
        insert(remembered)
        .values(name=name, value=value)
        .on_conflict_do_update(index_elements=[remembered.c.name], set_={"value": value})
    )


async def open_clock(database: Database, speed: float) -> Clock:
    """Return the clock that every service on this database shares.

    Raises:
        ClockError: the database's past was written at another speed, so its time is ahead of the machine's.
    """
    async with database.writing() as connection:
        stored = await recall(connection, _CLOCK)
        if stored is None:
            now = wall_now()
            await remember(connection, _CLOCK, _write(Clock(speed, now, now)))
            return Clock(speed, now, now)
        clock = _read(stored)
        if clock.speed == speed:
            return clock
        if speed == 1.0:
            raise ClockError(
                f"this database was used at TOCSIN_SPEED={clock.speed:g}: its cases lie in a sped-up time. "
                "Use another TOCSIN_DATA_DIR or TOCSIN_DATABASE_URL for real work."
            )
        now = wall_now()
        moved = Clock(speed, now, max(clock.at(now), now))
        await remember(connection, _CLOCK, _write(moved))
        return moved


def _write(clock: Clock) -> str:
    parts = {"speed": clock.speed, "real_origin": clock.real_origin, "origin": clock.origin}
    return orjson.dumps(parts).decode()


def _read(text: str) -> Clock:
    parts = orjson.loads(text)
    return Clock(
        float(parts["speed"]), datetime.fromisoformat(parts["real_origin"]), datetime.fromisoformat(parts["origin"])
    )
