"""What is before the roll-call machine in one unit of work: loaded, judged, and written with all that follows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from escalation_policies.roll_call.bureaus import CallDecision
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.page import Effect
from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.school_day import NotedCase, SchoolDay
from escalation_policies.roll_call.schools import SchoolEvent, decide_school
from events.codec import Encoded, encode
from events.ids import derived
from events.notification import NotificationCancelled, NotificationRequested
from events.roll_call import RollCallFact
from services.runtime.answer_codes import codes_for
from services.runtime.directory import DirectorySnapshot
from services.runtime.message_records import cancellation_record, request_record
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.roll_call_codes import code_case
from services.runtime.roll_call_rows import (
    Key,
    Part,
    RollCallRows,
    StoredCall,
    call_row,
    day_row,
    part_row,
    saving_calls,
    saving_days,
    saving_parts,
)
from services.runtime.settings import Settings
from services.runtime.store import UnitOfWork

SOURCE = "/tocsin/roll_call"


class Docket:
    """Judges events and collects what must be written, each with the claim on its partition."""

    def __init__(
        self, unit: UnitOfWork, directory: DirectorySnapshot, settings: Settings, code_key: bytes, now: datetime
    ) -> None:
        self._unit = unit
        self._directory = directory
        self._settings = settings
        self._code_key = code_key
        self._now = now
        self.rows = RollCallRows(unit.connection)
        self._days: dict[Key, SchoolDay] = {}
        self._changed_days: dict[Key, date] = {}
        self.calls: dict[str, StoredCall] = {}
        self._parts: list[tuple[str, int, Part]] = []
        self._facts: list[tuple[Ownership, RollCallFact]] = []
        self._requests: list[tuple[Ownership, NotificationRequested]] = []
        self._cancelled: list[tuple[Ownership, NotificationCancelled]] = []

    async def load_days(self, wanted: Mapping[date, Collection[str]]) -> None:
        """Read the school days of these schools, by date."""
        for on, schools in wanted.items():
            self._days.update(await self.rows.days(on, schools))

    def know(self, days: Mapping[Key, SchoolDay]) -> None:
        """Take up school days that were read already."""
        self._days.update(days)

    def hear(
        self, owned: Ownership, call: RollCall, school: School, event: SchoolEvent, known: Sequence[NotedCase] = ()
    ) -> str:
        """Judge one event about a school; return the reason."""
        key = (call.roll_call_id, school.unit_id)
        decision = decide_school(self._days.get(key), event, self._directory, call, school, self._now, known)
        self._days[key] = decision.state
        self._changed_days[key] = call.window.date
        self._collect(owned, decision.effects)
        return decision.reason

    def take(self, owned: Ownership, decision: CallDecision, changes: int) -> None:
        """Keep what was decided about a whole roll call; ``changes`` is the number of its last change."""
        if decision.state is not None:
            self.calls[decision.state.roll_call_id] = StoredCall(decision.state, changes + 1)
        self._collect(owned, decision.effects)

    def take_part(self, roll_call_id: str, partition: int, part: Part) -> None:
        """Keep how far a partition has come."""
        self._parts.append((roll_call_id, partition, part))

    async def write(self) -> None:
        """Write everything, the outbox included."""
        is_sqlite = self._unit.connection.dialect.name == "sqlite"
        if self._changed_days:
            values = [day_row(self._days[key], on) for key, on in self._changed_days.items()]
            await self._unit.write(saving_days(is_sqlite=is_sqlite), values)
        if self.calls:
            await self._unit.write(
                saving_calls(is_sqlite=is_sqlite), [call_row(stored) for stored in self.calls.values()]
            )
        if self._parts:
            await self._unit.write(saving_parts(is_sqlite=is_sqlite), [part_row(*part) for part in self._parts])
        topic = self._settings.topic
        facts = [(owned.name, Outgoing(topic("zero-reports"), fact_record(fact))) for owned, fact in self._facts]
        cancelled = [
            (owned.name, Outgoing(topic("notifications"), cancellation_record(one, SOURCE)))
            for owned, one in self._cancelled
        ]
        await self._unit.append([*facts, *await self._asked(topic("notifications")), *cancelled])

    def _collect(self, owned: Ownership, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, NotificationRequested):
                self._requests.append((owned, effect))
            elif isinstance(effect, NotificationCancelled):
                self._cancelled.append((owned, effect))
            else:
                self._facts.append((owned, effect))

    async def _asked(self, topic: str) -> list[tuple[str, Outgoing]]:
        """Return the requests as records; who is asked for an answer gets the code that gives it."""
        holders = [_holder(request) for _, request in self._requests if request.asks_acknowledgement]
        given = await codes_for(self._unit, self._code_key, holders)
        return [
            (owned.name, Outgoing(topic, request_record(request, given.get(_holder(request)), SOURCE)))
            for owned, request in self._requests
        ]


def _holder(request: NotificationRequested) -> tuple[str, str]:
    assert request.roll_call is not None
    return code_case(request.school_id, request.roll_call.date), request.person_id


def fact_record(fact: RollCallFact) -> Encoded:
    """Return what was found out as it is published; found out again, it is the same record."""
    named = [str(getattr(fact, name, None)) for name in ("date", "call", "case_id", "found", "received_at")]
    return encode(
        fact,
        event_id=derived("roll-call-fact", fact.TYPE, fact.unit_id, *named),
        key=fact.unit_id,
        source=SOURCE,
        time=fact.received_at,
        event_type=fact.TYPE,
    )
