"""What must be true of every case at every moment, whatever happened: asserted by the property tests."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from escalation_policies.case import DEADLINE, Case, Clock
from escalation_policies.machine import Decision, replay
from escalation_policies.machine.answers import completed_at
from events.escalation import JournalEntry
from events.notification import NotificationCancelled, NotificationRequested


def clocks_are_watched(case: Case) -> None:
    """A running clock has its end stored and its reminders strictly inside it; an ended one has nothing stored."""
    for clock in case.clocks:
        if clock.status != "running":
            assert clock.due == (), clock
            continue
        assert (clock.due[-1].step, clock.due[-1].at) == (DEADLINE, clock.deadline), clock
        reminders = [due.at for due in clock.due[:-1]]
        assert reminders == sorted(set(reminders)), clock
        assert all(clock.started_at < at < clock.deadline for at in reminders), clock
    assert len({clock.key for clock in case.clocks}) == len(case.clocks)


def history_is_whole(case: Case, entries: Sequence[JournalEntry], requests: Sequence[NotificationRequested]) -> None:
    """Numbers without gaps, a reason with each, the drill's watermark on all, and no message asked for twice."""
    assert [entry.seq for entry in entries] == list(range(1, case.seq + 1))
    assert all(entry.reason for entry in entries)
    assert {entry.exercise for entry in entries} | {request.exercise for request in requests} <= {case.exercise}
    ids = [request.notification_id for request in requests]
    assert len(ids) == len(set(ids)), sorted(r.step for r in requests if ids.count(r.notification_id) > 1)


def cancellations_are_true(decisions: Sequence[Decision]) -> None:
    """Only what was asked for, and is held still, is called back, and once."""
    held: dict[str, datetime] = {}
    for decision in decisions:
        for effect in decision.effects:
            if isinstance(effect, NotificationRequested) and effect.not_before is not None:
                held[effect.notification_id] = effect.not_before
            if isinstance(effect, NotificationCancelled):
                assert effect.received_at < held.pop(effect.notification_id), effect


def nobody_is_forgotten(case: Case) -> None:
    """As long as the final report is missing a clock runs, and on the way up there is no level that nobody watches."""
    if case.status == "closed":
        return
    if case.final_reported_at is None:
        assert any(clock.status == "running" for clock in case.clocks)
    if case.policy.clocks.rectification is not None:
        assert any(c.name == "rectification" and c.status == "running" for c in case.clocks)
    if case.policy.clocks.report_upward is not None:
        (first,) = {clock.level for clock in case.rounds("report_to_principal")}
        assert _watched(case, case.policy.index(first)), [(c.key, c.status) for c in case.clocks]


def nobody_waits_for_what_cannot_come(case: Case) -> None:
    """A receipt that is awaited is not there yet; where nobody of the level can give it, the level above was told."""
    chain = case.policy.chain
    for index, level in enumerate(chain):
        state = case.level(level.level)
        if state is None or all(clock.status != "running" for clock in case.receipts(level.level)):
            continue
        assert completed_at(level, state) is None, state
        if state.seats and all(seat.is_out for seat in state.seats) and index + 1 < len(chain):
            assert any(case.level(above.level) for above in chain[index + 1 :]), state


def _watched(case: Case, index: int) -> bool:
    """Return whether, from this told level on, a clock runs or the chain went on to a level of which that holds."""
    level = case.policy.chain[index].level
    receipts = case.receipts(level)
    duties = case.rounds("report_upward", level)
    if any(clock.status == "running" for clock in (*receipts, *duties)):
        return True
    if index + 1 == len(case.policy.chain):
        state = case.level(level)
        exhausted = bool(receipts) and receipts[-1].told_again >= case.policy.at_top.rounds
        return exhausted or (state is not None and state.acknowledged_at is not None)
    above = [n for n in range(index + 1, len(case.policy.chain)) if case.level(case.policy.chain[n].level) is not None]
    return any(_watched(case, n) for n in above)


def journal_replays(decisions: Sequence[Decision], entries: Sequence[JournalEntry]) -> None:
    """The journal alone, asking nobody, gives the same states and the same effects, byte for byte."""
    lived = [decision for decision in decisions if decision.effects]
    for one, other in zip(lived, replay(entries), strict=True):
        assert one.state is not None
        assert other.state is not None
        assert one.state.model_dump_json() == other.state.model_dump_json()
        assert [e.model_dump_json() for e in one.effects] == [e.model_dump_json() for e in other.effects]


def breaches_are_true(case: Case, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Once all facts are in: who answered in time has no breach, who did not has one, and each was written down."""
    breaches_are_written_down(case, entries, now)
    for clock in case.clocks:
        answered = _answered_at(case, clock)
        if clock.status == "satisfied":
            assert answered is not None, clock
            assert answered <= clock.deadline, clock
        elif clock.status != "cancelled":
            assert answered is None or answered > clock.deadline, (clock, answered)


def breaches_are_written_down(case: Case, entries: Sequence[JournalEntry], now: datetime) -> None:
    """The journal has each breach that stands, each that was withdrawn, and no other; no deadline was passed over."""
    recorded = {entry.clock for entry in entries if entry.kind == "breach-recorded"}
    withdrawn = {entry.clock for entry in entries if entry.kind == "breach-withdrawn"}
    for clock in case.clocks:
        assert clock.status != "running" or clock.deadline > now, clock
        assert clock.status != "breached" or (clock.key in recorded and clock.key not in withdrawn), clock
        assert clock.status != "satisfied" or (clock.key in recorded) == (clock.key in withdrawn), clock


def folded_breaches_are_true(
    case: Case, decisions: Sequence[Decision], entries: Sequence[JournalEntry], updates: Collection[datetime]
) -> None:
    """No breach stands of a folded follow-up that an update of its time answered, unless it is final."""
    lived = {clock.key: clock for one in decisions if one.state is not None for clock in one.state.clocks}
    folded = [c for key, c in lived.items() if c.name == "follow_up" and case.clock(key) is None]
    final = max((clock.round for clock in folded if clock.status == "satisfied"), default=-1)
    for clock in folded:
        cause = lived.get(clock.because or "")
        waits = min(clock.started_at, cause.deadline) if cause is not None else clock.started_at
        if clock.status == "breached" and clock.round > final and any(waits < at <= clock.deadline for at in updates):
            assert any(_takes_back(lived, entry, clock) for entry in entries), clock


def _takes_back(lived: Mapping[str, Clock], entry: JournalEntry, clock: Clock) -> bool:
    """Return whether an entry says of this folded breach, or of a later round of its silence, that it is none."""
    spoken_of = lived.get(entry.clock or "")
    if spoken_of is None or (spoken_of.name, spoken_of.level) != (clock.name, clock.level):
        return False
    is_later = spoken_of.round >= clock.round
    if entry.kind == "breach-withdrawn":
        return is_later and entry.received_at <= clock.deadline
    return entry.kind == "clock-cancelled" and is_later


def _answered_at(case: Case, clock: Clock) -> datetime | None:
    """Return the time of the fact that stops ``clock``, as the case knows it."""
    state = case.level(clock.level)
    if clock.name in {"follow_up", "rectification"}:
        return clock.ended_at if clock.status == "satisfied" else None
    if state is None:
        return None
    return state.reported_at if clock.name == "report_upward" else state.acknowledged_at
