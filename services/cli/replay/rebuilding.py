"""Rebuilds the memory from the bus: cases, journals, deadlines, messages, and which facts were applied (promise 10).

Not on the bus, and so not here: tokens, who petitions and the secrets they hold, the audit. Those come from a backup,
before or after. A case whose journal is not whole is left out and named; its facts stay unread, so the worker that
goes on judges them anew as far as the bus still has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from events.codec import decode
from events.errors import EventError
from events.escalation import JournalEntry
from events.incident import ReportJoined
from events.notification import NotificationRequested
from events.topics import PARTITIONS
from services.cli.replay.facts import BusFacts
from services.cli.replay.journals import Retold, Unreplayable, retell
from services.cli.replay.messages import Messages, keep_messages
from services.cli.replay.past import Past
from services.cli.replay.roll_call_memory import RebuiltRollCalls, RollCallMemory
from services.escalation.docket import SOURCE, case_row, journal_record, journal_row, report_record
from services.escalation.journal_topic import all_published
from services.runtime.answer_codes import codes_for
from services.runtime.errors import TocsinError
from services.runtime.message_records import cancellation_record, request_record
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership, OwnershipRows
from services.runtime.settings import Settings
from services.runtime.store import Store, UnitOfWork
from services.runtime.tables import (
    cases,
    codes,
    consumed,
    inbox,
    joined_reports,
    journal,
    notifications,
    outbox,
    ownership,
    roll_call_parts,
    roll_calls,
    school_days,
    waiting_facts,
)

_MUST_BE_EMPTY = (
    cases, journal, notifications, codes, outbox, inbox, consumed, waiting_facts, joined_reports, ownership,
    roll_calls, roll_call_parts, school_days,
)  # fmt: skip


class NotEmpty(TocsinError):
    """The database has a past of its own; nothing was written."""


class NoJournal(TocsinError):
    """The broker has no journal to replay; nothing was written."""


@dataclass
class Rebuilt:
    """What was done. ``left_out``: cases whose journal is not whole, and why."""

    entries: int = 0
    cases: int = 0
    open_cases: int = 0
    notifications: int = 0
    unfinished: int = 0
    sent_on: int = 0
    facts: int = 0
    recognised: int = 0
    roll_calls: RebuiltRollCalls = field(default_factory=RebuiltRollCalls)
    left_out: dict[str, str] = field(default_factory=dict)


async def rebuild(settings: Settings, store: Store, past: Past, code_key: bytes, now: datetime) -> Rebuilt:
    """Rebuild an empty, migrated database from the bus. No service may run on it meanwhile.

    Raises:
        NotEmpty: the database has rows already: give it an empty one.
        NoJournal: the broker has no `tocsin.escalations`: is it the right broker, and the right prefix?
        BusAway: the broker does not answer. What was written is not whole: begin again with an empty database.
    """
    await _refuse_unless_empty(store)
    topic_id = past.topic_id("escalations")
    if topic_id is None:
        raise NoJournal(
            f"the broker has no topic {settings.topic('escalations')}: look at TOCSIN_KAFKA_BOOTSTRAP_SERVERS and "
            "TOCSIN_TOPIC_PREFIX"
        )
    work = _Rebuilding(settings, store, past, code_key, now, topic_id)
    await work.run()
    return work.done


async def _refuse_unless_empty(store: Store) -> None:
    async with store.database.reading() as connection:
        for table in _MUST_BE_EMPTY:
            count = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
            if count:
                raise NotEmpty(f"the database is not empty: {table.name} has {count} rows. Replay into a new one.")


class _Rebuilding:
    def __init__(
        self, settings: Settings, store: Store, past: Past, code_key: bytes, now: datetime, topic_id: str
    ) -> None:
        self._settings = settings
        self._store = store
        self._past = past
        self._code_key = code_key
        self._now = now
        self._topic_id = topic_id
        self._messages = Messages()
        self._facts = BusFacts()
        self._roll_calls = RollCallMemory(settings, store, past, now)
        self.done = Rebuilt()

    async def run(self) -> None:
        await self._messages.read(self._past)
        await self._facts.read(self._past)
        await self._roll_calls.read()
        async with self._store.transaction() as unit:
            await _keep_codes(unit, self._messages.codes)
            await self._keep_messages(unit, list(self._messages.requested.values()))
        rows = OwnershipRows(self._store.database, "replay", self._settings.lease_seconds)
        for partition in range(PARTITIONS):
            owned = await rows.claim(f"escalation/{partition}")
            assert owned is not None
            await self._partition(owned)
            await rows.release([owned])
        recognised = self._facts.recognised()
        async with self._store.transaction() as unit:
            await unit.mark_seen("escalation", recognised, self._now)
        self.done.facts, self.done.recognised = len(self._facts), len(recognised)
        await self._roll_calls.follow_cases()
        self.done.roll_calls = self._roll_calls.done

    async def _partition(self, owned: Ownership) -> None:
        """Rebuild the cases of one partition, and its journal in the order in which it was written."""
        order, texts = await self._journal_of(owned.partition)
        retold: dict[str, Retold] = {}
        for case_id, own in texts.items():
            try:
                retold[case_id] = retell([own[seq] for seq in sorted(own)])
            except Unreplayable as broken:
                self.done.left_out[case_id] = str(broken)
        tails = [entry for case in retold.values() for entry in case.entries[len(case.entries) - case.missing :]]
        entries = [retold[case_id].entries[seq - 1] for case_id, seq in order if case_id in retold] + tails
        async with self._store.transaction(owned) as unit:
            await unit.save([case_row(one.case, owned.partition) for one in retold.values()])
            await unit.record([(owned, journal_row(entry)) for entry in entries])
            await unit.write(all_published(unit, owned, self._topic_id))
            for one in retold.values():
                await self._follow(unit, one)
            await self._send_on(unit, owned, list(retold.values()), tails)
        self._count(list(retold.values()), len(entries))

    async def _journal_of(self, partition: int) -> tuple[list[tuple[str, int]], dict[str, dict[int, str]]]:
        """Return the (case, number) of each entry in the order of the bus, and the texts; repeats count once."""
        order: list[tuple[str, int]] = []
        texts: dict[str, dict[int, str]] = {}
        async for record in self._past.partition("escalations", partition):
            try:
                entry = decode(record.headers, record.value).body
            except EventError:
                continue  # nothing of ours; a journal that lacks it is left out and named
            if isinstance(entry, JournalEntry) and record.value is not None:
                own = texts.setdefault(entry.case_id, {})
                if entry.seq not in own:
                    own[entry.seq] = record.value.decode()
                    order.append((entry.case_id, entry.seq))
        return order, texts

    async def _follow(self, unit: UnitOfWork, retold: Retold) -> None:
        """Write what follows from a case beside its state: joined reports; and note which facts were applied."""
        self._facts.were_applied(retold.facts)
        joined = [
            {
                "report_id": fact.report.report_id,
                "case_id": fact.case_id,
                "joined_at": fact.received_at,
                "report": fact.report.model_dump_json(),
            }
            for fact in retold.facts
            if isinstance(fact, ReportJoined)
        ]
        if joined:
            await unit.write(joined_reports.insert(), list({row["report_id"]: row for row in joined}.values()))

    async def _send_on(
        self, unit: UnitOfWork, owned: Ownership, retold: Sequence[Retold], tails: Sequence[JournalEntry]
    ) -> None:
        """Put into the outbox what was decided and never reached the bus."""
        requests = [request for one in retold for request in one.requests]
        off_bus = [request for request in requests if request.notification_id not in self._messages.requested]
        await self._keep_messages(unit, off_bus)
        unsent = [request for request in off_bus if self._messages.step_of(request, self._now) is None]
        holders = [(request.case_id, request.person_id) for request in unsent if request.asks_acknowledgement]
        given = await codes_for(unit, self._code_key, holders)
        topic = self._settings.topic
        reports = [report_record(report, "separated") for one in retold for report in one.reports]
        on_their_way = [
            *(Outgoing(topic("escalations"), journal_record(entry)) for entry in tails),
            *(Outgoing(topic("incidents"), record) for record in reports if record.event_id not in self._facts),
            *(
                Outgoing(topic("notifications"), request_record(one, given.get((one.case_id, one.person_id)), SOURCE))
                for one in unsent
            ),
            *(
                Outgoing(topic("notifications"), cancellation_record(cancelled, SOURCE))
                for one in retold
                for cancelled in one.cancelled
                if cancelled.notification_id not in self._messages.cancelled
            ),
        ]
        await unit.append([(owned.name, outgoing) for outgoing in on_their_way])
        self.done.sent_on += len(on_their_way)

    async def _keep_messages(self, unit: UnitOfWork, requests: Sequence[NotificationRequested]) -> None:
        kept = await keep_messages(unit, self._messages, requests, self._now)
        self.done.notifications += len(kept)
        self.done.unfinished += sum(step.next_try_at is not None for step in kept)

    def _count(self, retold: Sequence[Retold], entries: int) -> None:
        self.done.entries += entries
        self.done.cases += len(retold)
        self.done.open_cases += sum(one.case.status == "open" for one in retold)


async def _keep_codes(unit: UnitOfWork, given: dict[tuple[str, str], str]) -> None:
    """Keep each code that people were sent."""
    by_code = {code: holder for holder, code in given.items()}
    rows = [{"code": code, "case_id": case, "person_id": person} for code, (case, person) in by_code.items()]
    if rows:
        await unit.write(codes.insert(), rows)
