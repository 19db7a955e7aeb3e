"""The cases before the machine in one unit of work: loaded, judged, and written with everything that follows."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

import orjson
from sqlalchemy import delete, select

from escalation_policies.case import Case
from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import Decision, decide, judge
from escalation_policies.machine.judge import next_deadline
from escalation_policies.selector import Directory
from events.base import CaseFact
from events.codec import Encoded, encode
from events.escalation import JournalEntry, journal_type
from events.ids import fact_event_id, journal_event_id
from events.incident import IncidentFiled
from events.notification import NotificationCancelled, NotificationRequested
from events.registry import MODELS
from services.escalation.case_text import CASE_TEXT
from services.runtime.answer_codes import codes_for
from services.runtime.message_records import cancellation_record, request_record
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import CaseRow, JournalRow, UnitOfWork
from services.runtime.tables import waiting_facts

SOURCE = "/tocsin/escalation"
_TICK = timedelta(microseconds=1)
"""A deadline of this very moment has come."""


Following = tuple[str, datetime | None, str]
"""(partition name, next deadline, case id) after a unit of work."""


class Docket:
    """Judges events and collects what must be written; each case with the claim on its partition."""

    def __init__(self, unit: UnitOfWork, directory: Directory, policies: PolicyLibrary, now: datetime) -> None:
        self._unit = unit
        self._directory = directory
        self._policies = policies
        self._now = now
        self._cases: dict[str, Case] = {}
        self._touched: dict[str, tuple[Ownership, Case]] = {}
        self._entries: list[tuple[Ownership, JournalEntry]] = []
        self._requests: list[tuple[Ownership, NotificationRequested]] = []
        self._cancelled: list[tuple[Ownership, NotificationCancelled]] = []
        self._reports: list[tuple[Ownership, IncidentFiled]] = []
        self._waiting: dict[str, list[tuple[str, CaseFact]]] = {}

    async def load(self, case_ids: Collection[str]) -> None:
        """Read the cases that exist."""
        for case_id, state in (await self._unit.load(case_ids)).items():
            self._cases[case_id] = CASE_TEXT.read(state)

    async def hear(self, owned: Ownership, event_id: str, event: CaseFact) -> None:
        """Judge one fact. One that comes before the report of its case is kept until the report comes.

        Raises:
            Undecidable: nothing of it was kept; it belongs in the dead-letter topic.
        """
        case = self._cases.get(event.case_id)
        decisions = judge(case, event, self._directory, self._policies, self._now)
        if decisions[-1].state is None:
            self._waiting.setdefault(event.case_id, []).append((event_id, event))
            return
        self._collect(owned, event.case_id, decisions)
        if case is None:
            for waiting in await self._take_waiting(event.case_id):
                self._collect(
                    owned,
                    event.case_id,
                    judge(self._cases[event.case_id], waiting, self._directory, self._policies, self._now),
                )

    def fire(self, owned: Ownership, case_id: str) -> list[datetime]:
        """Apply every stored deadline of a case that has come; return those deadlines."""
        fired: list[datetime] = []
        case = self._cases.get(case_id)
        while case is not None and (event := next_deadline(case, self._now + _TICK, self._now)) is not None:
            self._collect(owned, case_id, [decide(case, event, self._directory, self._policies, self._now)])
            fired.append(event.deadline)
            case = self._cases[case_id]
        return fired

    async def write(self, settings: Settings, code_key: bytes) -> list[Following]:
        """Write states, journal and outbox; return the next deadline of each case touched."""
        await self._write_waiting()
        await self._unit.save([case_row(case, owned.partition) for owned, case in self._touched.values()])
        topic = settings.topic("escalations")
        written = [(owned, entry, journal_record(entry)) for owned, entry in self._entries]
        await self._unit.record([(owned, _journal_row(entry, record.value)) for owned, entry, record in written])
        entries = [(owned.name, Outgoing(topic, record)) for owned, _, record in written]
        parted = [
            (owned.name, Outgoing(settings.topic("incidents"), report_record(r, "separated")))
            for owned, r in self._reports
        ]
        await asyncio.sleep(0)  # a mass is much to encode; the loop has its turn in the middle
        asked = await self._asked(settings.topic("notifications"), code_key)
        cancelled = [
            (owned.name, Outgoing(settings.topic("notifications"), cancellation_record(one, SOURCE)))
            for owned, one in self._cancelled
        ]
        await self._unit.append([*entries, *parted, *asked, *cancelled])
        return [(owned.name, case.next_due_at, case.case_id) for owned, case in self._touched.values()]

    def _collect(self, owned: Ownership, case_id: str, decisions: list[Decision]) -> None:
        for decision in decisions:
            for effect in decision.effects:
                if isinstance(effect, JournalEntry):
                    self._entries.append((owned, effect))
                elif isinstance(effect, NotificationRequested):
                    self._requests.append((owned, effect))
                elif isinstance(effect, NotificationCancelled):
                    self._cancelled.append((owned, effect))
                else:
                    self._reports.append((owned, effect))
        state = decisions[-1].state
        if state is not None:
            self._cases[case_id] = state
            self._touched[case_id] = (owned, state)

    async def _asked(self, topic: str, code_key: bytes) -> list[tuple[str, Outgoing]]:
        """Return the requests as records, each with its recipient's own acknowledgement code."""
        holders = [(r.case_id, r.person_id) for _, r in self._requests if r.asks_acknowledgement]
        given = await codes_for(self._unit, code_key, holders)
        return [
            (
                owned.name,
                Outgoing(topic, request_record(request, given.get((request.case_id, request.person_id)), SOURCE)),
            )
            for owned, request in self._requests
        ]

    async def _write_waiting(self) -> None:
        """Keep the facts whose report has still not come."""
        rows = [
            {
                "event_id": event_id,
                "case_id": event.case_id,
                "received_at": event.received_at,
                "type": event.TYPE,
                "data": event.model_dump_json(),
            }
            for waiting in self._waiting.values()
            for event_id, event in waiting
        ]
        if rows:
            await self._unit.write(waiting_facts.insert(), rows)

    async def _take_waiting(self, case_id: str) -> list[CaseFact]:
        """Return the facts that came before the report of this case, in this unit of work or before it."""
        mine = waiting_facts.c.case_id == case_id
        found = await self._unit.connection.execute(
            select(waiting_facts.c.type, waiting_facts.c.data).where(mine).order_by(waiting_facts.c.received_at)
        )
        bodies = [MODELS[row.type].model_validate(orjson.loads(row.data)) for row in found]
        events = [body for body in bodies if isinstance(body, CaseFact)]
        if events:
            await self._unit.write(delete(waiting_facts).where(mine))
        events += [event for _, event in self._waiting.pop(case_id, [])]
        return sorted(events, key=lambda event: event.received_at)


def case_row(case: Case, partition: int) -> CaseRow:
    """Return a case as it is stored."""
    return CaseRow(
        case_id=case.case_id,
        partition=partition,
        family=case.family,
        kind=case.kind,
        severity=case.severity,
        school_id=case.school_id,
        status=case.status,
        exercise=case.exercise,
        received_at=case.received_at,
        updated_at=case.updated_at,
        seq=case.seq,
        next_due_at=case.next_due_at,
        state=CASE_TEXT.write(case),
    )


def journal_row(entry: JournalEntry) -> JournalRow:
    """Return a journal entry as it is stored: the text that is published."""
    return _journal_row(entry, journal_record(entry).value)


def _journal_row(entry: JournalEntry, text: bytes) -> JournalRow:
    return JournalRow(
        case_id=entry.case_id,
        seq=entry.seq,
        kind=entry.kind,
        school_id=entry.school_id,
        at=entry.received_at,
        entry=text.decode(),
    )


def journal_record(entry: JournalEntry) -> Encoded:
    """Return a journal entry as it is published; made again from the store, it is the same record."""
    return encode(
        entry,
        event_id=journal_event_id(entry.case_id, entry.seq),
        key=entry.case_id,
        source=SOURCE,
        time=entry.received_at,
        event_type=journal_type(entry.kind),
    )


def report_record(report: IncidentFiled, why: str) -> Encoded:
    """Return a report that we make ourselves (``why``: `separated`, `gathered`); made again, it is the same record."""
    return encode(
        report,
        event_id=fact_event_id(report.case_id, why, report.report_id),
        key=report.case_id,
        source=SOURCE,
        time=report.received_at,
        event_type=report.TYPE,
    )
