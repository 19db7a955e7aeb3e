"""The roll-call service's part of the unit of work: what people say of roll calls goes through the machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from escalation_policies.roll_call.bureaus import move_cut_off, open_by_officer
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.roster import School, school_of
from escalation_policies.roll_call.school_day import NotedCase
from escalation_policies.roll_call.window import Window
from events.codec import Encoded
from events.ids import roll_call_id
from events.roll_call import (
    CaseNoted,
    ConfirmedLate,
    CutOffMoved,
    ReportConfirmed,
    ReportContradicted,
    RollCallClosed,
    RollCallFact,
    RollCallOpened,
    SchoolExcused,
    SchoolMissing,
)
from events.topics import TopicName
from services.roll_call.calls_so_far import CallsSoFar
from services.roll_call.docket import SOURCE, Docket
from services.roll_call.meaning import OfSchool, calls_meant
from services.runtime.clock import Clock
from services.runtime.consumption import OUR_SOURCES, Applied, Received, Rejected
from services.runtime.directory import DirectorySnapshot
from services.runtime.home import home_partition
from services.runtime.known_cases import agreed, open_cases
from services.runtime.open_calls import OpenCalls, named
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import UnitOfWork

FUTURE_LIMIT = timedelta(minutes=5)
"""An answer "received" further ahead than this carries a wrong clock, and its client should hear so."""

FOUND_OUT = (ConfirmedLate, SchoolMissing, ReportContradicted, RollCallClosed)
"""What this service finds out by itself. It comes back from the topic, and is nothing new."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """An event about a school, and the roll calls that it is about."""

    owned: Ownership
    event: Received
    body: OfSchool
    school: School
    calls: Sequence[RollCall]


class RollCallConsumer:
    """Applies answers, excuses, cases, and what officers say of a whole roll call."""

    name = "roll_call"
    topics: tuple[TopicName, ...] = ("zero-reports",)

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        directory: Callable[[], DirectorySnapshot],
        schedules: Schedules,
        calls: OpenCalls,
        code_key: bytes,
        wake: Callable[[], None],
        claimed: Callable[[str], None],
        lost: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._directory = directory
        self._schedules = schedules
        self._calls = calls
        self._code_key = code_key
        self._wake = wake
        self._claimed = claimed
        self._lost = lost
        self._changed = changed

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        """Judge each event in its order; send on what belongs to another partition."""
        now, directory = self._clock.now(), self._directory()
        await self._calls.catch_up()  # an officer's opening may have been another worker's, a moment ago
        away = [(owned, event) for owned, event in batch if _home(event) not in {None, event.record.partition}]
        await unit.append([(owned.name, _forward(event)) for owned, event in away])
        forwarded = [event for _, event in away]
        mine = [(owned, event) for owned, event in batch if event not in forwarded]
        docket = Docket(unit, directory, self._settings, self._code_key, now)
        rejected: list[Rejected] = []
        heard: list[_Heard] = []
        for owned, event in mine:
            found = await self._sort(docket, owned, event, now)
            if isinstance(found, str):
                rejected.append(Rejected(event.record, found, event.event_id))
            elif found is not None:
                heard.append(found)
        await self._judge(unit, docket, heard, now)
        await docket.write()
        return Applied(lambda: self._after(docket), rejected, forwarded)

    async def claimed(self, owned: Ownership) -> None:
        """Take up a partition: its steps are planned here."""
        self._claimed(owned.name)

    async def lost(self, owned: Ownership) -> None:
        """Drop a partition's steps."""
        self._lost(owned.name)

    def _after(self, docket: Docket) -> None:
        for stored in docket.calls.values():
            self._calls.put(stored)
        if docket.calls:
            self._changed()
        self._wake()

    async def _sort(self, docket: Docket, owned: Ownership, event: Received, now: datetime) -> _Heard | str | None:
        """Return what is to be judged of an event; why it cannot be; or None when it is done with."""
        body, is_ours = event.body, event.envelope.source.startswith(OUR_SOURCES)
        if not isinstance(body, RollCallFact):
            return f"{event.envelope.type} does not belong on this topic"
        if body.received_at > now + FUTURE_LIMIT and not is_ours:
            return f"received_at {body.received_at.isoformat()} lies in the future: is the producer's clock right?"
        if isinstance(body, FOUND_OUT) or (isinstance(body, RollCallOpened) and body.by is None):
            return None if event.envelope.source == SOURCE else f"{event.envelope.type} is found out by Tocsin itself"
        if isinstance(body, CutOffMoved | RollCallOpened):
            return await self._of_bureau(docket, owned, body, now)
        assert isinstance(body, ReportConfirmed | SchoolExcused | CaseNoted)
        school = school_of(self._directory(), body.school_id)
        bureau_id = self._directory().bureau_of(body.school_id)
        if school is None or bureau_id is None:
            return f"the directory has no school {body.school_id!r} below a bureau"
        calls = await calls_meant(CallsSoFar(docket, self._calls), bureau_id, body)
        return calls if isinstance(calls, str) else _Heard(owned, event, body, school, calls)

    async def _judge(self, unit: UnitOfWork, docket: Docket, heard: Sequence[_Heard], now: datetime) -> None:
        wanted: dict[date, set[str]] = {}
        for one in heard:
            for call in one.calls:
                wanted.setdefault(call.window.date, set()).add(one.school.unit_id)
        await docket.load_days(wanted)
        answering = {one.school.unit_id for one in heard if isinstance(one.body, ReportConfirmed)}
        known = await open_cases(unit.connection, answering, now) if answering else {}
        for one in heard:
            for call in one.calls:
                agree: list[NotedCase] = []
                if isinstance(one.body, ReportConfirmed) and one.school.unit_id in known:
                    agree = agreed(known[one.school.unit_id], call.schedule.contradiction.not_for)
                docket.hear(one.owned, call, one.school, one.body, agree)

    async def _of_bureau(
        self, docket: Docket, owned: Ownership, body: CutOffMoved | RollCallOpened, now: datetime
    ) -> str | None:
        """Judge what an officer says of a whole roll call; return why it cannot be, if it cannot."""
        schedule, unit = self._schedules.of(body.bureau_id), self._directory().unit(body.bureau_id)
        if schedule is None or unit is None or unit.kind != "bureau":
            return f"the directory has no bureau {body.bureau_id!r} with a schedule of roll calls"
        wanted = roll_call_id(body.bureau_id, body.date.isoformat(), body.call)
        known = docket.calls.get(wanted) or (await docket.rows.calls([wanted])).get(wanted)
        if isinstance(body, RollCallOpened):
            window = _window_of(body, schedule.timezone or unit.timezone)
            before = known.call if known is not None else None
            decision = open_by_officer(before, body, schedule, self._directory(), window, unit.name)
        else:
            call = (
                known.call
                if known is not None
                else named(await CallsSoFar(docket, self._calls).on(body.bureau_id, body.date), body.call, now)
            )
            if call is None:
                return f"there is no roll call {body.call!r} of {body.bureau_id!r} on {body.date}: nothing can move"
            decision = move_cut_off(call, body, self._directory(), now)
        docket.take(owned, decision, known.changes if known is not None else 0)
        return decision.reason if decision.state is None else None


def _window_of(body: RollCallOpened, timezone: str) -> Window:
    return Window(
        bureau_id=body.bureau_id,
        date=body.date,
        call=body.call,
        timezone=timezone,
        opens_at=body.opens_at,
        cut_off=body.cut_off,
        closes_at=body.closes_at,
    )


def _home(event: Received) -> int | None:
    return home_partition(event.body.unit_id) if isinstance(event.body, RollCallFact) else None


def _forward(event: Received) -> Outgoing:
    """Return the same event, bytes and id unchanged, keyed so that it reaches its school's home."""
    record = event.record
    assert isinstance(event.body, RollCallFact)
    encoded = Encoded(event.event_id, event.body.unit_id, list(record.headers), record.value or b"")
    return Outgoing(record.topic, encoded)
