"""Fills a store with very many open cases in minutes: copies of one that the real machine opened, under other ids.

They are written past the store, by COPY into PostgreSQL and by ``executemany`` into SQLite, without their history: it
is not read when a deadline fires or a fact arrives. Each state is a whole one, as the engine would have written it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from escalation_policies.loader import load_library
from escalation_policies.machine import judge
from events.base import CaseFact
from events.incident import IncidentAcknowledged, IncidentFiled, UpdateFiled, UpwardReportFiled
from services.escalation.docket import case_row
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.store import CaseRow
from services.runtime.tables import to_micros

PLACEHOLDER = "the-case-that-is-copied"
FIRST_REMINDER = timedelta(minutes=5)
UPDATE_REMINDER = timedelta(hours=24) * 0.8
BETWEEN_UPDATES = timedelta(hours=19)
PAGE = 5_000
COLUMNS = tuple(column.name for column in fields(CaseRow))
POLICIES = load_library()


@dataclass(frozen=True)
class Template:
    """One opened case, and where its id stands."""

    row: CaseRow

    @classmethod
    def due_at(cls, directory: DirectorySnapshot, due: datetime) -> "Template":
        """Return a case just filed, whose next deadline, its first reminder, is at ``due``."""
        return cls._after(directory, due, [_filed(due - FIRST_REMINDER)])

    @classmethod
    def settled(cls, directory: DirectorySnapshot, due: datetime) -> "Template":
        """Return a case of yesterday that everybody answered; the reminder of its second update is due at ``due``."""
        updated = due - UPDATE_REMINDER
        filed = updated - BETWEEN_UPDATES
        said = {"case_id": PLACEHOLDER, "summary": "all pupils are counted"}
        acknowledged = [
            IncidentAcknowledged(case_id=PLACEHOLDER, by=by, received_at=filed + timedelta(minutes=minute))
            for minute, by in ((1, "principal-1"), (6, "head"), (11, "town"), (12, "bureau-leader"))
        ]
        reported = [
            UpwardReportFiled(**said, by=by, received_at=filed + timedelta(minutes=minute))
            for minute, by in ((5, "principal-1"), (10, "head"))
        ]
        update = UpdateFiled(**said, by="principal-1", received_at=updated)
        facts: list[CaseFact] = [*acknowledged, *reported, update]
        return cls._after(directory, due, [_filed(filed), *sorted(facts, key=lambda fact: fact.received_at)])

    @classmethod
    def _after(cls, directory: DirectorySnapshot, due: datetime, facts: list[CaseFact]) -> "Template":
        case = None
        for fact in facts:
            case = judge(case, fact, directory, POLICIES, fact.received_at)[-1].state
        assert case is not None
        assert case.next_due_at == due
        return cls(case_row(case, 0))

    def copies(self, case_ids: Iterable[str]) -> Iterator[tuple[Any, ...]]:
        """Return the stored row of each copy."""
        values = [to_micros(value) if isinstance(value, datetime) else value for value in astuple(self.row)]
        where = COLUMNS.index("partition")
        for case_id in case_ids:
            values[0], values[where] = case_id, home_partition(case_id)
            yield (*values[:-1], self.row.state.replace(PLACEHOLDER, case_id))


def _filed(at: datetime) -> IncidentFiled:
    return IncidentFiled(
        case_id=PLACEHOLDER, report_id=PLACEHOLDER, school_id="school-1", kind="fire", severity="IV", received_at=at
    )


def fill(database_url: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write case rows. Nobody else may be writing."""
    url = make_url(database_url)
    names = ", ".join(COLUMNS)
    if url.get_backend_name() == "sqlite":
        marks = ", ".join("?" * len(COLUMNS))
        connection = sqlite3.connect(str(url.database), isolation_level=None)
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")
        while page := list(islice(rows, PAGE)):
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO cases ({names}) VALUES ({marks})", page)
            connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return
    with psycopg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False)) as postgres:
        with postgres.cursor() as cursor, cursor.copy(f"COPY cases ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        postgres.commit()
        postgres.autocommit = True
        postgres.execute("VACUUM ANALYZE cases")
        postgres.execute("CHECKPOINT")
