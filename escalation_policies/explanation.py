"""Why each person was called, or was not: a case's answer in words, for whoever asks (`tocsin policy explain`).

Rendered from the case and its journal alone; the directory of today is asked only about what comes next, and about
somebody who was never named. Times are those of the policy's calendar. No address is ever in it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from escalation_policies.case import Case, Seat
from escalation_policies.case_history import History, Telling
from escalation_policies.chain_scrutiny import selectors_of
from escalation_policies.outlook import outlook
from escalation_policies.schema import Level
from escalation_policies.selector import Directory
from events.escalation import JournalEntry

_BOOKKEEPING = {"clock-started", "clock-changed", "clock-cancelled"}
"""Entries that call nobody and keep nobody from being called: the levels' clocks show them."""


def explain(
    case: Case, entries: Sequence[JournalEntry], directory: Directory, now: datetime, person_id: str | None = None
) -> str:
    """Return the explanation of a case, or of what one person has to do with it.

    ``entries``: the case's whole journal, in order. ``now``: an aware time.
    """
    pages = _Explanation(case, History(entries, case.policy), directory, now)
    lines = pages.whole() if person_id is None else pages.of_person(person_id)
    return "\n".join(lines) + "\n"


_UNTOLD = {"nobody-found", "contact-unreached", "recipient-excluded", "action-withheld", "step-superseded"}
"""Entries that say why somebody is not told."""


class _Explanation:
    def __init__(self, case: Case, history: History, directory: Directory, now: datetime) -> None:
        self.case = case
        self.history = history
        self.directory = directory
        self.now = now
        self._zone = ZoneInfo(case.policy.calendar.timezone)

    def whole(self) -> Iterator[str]:
        """Yield everything: the steps, each level, and what comes next."""
        yield from self._head()
        yield from ("", "What happened")
        for entry in self.history.entries:
            if entry.kind not in _BOOKKEEPING:
                yield f"  {self._step(entry)}"
        for index in range(len(self.case.policy.chain)):
            yield ""
            yield from self._level(index)
        yield from ("", "What comes next", *self._next())

    def of_person(self, person_id: str) -> Iterator[str]:
        """Yield what one person has to do with the case: told, passed over, or why neither."""
        yield from self._head()
        name = self.history.name(person_id)
        told = [one for one in self.history.tellings if one.person_id == person_id]
        passed = [one for one in self.history.passed_over if one.person_id == person_id]
        stood_in = [one for one in self.history.tellings if one.for_whom == person_id]
        yield from ("", f"{name} was told {len(told)} times" if told else f"{name} was not told")
        for telling in told:
            yield f"  {self._at(telling.entry.received_at)}  {self._by(telling)}: {telling.entry.reason}"
        for over in passed:
            yield f"  {self._at(over.entry.received_at)}  passed over as {over.question}: {over.tie}"
        for telling in stood_in:
            yield f"  {self._at(telling.entry.received_at)}  away: {telling.name} was told for them"
        for entry in self.history.entries:
            if entry.by == person_id:
                yield f"  {self._at(entry.received_at)}  {entry.kind}: {entry.reason}"
        for seat in (seat for level in self.case.levels for seat in level.seats_of(person_id)):
            yield f"  {self._answered(seat)}"
        if not told and not passed:
            yield from self._why_never(person_id)
        yield from ("", "What comes next", *self._next(person_id))

    def _head(self) -> Iterator[str]:
        case, policy = self.case, self.case.policy
        drill = ", an exercise" if case.exercise else ""
        yield f"Case {case.case_id}: {case.kind}, severity {case.severity}, {case.school_name}, {case.status}{drill}"
        yield f"Policy {policy.id} version {policy.version}; received {self._at(case.received_at)} ({self._zone.key})"

    def _step(self, entry: JournalEntry) -> str:
        told = [f"{one.name} as {one.question} {self._by(one)}" for one in self.history.tellings_of(entry)]
        by = f" by {self.history.name(entry.by)}" if entry.by is not None else ""
        whom = f": {'; '.join(told)}" if told else ""
        where = f" [{entry.clock or entry.level}]" if entry.clock or entry.level else ""
        return f"{self._at(entry.received_at)}  {entry.kind}{by}{where}: {entry.reason}{whom}"

    def _level(self, index: int) -> Iterator[str]:
        level = self.case.policy.chain[index]
        state = self.case.level(level.level)
        here = {one.question for one in (*level.tell, *level.stand_in)}
        heard = [one for one in self.history.tellings if one.entry.level == level.level]
        yield f"{level.level}: " + (f"told at {self._at(heard[0].entry.received_at)}" if heard else "not told")
        for person in dict.fromkeys(one.person_id for one in heard):
            mine = [one for one in heard if one.person_id == person]
            yield f"  {self._called(mine)}"
        for over in self.history.passed_over:
            if over.question in here:
                yield f"  {self._at(over.entry.received_at)}  {over.name} ({over.person_id}) passed over: {over.tie}"
        for entry in self.history.entries:
            if entry.kind in {"nobody-found", "step-superseded"} and entry.level == level.level:
                yield f"  {self._at(entry.received_at)}  nobody called: {entry.reason}"
        for seat in state.seats if state is not None else ():
            yield f"  {self._answered(seat)}"
        if not heard:
            yield f"  {self._why_silent(index)}"

    def _called(self, mine: Sequence[Telling]) -> str:
        first = mine[0]
        acting = f", for {self.history.name(first.for_whom)} who is away" if first.for_whom else ""
        times = f"{len(mine)} times, last at {self._at(mine[-1].entry.received_at)}" if len(mine) > 1 else "once"
        return f"{first.name}, named by {first.question}{acting}: told {times}, {self._by(first)}"

    def _answered(self, seat: Seat) -> str:
        who = f"{self.history.name(seat.person_id)} as {seat.question}"
        if seat.declined_at is not None:
            return f"{who}: cannot take it since {self._at(seat.declined_at)}, not called about it since"
        if seat.acknowledged_at is not None:
            return f"{who}: accepted at {self._at(seat.acknowledged_at)}, not asked to accept again"
        return f"{who}: has not answered"

    def _why_silent(self, index: int) -> str:
        """Say why a level was not told: nothing below it went unanswered."""
        if index == 0:
            return "the case concerns whoever could be told, or nobody could be reached"
        below = self.case.policy.chain[index - 1]
        for clock in self.case.clocks:
            if clock.level == below.level and clock.status == "running" and clock.name != "follow_up":
                return f"{clock.key} still runs, until {self._at(clock.deadline)}: then this level is told"
        answered = [clock for clock in self.case.clocks if clock.level == below.level and clock.ended_at is not None]
        if answered:
            last = max(answered, key=lambda clock: clock.ended_at or clock.deadline)
            return f"{last.key} was {last.status} at {self._at(last.ended_at or last.deadline)}: nothing called for it"
        return f"{below.level} was not told either"

    def _why_never(self, person_id: str) -> Iterator[str]:
        """Say why somebody was neither told nor passed over, by what the directory says of them today."""
        if person_id in self.case.excluded:
            yield "  the case concerns them, or somebody they go with: they may never hear of it"
        named = False
        for where, selector in selectors_of(self.case.policy):
            level = self.case.policy.chain[int(where[1])] if where[0] == "chain" else self.case.policy.chain[-1]
            for one in self.directory.resolve(selector, self.case.school_id, self.now):
                if person_id in {one.person_id, one.on_behalf_of}:
                    named = True
                    away = f"; away today: {one.name} acts for them" if one.on_behalf_of == person_id else ""
                    yield f"  {selector.question} names them today at {level.level}{away}"
                    yield f"  {self._why_not_yet(where[2] if where[0] == 'chain' else where[0], level)}"
        if not named:
            yield "  no selector of the policy names them today, and none did when the case called somebody"

    def _why_not_yet(self, part: str | int, level: Level) -> str:
        if self.case.level(level.level) is None or not any(
            one.entry.level == level.level for one in self.history.tellings
        ):
            return self._why_silent(self.case.policy.index(level.level))
        if part == "stand_in":
            return "a stand-in: called by reminders, or when who is told cannot take it or be reached"
        if part in {"at_top", "conflict"}:
            return "a fallback: called when the top does not answer, or nobody there may hear"
        return "named only since: nobody has been called at this level since then"

    def _next(self, person_id: str | None = None) -> Iterator[str]:
        coming = outlook(self.case, self.directory)
        if coming is None:
            yield "  nothing is due: " + ("the case is closed" if self.case.status == "closed" else "no clock runs")
            return
        late = " (overdue: is the escalation service running?)" if coming.at < self.now else ""
        yield f"  {self._at(coming.at)}  {coming.step} of {coming.clock}{late}"
        mine = [one for one in coming.tellings if person_id in {None, one.person_id}]
        for one in mine:
            yield f"    {one.name} as {one.question} will be told {self._by(one)}: {one.entry.reason}"
        if not mine:
            yield "    they will not be told then" if person_id is not None else "    nobody will be told then"
        for entry in coming.others if person_id is None else ():
            if entry.kind in _UNTOLD:
                yield f"    {entry.kind}: {entry.reason}"

    def _by(self, telling: Telling) -> str:
        """Return by which channels, and until when quiet hours hold the messages back."""
        if not telling.channels:
            return "by no channel that is known"
        asked = telling.entry.fired_at or telling.entry.received_at
        waking = self.case.policy.waking(asked, self.case.severity)
        held = f", held until {self._at(waking)}" if waking > asked else ""
        return f"by {' and '.join(telling.channels)}{held}"

    def _at(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M:%S}"
