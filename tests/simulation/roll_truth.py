"""The truth about roll calls, told again from what the store came to hear of, in the order in which it heard it.

Nothing here is of the product's: what the product judged is held against it (``roll_promises``). Only whether somebody
may speak for a school is taken from the product where the directory changed during the life.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from events.ids import roll_call_id
from events.roll_call import CaseNoted, CutOffMoved, ReportConfirmed, RollCallOpened, SchoolExcused
from services.runtime.tables import EPOCH
from tests.simulation.bus import PREFIX, SimBus
from tests.simulation.county import SCHOOLS
from tests.simulation.record import RollCallRecord
from tests.simulation.timetable import BUREAU, ZONE, Timetable
from tests.simulation.true_call import Take, TrueCall, TrueDay

LONGEST = timedelta(hours=24)
_MOMENTS = "SELECT place, what, name, said, at, turn FROM witness_moments ORDER BY place"
May = Callable[[Any], bool]
"""Tells whether the speaker of a fact may say it."""


class RollCallTruth:
    """What is true of every roll call of a life."""

    def __init__(
        self, path: Any, bus: SimBus, record: RollCallRecord, timetable: Timetable, may: May, closes_after: timedelta
    ) -> None:
        self._bus = bus
        self._record = record
        self._timetable = timetable
        self._may = may
        self._closes_after = closes_after
        self._taken: dict[tuple[str, int | None], set[tuple[str, int]]] = {}
        self._unheard: set[str] = set()
        self.calls: dict[str, TrueCall] = {}
        self.heard: set[str] = set()
        connection = sqlite3.connect(path, isolation_level=None)
        for _, what, name, said, at, turn in connection.execute(_MOMENTS).fetchall():
            moment = EPOCH + timedelta(microseconds=at)
            if what == "heard":
                self.heard.add(name)
                self._hear(record.facts.get(name), moment, turn)
            elif what == "call":
                self._see_call(name, json.loads(said), moment, turn)
            else:
                self._see_part(name, json.loads(said), moment, turn)
        connection.close()

    @property
    def stored(self) -> Sequence[TrueCall]:
        """Return the roll calls that were opened."""
        return [call for call in self.calls.values() if call.is_stored]

    def home_of(self, school_id: str) -> int:
        """Return the partition that a school belongs to."""
        return self._bus.partition_of(PREFIX + "zero-reports", school_id.encode())

    def _hear(self, fact: Any, at: datetime, turn: float) -> None:
        """Take up what was heard. Who may not speak says nothing."""
        if isinstance(fact, RollCallOpened) and fact.by is not None:
            self._open(fact)
        elif isinstance(fact, CutOffMoved):
            self._move(fact, turn)
        elif isinstance(fact, ReportConfirmed):
            self._answer(fact, turn)
        elif isinstance(fact, SchoolExcused):
            self._excuse(fact)
        elif isinstance(fact, CaseNoted):
            self._note_case(fact)
        for call in self.calls.values():
            if (lines := call.lines(call.cut_off)) != call.history[-1][1]:
                call.history.append((at, lines))

    def _excuse(self, fact: SchoolExcused) -> None:
        for call in self._on(fact.date):
            if (fact.call is None or call.name == fact.call) and self._may((call, fact)):
                call.days[fact.school_id].is_excused = not fact.lifted

    def _note_case(self, fact: CaseNoted) -> None:
        days = {one.astimezone(ZONE).date() for one in (fact.received_at, fact.happened_at)}
        days |= {self._day_of(one) for one in (fact.received_at, fact.happened_at)}
        for call in (call for day in sorted(days) for call in self._on(day)):
            noted = call.days[fact.school_id].noted
            if fact.withdrawn:
                noted.pop(fact.case_id, None)
            else:
                noted[fact.case_id] = fact.happened_at

    def _answer(self, fact: ReportConfirmed, turn: float) -> None:
        call = self._meant(fact)
        if call is None or fact.received_at < call.opens_at or not self._may((call, fact)):
            return
        day = call.days[fact.school_id]
        day.answers = sorted([*day.answers, fact], key=lambda one: one.received_at)
        if day.answers[0] is fact:
            call.firsts.append((fact.school_id, fact.received_at, len(call.cut_offs) - 1, turn))

    def _meant(self, fact: ReportConfirmed) -> TrueCall | None:
        """Return the roll call that an answer is for: by name, or whose window holds it, or the last that opened."""
        calls = self._on(fact.date or self._day_of(fact.received_at))
        if fact.call is not None:
            return next((call for call in calls if call.name == fact.call), None)
        within = [call for call in calls if call.opens_at <= fact.received_at <= call.cut_off]
        opened = [call for call in calls if call.opens_at <= fact.received_at]
        return next(iter(within), None) or (opened[-1] if opened else next(iter(calls), None))

    def _day_of(self, moment: datetime) -> date:
        """Return the day that is meant when nobody names one: at night it may still be the one before."""
        today = moment.astimezone(ZONE).date()
        before = today - timedelta(days=1)
        mine, earlier = self._on(today), self._on(before)
        if any(call.opens_at <= moment <= call.cut_off for call in mine):
            return today
        if any(call.opens_at <= moment <= call.cut_off for call in earlier):
            return before
        has_opened = any(call.opens_at <= moment for call in mine)
        goes_on = any(moment < call.cut_off + call.closes_after for call in earlier)
        return before if goes_on and not has_opened else today

    def _on(self, day: date) -> Sequence[TrueCall]:
        """Return the roll calls of a day that were heard of, in the order in which they open.

        A unit of work writes the row of an officer's roll call before it says what it heard. An excuse for the whole
        day that it heard before the opening, perhaps in the same unit, is not for a roll call that nobody knew then.
        """
        for hours, opens, cut_off in self._timetable.windows(day):
            self._add(day, hours.name, opens, cut_off, self._closes_after)
        known = (call for call in self.calls.values() if call.date == day and call.call_id not in self._unheard)
        return sorted(known, key=lambda one: (one.opens_at, one.name))

    def _add(self, day: date, name: str, opens: datetime, cut_off: datetime, closes_after: timedelta) -> None:
        call_id = roll_call_id(BUREAU, day.isoformat(), name)
        if call_id not in self.calls:
            days = {school_id: TrueDay() for school_id in SCHOOLS}
            call = TrueCall(call_id, day, name, opens, [cut_off], closes_after, days)
            call.history.append((opens, call.lines(cut_off)))
            self.calls[call_id] = call

    def _open(self, fact: RollCallOpened) -> None:
        self._unheard.discard(roll_call_id(BUREAU, fact.date.isoformat(), fact.call))
        if self._may((None, fact)):
            self._add(fact.date, fact.call, fact.opens_at, fact.cut_off, fact.closes_at - fact.cut_off)

    def _move(self, fact: CutOffMoved, turn: float) -> None:
        call = next((one for one in self._on(fact.date) if one.name == fact.call), None)
        if (
            call is not None and call.closed is None and call.cut_off != fact.cut_off and self._may((call, fact))
            and fact.received_at < fact.cut_off <= call.opens_at + LONGEST
        ):  # fmt: skip
            call.cut_offs.append(fact.cut_off)
            call.moved_at = fact.received_at
            call.moves.append(turn)

    def _see_call(self, call_id: str, state: Mapping[str, Any], at: datetime, turn: float) -> None:
        window = state["window"]
        self._on(date.fromisoformat(window["date"]))
        if call_id not in self.calls:  # an officer's: its row is written a moment before its fact counts as heard
            opened = self._record.of(RollCallOpened).values()
            for fact in (one for one in opened if one.by is not None):
                if roll_call_id(BUREAU, fact.date.isoformat(), fact.call) == call_id:
                    self._open(fact)
            self._unheard.add(call_id)
        call = self.calls[call_id]
        call.is_stored = True
        steps = [(one["step"], one.get("revision", 0)) for one in state.get("taken", ())]
        for step, revision in self._new(call_id, None, steps):
            call.takes.append(Take(step, revision, at, turn, call.lines(call.cut_off)))
        if "closed_at" in state and call.closed is None:
            call.closed = Take("close", len(call.cut_offs) - 1, at, turn, call.lines(call.cut_off))

    def _see_part(self, name: str, taken: Sequence[tuple[str, int]], at: datetime, turn: float) -> None:
        call_id, _, partition = name.partition("/")
        call = self.calls[call_id]
        for step, revision in self._new(call_id, int(partition), [(step, number) for step, number in taken]):
            cut_off = call.cut_offs[min(revision, len(call.cut_offs) - 1)]
            call.takes.append(Take(step, revision, at, turn, call.lines(cut_off), int(partition)))

    def _new(self, call_id: str, partition: int | None, taken: Sequence[tuple[str, int]]) -> Sequence[tuple[str, int]]:
        known = self._taken.setdefault((call_id, partition), set())
        fresh = [one for one in taken if one not in known]
        known.update(fresh)
        return fresh
