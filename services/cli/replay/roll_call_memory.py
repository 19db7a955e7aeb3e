"""The roll-call service's memory from the bus: what was called, what every school said, and how far it had come."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from escalation_policies.roll_call.loader import SCHEDULES, load_schedules
from events.topics import PARTITIONS
from services.cli.replay.directory import directory_of
from services.cli.replay.past import Past
from services.cli.replay.roll_calls import BureausSaid, keep_calls
from services.cli.replay.school_days import SchoolDays
from services.roll_call.case_watch import FOLLOWED, cursor_name, noted_id
from services.runtime.open_calls import OpenCalls
from services.runtime.remembered_facts import remembering
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import journal


@dataclass(frozen=True, slots=True)
class RebuiltRollCalls:
    """What was done. ``unknown``: facts about schools that the directory on the bus does not have."""

    calls: int = 0
    open_calls: int = 0
    facts: int = 0
    unknown: int = 0


class RollCallMemory:
    """Read before the cases are rebuilt: an answer is judged by what was told of cases then, not by what is open."""

    def __init__(self, settings: Settings, store: Store, past: Past, now: datetime) -> None:
        self._settings = settings
        self._store = store
        self._past = past
        self._now = now
        self._bureaus = BureausSaid()
        self.done = RebuiltRollCalls()

    async def read(self) -> None:
        """Rebuild roll calls, and what every school said of them; the service reads on from there."""
        topic_id = self._past.topic_id("zero-reports")
        if topic_id is None:
            return
        await self._bureaus.read(self._past)
        schedules = load_schedules(self._settings.schedules or SCHEDULES)
        directory = await directory_of(self._past)
        found = self._bureaus.calls(schedules, directory)
        await keep_calls(self._store, found, self._bureaus.since)
        calls = OpenCalls(self._store.database, schedules, lambda: directory)
        days = SchoolDays(self._store, directory, calls, self._now)
        for partition in range(PARTITIONS):
            await days.read(self._past, partition, topic_id)
        open_calls = sum(call.closed_at is None for call in found)
        self.done = RebuiltRollCalls(len(found), open_calls, self._bureaus.records, days.unknown)

    async def follow_cases(self) -> None:
        """Let the service tell of cases from where it had come to in each journal. Once the cases are rebuilt."""
        for partition in range(PARTITIONS):
            mine = (journal.c.partition == partition, journal.c.kind.in_(FOLLOWED))
            columns = (journal.c.position, journal.c.case_id, journal.c.kind, journal.c.seq)
            async with self._store.transaction() as unit:
                rows = await unit.connection.execute(select(*columns).where(*mine))
                told = [row.position for row in rows if noted_id(row) in self._bureaus.cases_told]
                if told:
                    await unit.write(remembering(unit.connection, cursor_name(partition), str(max(told))))
