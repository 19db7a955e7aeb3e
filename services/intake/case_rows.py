"""What the intake reads of cases. A case that was filed but not yet judged is known by its report alone.

Its content is then still in the outbox: rows stay there until whoever judges has confirmed them.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.case import Case
from escalation_policies.schema import Family
from events.codec import decode
from events.errors import EventError
from events.incident import IncidentFiled
from services.runtime.database import Database
from services.runtime.tables import EPOCH, cases, joined_reports, outbox, reports, to_micros


@dataclass(frozen=True, slots=True)
class Known:
    """A case as far as it is known: judged (``case``), or received only (``filed``, when the outbox still has it)."""

    case_id: str
    school_id: str
    received_at: datetime
    case: Case | None = None
    filed: IncidentFiled | None = None
    response: str | None = None
    hidden_at_filing: tuple[str, ...] = ()

    @property
    def hidden_from(self) -> tuple[str, ...]:
        """Return the persons and units for whom the case does not exist."""
        return self.case.excluded if self.case is not None else self.hidden_at_filing

    @property
    def family(self) -> Family:
        """Return what kind of matter it is. A petition is known here only when it is judged."""
        return self.case.family if self.case is not None else "incident"


Visible = Callable[[Known], bool]
Fetch = Callable[["Cursor | None", int], Awaitable[list[Known]]]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list, newest first: behind this case."""

    received_at: datetime
    case_id: str

    def __str__(self) -> str:
        text = f"{to_micros(self.received_at)}:{self.case_id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the cursor that ``str`` made. Raises ValueError for anything else."""
        try:
            plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
            micros, _, case_id = plain.partition(":")
            moment = EPOCH + timedelta(microseconds=int(micros))
        except (binascii.Error, UnicodeError, ValueError, OverflowError) as error:
            raise ValueError("not a cursor of this list") from error
        if not case_id or not case_id.isprintable():
            raise ValueError("not a cursor of this list")
        return cls(moment, case_id)


class CaseRows:
    """The intake's questions about cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, case_id: str) -> Known | None:
        """Return what is known of a case, or None when nobody has heard of it."""
        if not case_id.isprintable():  # PostgreSQL takes no NUL in text, and no id of ours has control characters
            return None
        async with self._database.reading() as connection:
            row = (await connection.execute(_judged().where(cases.c.case_id == case_id))).one_or_none()
            if row is not None:
                return _known(row)
            statement = _reported().where(reports.c.case_id == case_id).order_by(reports.c.received_at).limit(1)
            report = (await connection.execute(statement)).one_or_none()
            if report is None:
                return None
            filed = (await _waiting(connection, [case_id])).get(case_id)
        return _received(report, filed)

    async def judged(
        self,
        schools: Sequence[str],
        status: str | None,
        since: datetime | None,
        after: Cursor | None,
        limit: int,
        visible: Visible,
    ) -> list[Known]:
        """Return judged cases of ``schools`` that are ``visible``, newest first."""
        return await _visible(
            lambda cursor, size: self._judged(schools, status, since, cursor, size), after, limit, visible
        )

    async def _judged(
        self, schools: Sequence[str], status: str | None, since: datetime | None, after: Cursor | None, limit: int
    ) -> list[Known]:
        statement = _judged().where(cases.c.school_id.in_(schools))
        if status is not None:
            statement = statement.where(cases.c.status == status)
        if since is not None:
            statement = statement.where(cases.c.received_at >= since)
        if after is not None:
            behind = and_(cases.c.received_at == after.received_at, cases.c.case_id > after.case_id)
            statement = statement.where(or_(cases.c.received_at < after.received_at, behind))
        statement = statement.order_by(cases.c.received_at.desc(), cases.c.case_id).limit(limit)
        async with self._database.reading() as connection:
            return [_known(row) for row in await connection.execute(statement)]

    async def received(
        self, schools: Sequence[str], since: datetime | None, after: Cursor | None, limit: int, visible: Visible
    ) -> list[Known]:
        """Return ``visible`` cases of ``schools`` that nobody has judged yet, newest first: those of the last second.

        They are looked up from the outbox, which is short, and not from the reports, which are all there ever were.
        """
        return await _visible(lambda cursor, size: self._received(schools, since, cursor, size), after, limit, visible)

    async def _received(
        self, schools: Sequence[str], since: datetime | None, after: Cursor | None, limit: int
    ) -> list[Known]:
        waiting = select(outbox.c.key)
        statement = (
            _reported()
            .outerjoin(cases, cases.c.case_id == reports.c.case_id)
            .where(reports.c.case_id.in_(waiting), reports.c.school_id.in_(schools), cases.c.case_id.is_(None))
        )
        if since is not None:
            statement = statement.where(reports.c.received_at >= since)
        if after is not None:
            behind = and_(reports.c.received_at == after.received_at, reports.c.case_id > after.case_id)
            statement = statement.where(or_(reports.c.received_at < after.received_at, behind))
        statement = statement.order_by(reports.c.received_at.desc(), reports.c.case_id).limit(limit)
        async with self._database.reading() as connection:
            rows = (await connection.execute(statement)).all()
            filed = await _waiting(connection, [row.case_id for row in rows])
        return [_received(row, filed.get(row.case_id)) for row in rows]


async def _visible(fetch: Fetch, after: Cursor | None, limit: int, visible: Visible) -> list[Known]:
    """Return a full page of what may be seen: what may not leaves no gap that tells of it."""
    found: list[Known] = []
    while True:
        page = await fetch(after, limit)
        found += [known for known in page if visible(known)]
        if len(page) < limit or len(found) >= limit:
            return found[:limit]
        after = Cursor(page[-1].received_at, page[-1].case_id)


def _reported() -> Select[Any]:
    """Return the reports that opened a case of their own."""
    joined = select(joined_reports.c.report_id).where(joined_reports.c.report_id == reports.c.report_id)
    return select(reports).where(~joined.exists())


def _received(row: Any, filed: IncidentFiled | None) -> Known:
    hidden = tuple(json.loads(row.hidden_from))
    return Known(row.case_id, row.school_id, row.received_at, None, filed, row.response, hidden)


def _judged() -> Select[Any]:
    return select(cases.c.case_id, cases.c.school_id, cases.c.received_at, cases.c.state)


def _known(row: Any) -> Known:
    # A newer version may have written more than this one knows; it reads what it understands.
    case = Case.model_validate_json(row.state, extra="ignore")
    return Known(row.case_id, row.school_id, row.received_at, case=case)


async def _waiting(connection: AsyncConnection, case_ids: Sequence[str]) -> dict[str, IncidentFiled]:
    """Return the opening fact of each of these cases that the outbox still holds."""
    if not case_ids:
        return {}
    statement = select(outbox.c.key, outbox.c.headers, outbox.c.value).where(outbox.c.key.in_(case_ids))
    found: dict[str, IncidentFiled] = {}
    for row in await connection.execute(statement):
        try:
            headers = [(name, value.encode()) for name, value in json.loads(row.headers)]
            body = decode(headers, row.value).body
        except EventError:
            continue  # not ours to judge: the relay publishes it, the dead-letter topic shows it
        if isinstance(body, IncidentFiled):
            found[row.key] = body
    return found
