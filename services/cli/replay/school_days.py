"""School days from the bus: each answer, excuse and case judged again as it was then, and nothing of it sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.roster import school_of
from escalation_policies.roll_call.school_day import SchoolDay
from escalation_policies.roll_call.schools import decide_school
from events.base import Body
from events.codec import decode
from events.errors import EventError
from events.roll_call import CaseNoted, ReportConfirmed, ReportContradicted, RollCallFact, SchoolExcused
from services.cli.replay.past import Past
from services.cli.replay.roll_calls import AsAdmitted
from services.roll_call.consumer import RollCallConsumer
from services.roll_call.meaning import OfSchool, calls_meant
from services.runtime.consumption import OUR_SOURCES, Record, event_key
from services.runtime.directory import DirectorySnapshot
from services.runtime.open_calls import OpenCalls, named
from services.runtime.roll_call_rows import Key, RollCallRows, day_row, saving_days
from services.runtime.store import Position, Store

PAGE = 500
"""Records judged in one transaction."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A fact about a school, and the roll calls that it is about. ``by``: who was let in at our own door to say it."""

    body: OfSchool
    calls: Sequence[RollCall]
    by: str | None


class SchoolDays:
    """Judges what schools said; ``unknown``: how many facts speak of schools that the directory does not have."""

    def __init__(self, store: Store, directory: DirectorySnapshot, calls: OpenCalls, now: datetime) -> None:
        self._store = store
        self._directory = directory
        self._calls = calls
        self._now = now
        self.unknown = 0

    async def read(self, past: Past, partition: int, topic_id: str) -> None:
        """Judge what one partition has, and note that the service has read it."""
        page: list[Record] = []
        last: Record | None = None
        async for record in past.partition("zero-reports", partition):
            last = record
            page.append(record)
            if len(page) == PAGE:
                await self._judge(page)
                page = []
        await self._judge(page)
        if last is not None:
            async with self._store.transaction() as unit:
                await unit.advance(RollCallConsumer.name, [Position(last.topic, partition, topic_id, last.offset)])

    async def _judge(self, page: Sequence[Record]) -> None:
        told = await self._told(page)
        async with self._store.transaction() as unit:
            seen = await unit.seen(RollCallConsumer.name, told)
            fresh = [one for event_id, one in told.items() if event_id not in seen and one is not None]
            rows = RollCallRows(unit.connection)
            wanted: dict[date, set[str]] = {}
            for one in fresh:
                for call in one.calls:
                    wanted.setdefault(call.window.date, set()).add(one.body.school_id)
            days: dict[Key, SchoolDay] = {}
            for on, schools in wanted.items():
                days.update(await rows.days(on, schools))
            changed: dict[Key, date] = {}
            for one in fresh:
                for call in one.calls:
                    key = (call.roll_call_id, one.body.school_id)
                    days[key] = self._decided(days.get(key), one, call)
                    changed[key] = call.window.date
            if changed:
                values = [day_row(days[key], on) for key, on in changed.items()]
                await unit.write(saving_days(is_sqlite=self._store.database.is_sqlite), values)
            await unit.mark_seen(RollCallConsumer.name, [one for one in told if one not in seen], self._now)

    async def _told(self, page: Sequence[Record]) -> dict[str, _Told | None]:
        """Return what each record of ours, or of another client, says of a school; None: nothing to be judged."""
        found: dict[str, _Told | None] = {}
        for record in page:
            try:
                decoded = decode(record.headers, record.value)
            except EventError:
                continue  # the dead-letter topic has it
            if isinstance(decoded.body, RollCallFact):
                is_ours = decoded.envelope.source.startswith(OUR_SOURCES)
                found.setdefault(event_key(decoded.envelope), await self._of_school(decoded.body, is_ours=is_ours))
        return found

    async def _of_school(self, body: Body, *, is_ours: bool) -> _Told | None:
        if isinstance(body, ReportContradicted) and is_ours:
            call = named(await self._calls.on(body.bureau_id, body.date), body.call, body.received_at)
            return _Told(_case_of(body), [call], None) if call is not None else None
        if not isinstance(body, ReportConfirmed | SchoolExcused | CaseNoted):
            return None
        bureau_id = self._directory.bureau_of(body.school_id)
        if bureau_id is None or not self._directory.is_school(body.school_id):
            self.unknown += 1
            return None
        calls = await calls_meant(self._calls, bureau_id, body)
        by = None if isinstance(body, CaseNoted) or not is_ours else body.by
        return None if isinstance(calls, str) else _Told(body, calls, by)

    def _decided(self, day: SchoolDay | None, told: _Told, call: RollCall) -> SchoolDay:
        school = school_of(self._directory, told.body.school_id)
        assert school is not None
        directory = AsAdmitted(self._directory, told.by)
        return decide_school(day, told.body, directory, call, school, told.body.received_at).state


def _case_of(found: ReportContradicted) -> CaseNoted:
    """Return the case that an answer was found to disagree with, as if it had been told then."""
    return CaseNoted(
        school_id=found.school_id,
        received_at=found.received_at,
        case_id=found.case_id,
        happened_at=found.happened_at,
    )
