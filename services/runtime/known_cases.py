"""What the store knows of a school's cases: those that an answer must agree with.

Only incidents that the school may hear of, and no drills: a case that is kept from the school is not asked about, for
the question would give it away; a petition is nobody's incident.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.roll_call.school_day import NotedCase
from services.runtime.among import GIVEN, among_given, given
from services.runtime.tables import UtcTime, cases

LONGEST_OPEN = timedelta(days=365)
"""A case that has been open for longer is nobody's daily report any more."""


async def open_cases(
    connection: AsyncConnection, school_ids: Collection[str], now: datetime
) -> dict[str, list[tuple[str, NotedCase]]]:
    """Return (kind, case) of every open incident of these schools, by school."""
    is_sqlite = connection.dialect.name == "sqlite"
    asked = {GIVEN: given(school_ids, is_sqlite=is_sqlite), "since": now - LONGEST_OPEN}
    found: dict[str, list[tuple[str, NotedCase]]] = {}
    for row in await connection.execute(_open_of(is_sqlite=is_sqlite), asked):
        noted = noted_case(row)
        if noted is not None:
            found.setdefault(row.school_id, []).append((row.kind, noted))
    return found


def noted_case(row: Any) -> NotedCase | None:
    """Return a case as an answer meets it, or None when the school may not hear of it."""
    state = orjson.loads(row.state)
    if row.school_id in state.get("excluded", ()) or row.exercise or row.family != "incident":
        return None
    happened = state.get("occurred_at") or state["received_at"]
    return NotedCase(case_id=row.case_id, happened_at=datetime.fromisoformat(happened))


def agreed(found: Sequence[tuple[str, NotedCase]], not_for: Collection[str]) -> list[NotedCase]:
    """Return the cases of kinds that are incidents of the day."""
    return [case for kind, case in found if kind not in not_for]


@cache
def _open_of(*, is_sqlite: bool) -> Select[Any]:
    wanted = among_given(cases.c.school_id, is_sqlite=is_sqlite)
    since = cases.c.received_at >= bindparam("since", type_=UtcTime)
    columns = (cases.c.case_id, cases.c.school_id, cases.c.kind, cases.c.family, cases.c.exercise, cases.c.state)
    return select(*columns).where(wanted, since, cases.c.status == "open")
