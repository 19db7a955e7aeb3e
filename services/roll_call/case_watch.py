"""Tells the schools' roll calls of cases: follows the journal in the store, and says each once on the topic.

The journal has every case as it was judged, whom it is kept from included, with or without the bus.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import structlog
from sqlalchemy import Select, bindparam, func, select

from escalation_policies.roll_call.loader import Schedules
from events.codec import Encoded, encode
from events.ids import derived
from events.roll_call import CaseNoted
from services.roll_call.docket import SOURCE
from services.runtime.among import GIVEN, among_given, given
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import StaleEpoch
from services.runtime.known_cases import noted_case
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.remembered_facts import recall, remembering
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import cases, journal

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 1.0
PAGE = 500
FOLLOWED = ("case-opened", "withdrawn")
"""Entries that change what an answer must agree with."""


class CaseWatch:
    """Follows the journal of the partitions that are ours."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        directory: Callable[[], DirectorySnapshot],
        schedules: Schedules,
        claims: Callable[[], Sequence[Ownership]],
        wake: Callable[[], None],
    ) -> None:
        self._topic = settings.topic("zero-reports")
        self._store = store
        self._directory = directory
        self._schedules = schedules
        self._claims = claims
        self._wake = wake

    async def run(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            for owned in self._claims():
                try:
                    while await through_outages(partial(self.follow, owned), "cases are told of when it is back"):
                        self._wake()
                except StaleEpoch:
                    continue  # the new owner goes on from the same cursor

    async def follow(self, owned: Ownership) -> bool:
        """Tell of one page of the journal; return whether there may be more.

        Raises:
            StaleEpoch: the partition belongs to somebody else now.
        """
        name = cursor_name(owned.partition)
        async with self._store.database.reading() as connection:
            known = await recall(connection, name)
            after = int(known) if known is not None else None
            rows = [] if after is None else (await connection.execute(_after(), _asked(owned, after))).all()
        if after is not None and not rows:
            return False
        async with self._store.transaction(owned) as unit:
            if after is None:  # what was before the first roll call is nobody's
                last = (await unit.connection.execute(_last(), {"of": owned.partition})).scalar() or 0
                await unit.write(remembering(unit.connection, name, str(last)))
                return False
            entries = {row.case_id: row for row in rows if row.kind in FOLLOWED}
            is_sqlite = self._store.database.is_sqlite
            asked = {GIVEN: given(entries, is_sqlite=is_sqlite)}
            found = (await unit.connection.execute(_cases_of(is_sqlite=is_sqlite), asked)).all() if entries else []
            records = [record for row in found if (record := self._record(row, entries[row.case_id])) is not None]
            await unit.append([(owned.name, Outgoing(self._topic, record)) for record in records])
            await unit.write(remembering(unit.connection, name, str(rows[-1].position)))
        if records:
            self._wake()
        return len(rows) == PAGE

    def _record(self, row: Any, entry: Any) -> Encoded | None:
        """Return what a school's roll calls are told of a case; None when it is nothing of theirs."""
        bureau = self._directory().bureau_of(row.school_id)
        schedule = self._schedules.of(bureau) if bureau is not None else None
        case = noted_case(row)
        if schedule is None or case is None or row.kind in schedule.contradiction.not_for:
            return None
        if not self._directory().is_school(row.school_id):
            return None
        is_withdrawn = entry.kind == "withdrawn"
        body = CaseNoted(
            school_id=row.school_id,
            received_at=entry.at,
            case_id=row.case_id,
            happened_at=case.happened_at,
            withdrawn=is_withdrawn,
        )
        return encode(
            body,
            event_id=noted_id(entry),
            key=row.school_id,
            source=SOURCE,
            time=entry.at,
            event_type=body.TYPE,
        )


def cursor_name(partition: int) -> str:
    """Return under which name it is remembered how far a partition's journal was followed."""
    return f"roll_call_cases:{partition}"


def noted_id(entry: Any) -> str:
    """Return the id under which an entry of the journal (``case_id``, ``kind``, ``seq``) is told to roll calls."""
    return derived("case-noted", entry.case_id, entry.kind, str(entry.seq))


def _asked(owned: Ownership, after: int) -> Mapping[str, int]:
    return {"of": owned.partition, "after": after}


@cache
def _after() -> Select[Any]:
    columns = (journal.c.position, journal.c.case_id, journal.c.seq, journal.c.kind, journal.c.at)
    mine = (journal.c.partition == bindparam("of"), journal.c.position > bindparam("after"))
    return select(*columns).where(*mine).order_by(journal.c.position).limit(PAGE)


@cache
def _last() -> Select[Any]:
    return select(func.max(journal.c.position)).where(journal.c.partition == bindparam("of"))


@cache
def _cases_of(*, is_sqlite: bool) -> Select[Any]:
    columns = (cases.c.case_id, cases.c.school_id, cases.c.kind, cases.c.family, cases.c.exercise, cases.c.state)
    return select(*columns).where(among_given(cases.c.case_id, is_sqlite=is_sqlite))
