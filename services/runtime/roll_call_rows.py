"""Roll calls and school days as they are stored: what the roll-call service writes, and whoever shows them reads."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

import orjson
from sqlalchemy import Executable, Select, bindparam, case, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.roll_call.call import RollCall, Taken
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.school_day import SchoolDay
from services.runtime.among import GIVEN, among_given, given
from services.runtime.home import home_partition
from services.runtime.tables import roll_call_parts, roll_calls, school_days

Key = tuple[str, str]
"""(roll call id, school id)."""


@dataclass(frozen=True, slots=True)
class StoredCall:
    """A roll call with the number of its last change."""

    call: RollCall
    changes: int


@dataclass(frozen=True, slots=True)
class Part:
    """How far a partition has come with a roll call: the steps taken, and the last school of the one under way."""

    taken: tuple[Taken, ...] = ()
    after: str | None = None


def call_row(stored: StoredCall) -> dict[str, Any]:
    """Return a roll call as it is stored."""
    call = stored.call
    return {
        "roll_call_id": call.roll_call_id,
        "partition": home_partition(call.window.bureau_id),
        "bureau_id": call.window.bureau_id,
        "date": call.window.date.isoformat(),
        "call": call.window.call,
        "opens_at": call.window.opens_at,
        "cut_off": call.cut_off,
        "closes_at": call.window.closes_at,
        "is_open": call.closed_at is None,
        "exercise": call.exercise,
        "changes": stored.changes,
        "schedule": _schedule_text(call.schedule),
        "state": call.model_dump_json(exclude={"schedule"}, exclude_defaults=True),
    }


def read_call(row: Any) -> StoredCall:
    """Return the roll call of a row that has ``changes``, ``schedule`` and ``state``."""
    return StoredCall(_call(row.state, row.schedule), row.changes)


def day_row(day: SchoolDay, on: date) -> dict[str, Any]:
    """Return a school day as it is stored."""
    first, answer = day.first, day.answer
    return {
        "roll_call_id": day.roll_call_id,
        "school_id": day.school_id,
        "partition": home_partition(day.school_id),
        "date": on.isoformat(),
        "first_at": first.received_at if first is not None else None,
        "answer": answer.status if answer is not None else None,
        "contradicted": bool(day.contradicting),
        "state": day.model_dump_json(exclude_defaults=True),
    }


def part_row(roll_call_id: str, partition: int, part: Part) -> dict[str, Any]:
    """Return how far a partition has come as it is stored."""
    taken = orjson.dumps([[one.step, one.revision] for one in part.taken]).decode()
    return {"roll_call_id": roll_call_id, "partition": partition, "taken": taken, "after": part.after}


def read_part(row: Any) -> Part:
    """Return how far a partition has come."""
    return Part(tuple(Taken(step=step, revision=revision) for step, revision in orjson.loads(row.taken)), row.after)


class RollCallRows:
    """Questions about roll calls, on one connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"

    async def open_changes(self) -> dict[str, int]:
        """Return every open roll call with the number of its last change."""
        found = await self._connection.execute(_open_changes())
        return {row.roll_call_id: row.changes for row in found}

    async def calls(self, ids: Collection[str]) -> dict[str, StoredCall]:
        """Return the roll calls of these ids that exist."""
        found = await self._connection.execute(_calls_of(is_sqlite=self._is_sqlite), self._given(ids))
        return {row.roll_call_id: read_call(row) for row in found}

    async def calls_on(self, bureau_id: str, on: date) -> list[StoredCall]:
        """Return a bureau's roll calls of a day, in the order in which they open."""
        found = await self._connection.execute(_calls_on(), {"bureau": bureau_id, "on": on.isoformat()})
        return [read_call(row) for row in found]

    async def days(self, on: date, school_ids: Collection[str]) -> dict[Key, SchoolDay]:
        """Return the school days of these schools on a date, by (roll call id, school id)."""
        asked = {"on": on.isoformat(), **self._given(school_ids)}
        rows = await self._connection.execute(_days_of(is_sqlite=self._is_sqlite), asked)
        days = (SchoolDay.model_validate_json(row.state) for row in rows)
        return {(day.roll_call_id, day.school_id): day for day in days}

    async def days_in(self, roll_call_id: str) -> dict[str, SchoolDay]:
        """Return every school day of a roll call, by school."""
        rows = await self._connection.execute(_all_days(), {"roll_call": roll_call_id})
        return {row.school_id: SchoolDay.model_validate_json(row.state) for row in rows}

    async def unanswered(self, on: date, school_ids: Collection[str]) -> tuple[set[Key], dict[Key, SchoolDay]]:
        """Return who of these schools has answered on a date, and the days of those that have a row and have not.

        Both by (roll call id, school id). Whoever has answered is not read: they are the most, and need nothing.
        """
        asked = {"on": on.isoformat(), **self._given(school_ids)}
        rows = (await self._connection.execute(_standing_of(is_sqlite=self._is_sqlite), asked)).all()
        answered = {(row.roll_call_id, row.school_id) for row in rows if row.state is None}
        days = [SchoolDay.model_validate_json(row.state) for row in rows if row.state is not None]
        return answered, {(day.roll_call_id, day.school_id): day for day in days}

    async def parts(self, partition: int, roll_call_ids: Collection[str]) -> dict[str, Part]:
        """Return how far a partition has come with these roll calls."""
        rows = await self._connection.execute(
            _parts_of(is_sqlite=self._is_sqlite), {"partition": partition, **self._given(roll_call_ids)}
        )
        return {row.roll_call_id: read_part(row) for row in rows}

    async def parts_of(self, roll_call_id: str) -> dict[int, Part]:
        """Return how far each partition has come with a roll call."""
        rows = await self._connection.execute(_all_parts(), {"roll_call": roll_call_id})
        return {row.partition: read_part(row) for row in rows}

    def _given(self, values: Collection[str]) -> Mapping[str, Any]:
        return {GIVEN: given(values, is_sqlite=self._is_sqlite)}


def saving_calls(*, is_sqlite: bool) -> Executable:
    """Write roll calls as they are now."""
    return _upsert("roll_calls", is_sqlite=is_sqlite)


def saving_days(*, is_sqlite: bool) -> Executable:
    """Write school days as they are now."""
    return _upsert("school_days", is_sqlite=is_sqlite)


def saving_parts(*, is_sqlite: bool) -> Executable:
    """Write how far partitions have come."""
    return _upsert("roll_call_parts", is_sqlite=is_sqlite)


_TABLES: Mapping[str, tuple[Any, Sequence[str]]] = {
    "roll_calls": (roll_calls, ("opens_at", "cut_off", "closes_at", "is_open", "changes", "state")),
    "school_days": (school_days, ("first_at", "answer", "contradicted", "state")),
    "roll_call_parts": (roll_call_parts, ("taken", "after")),
}


@cache
def _upsert(name: str, *, is_sqlite: bool) -> Executable:
    table, changing = _TABLES[name]
    statement: Any = sqlite_insert(table) if is_sqlite else postgres_insert(table)
    keys: Iterable[Any] = table.primary_key.columns
    upsert: Executable = statement.on_conflict_do_update(
        index_elements=list(keys), set_={column: statement.excluded[column] for column in changing}
    )
    return upsert


@cache
def _open_changes() -> Select[Any]:
    return select(roll_calls.c.roll_call_id, roll_calls.c.changes).where(roll_calls.c.is_open)


@cache
def _calls_of(*, is_sqlite: bool) -> Select[Any]:
    return select(roll_calls).where(among_given(roll_calls.c.roll_call_id, is_sqlite=is_sqlite))


@cache
def _calls_on() -> Select[Any]:
    mine = (roll_calls.c.bureau_id == bindparam("bureau"), roll_calls.c.date == bindparam("on"))
    return select(roll_calls).where(*mine).order_by(roll_calls.c.opens_at, roll_calls.c.call)


@cache
def _days_of(*, is_sqlite: bool) -> Select[Any]:
    wanted = among_given(school_days.c.school_id, is_sqlite=is_sqlite)
    return select(school_days.c.state).where(wanted, school_days.c.date == bindparam("on"))


@cache
def _standing_of(*, is_sqlite: bool) -> Select[Any]:
    wanted = among_given(school_days.c.school_id, is_sqlite=is_sqlite)
    state = case((school_days.c.first_at.is_(None), school_days.c.state))
    return select(school_days.c.roll_call_id, school_days.c.school_id, state.label("state")).where(
        wanted, school_days.c.date == bindparam("on")
    )


@cache
def _all_days() -> Select[Any]:
    mine = school_days.c.roll_call_id == bindparam("roll_call")
    return select(school_days.c.school_id, school_days.c.state).where(mine)


@cache
def _parts_of(*, is_sqlite: bool) -> Select[Any]:
    wanted = among_given(roll_call_parts.c.roll_call_id, is_sqlite=is_sqlite)
    return select(roll_call_parts).where(roll_call_parts.c.partition == bindparam("partition"), wanted)


@lru_cache(maxsize=4096)
def _call(state: str, schedule: str) -> RollCall:
    """Return a roll call as it was read before, if it is the same: a cut-off reads each many times over."""
    return RollCall.model_validate({**orjson.loads(state), "schedule": _schedule(schedule)})


@cache
def _all_parts() -> Select[Any]:
    return select(roll_call_parts).where(roll_call_parts.c.roll_call_id == bindparam("roll_call"))


@lru_cache(maxsize=256)
def _schedule(text: str) -> Schedule:
    return Schedule.model_validate_json(text)


@lru_cache(maxsize=256)
def _schedule_text(schedule: Schedule) -> str:
    return schedule.model_dump_json()
