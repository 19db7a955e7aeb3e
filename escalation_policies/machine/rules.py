"""The consequences that the transition table names: one short function each.

Each is given the open ledger and the clock whose transition it follows from.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import ClockName
from escalation_policies.folded import Folded
from escalation_policies.folding import cut, latest_of
from escalation_policies.machine import overdue, progress, raising
from escalation_policies.machine.duty import start_report_upward
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import Message, name_seats, send
from escalation_policies.machine.transitions import Consequence, Trigger, find
from events.escalation import EntryKind

_ENTRY: Mapping[str, EntryKind] = {
    "satisfied": "clock-satisfied",
    "breached": "breach-recorded",
    "cancelled": "clock-cancelled",
}


def apply(ledger: Ledger, clock: Clock, trigger: Trigger, reason: str) -> bool:
    """Move ``clock`` by the table and let follow what follows. Return False when the table has no such row."""
    row = find(clock.name, clock.status, trigger)
    if row is None:
        return False
    if row.after != row.before:
        clock = clockwork.stop(clock, row.after, ledger.at)
        ledger.put_clock(clock)
        kind: EntryKind = "breach-withdrawn" if "withdraw_breach" in row.then else _ENTRY[row.after]
        ledger.write(kind, reason, clock=clock)
    for consequence in row.then:
        _CONSEQUENCES[consequence](ledger, clock)
    return True


def answer(ledger: Ledger, clock: Clock, at: datetime, reason: str) -> bool:
    """Answer ``clock`` by the time of the fact that does; after the deadline its breach stays, and needs no reason."""
    return apply(ledger, clock, "answered" if at <= clock.deadline else "answered-late", reason)


def answer_rounds(ledger: Ledger, name: ClockName, level: str, at: datetime, reason: str) -> None:
    """Answer every round of a clock at a level by the time of the fact, the first one first, folded ones in turn."""
    folded = ledger.case.fold(name, level)
    rounds = [(clock.round, clock.key) for clock in ledger.case.rounds(name, level)]
    turns = rounds if folded is None else sorted([*rounds, (folded.last, folded.key)])
    for _, key in turns:
        clock = ledger.case.clock(key)
        if clock is not None:
            answer(ledger, clock, at, reason)
        else:
            answer_folded(ledger, name, level, at, "answered", reason)


def answer_folded(ledger: Ledger, name: ClockName, level: str, at: datetime, trigger: Trigger, reason: str) -> None:
    """Take back those breaches among the folded rounds of a clock at a level that a fact of ``at`` shows to be none."""
    folded = ledger.case.fold(name, level)
    if folded is None or folded.silence is None or at > folded.silence.until:
        return
    clock = latest_of(folded, folded.silence)
    row = find(clock.name, clock.status, trigger)
    if row is None:
        return
    rest = cut(folded, folded.silence, at)
    ledger.put_folded(rest.model_copy(update={"stands": True}) if row.after == "satisfied" else rest)
    clock = clockwork.stop(clock, row.after, at)
    ledger.write(
        "breach-withdrawn", f"{reason}: so is every earlier round whose deadline was not over then", clock=clock
    )
    for consequence in row.then:
        _CONSEQUENCES[consequence](ledger, clock)


def _withdraw_breach(ledger: Ledger, clock: Clock) -> None:
    """Call off what the breach set going, and tell everybody who heard of it that it was none."""
    is_folded = ledger.case.clock(clock.key) is None
    causes = _call_off(ledger, clock, since=clock.ended_at if is_folded else None)
    step = f"correction:{ledger.case.seq}" if is_folded else "correction"
    message = Message("incident_correction", clock.key, step, asks_acknowledgement=False)
    for level in ledger.case.policy.chain:
        state = ledger.case.level(level.level)
        if state is not None and causes.intersection(state.heard):
            told = send(ledger, level, name_seats(ledger, level, state.seats), message)
            reason = "told that the breach was withdrawn" if told else "nobody is left to tell of the withdrawn breach"
            ledger.write("step-taken" if told else "nobody-found", reason, clock=clock, level=level.level, told=told)
    _renew_duties(ledger, causes)


def _renew_duties(ledger: Ledger, causes: set[str]) -> None:
    """Let a level that accepted for another reason report upward after all: who was told above it was called off."""
    case, chain = ledger.case, ledger.case.policy.chain
    for level, above in pairwise(chain[1:]):
        state = case.level(level.level)
        other = next((key for key in case.standing("upward_receipt", level.level) if key not in causes), None)
        if state and state.acknowledged_at and other and not case.asked(above.level):
            anchor = max(raising.anchor_of_telling(ledger), state.acknowledged_at)
            start_report_upward(ledger, level.level, anchor, because=other)


def _call_off(ledger: Ledger, clock: Clock, since: datetime | None) -> set[str]:
    """Cancel every clock that runs because of ``clock``, directly or not; return the keys of all of them.

    ``since``: of folded rounds only those whose deadline had not passed then are at fault.
    """
    causes = {clock.key}
    while True:
        case = ledger.case
        caused = [c for c in case.clocks if c.because in causes and c.key not in causes]
        caused = sorted((c for c in caused if not _came_before(c, clock, since)), key=lambda c: c.key)
        folds = [f for f in case.folded if f.comes_of(causes) and f.key not in causes]
        folds = [f for f in folds if since is None or f.silence is None or f.silence.began >= since]
        if not caused and not folds:
            return causes
        causes |= {other.key for other in caused} | {folded.key for folded in folds}
        for other in caused:
            apply(ledger, other, "outdone", f"{clock.key} was answered in time after all")
        for folded in folds:
            _call_off_folded(ledger, folded, clock)


def _came_before(other: Clock, clock: Clock, since: datetime | None) -> bool:
    """Return whether ``other`` was started by a folded round that stays a breach."""
    at = other.because_at
    return since is not None and other.because == clock.key and at is not None and at < since


def _call_off_folded(ledger: Ledger, folded: Folded, clock: Clock) -> None:
    if folded.silence is not None:
        ledger.put_folded(folded.model_copy(update={"silence": None}))
        reason = f"{clock.key} was answered in time after all: so are the earlier rounds of this silence"
        ledger.write("clock-cancelled", reason, clock=latest_of(folded, folded.silence))


def _start_report_upward(ledger: Ledger, clock: Clock) -> None:
    state = ledger.case.level(clock.level)
    assert state is not None, f"{clock.level} was never told"
    anchor = state.acknowledged_at or ledger.at
    is_first = clock.name == "report_to_principal"
    start_report_upward(ledger, clock.level, anchor, because=None if is_first else clock.key)
    if is_first and ledger.case.policy.index(clock.level) + 1 == len(ledger.case.policy.chain):
        _start_follow_up(ledger, clock)  # nobody is above to report to, and the case must go on all the same


def _tell_next_level(ledger: Ledger, clock: Clock) -> None:
    policy = ledger.case.policy
    above = policy.index(clock.level) + 1
    if above == len(policy.chain):
        raising.repeat_at_top(ledger, clock)
        return
    who = "principal not reached" if clock.level == policy.chain[0].level else f"{clock.level} did not answer"
    message = Message("incident_unreached", clock.key, f"told:{policy.chain[above].level}")
    raising.raise_to(ledger, above, message, f"{who} by the deadline", because=clock.key)


def _report_to_levels_above(ledger: Ledger, clock: Clock) -> None:
    carry_report(ledger, clock.level, clock.key)


def carry_report(ledger: Ledger, level: str, clock_key: str) -> None:
    """Carry the report of ``level`` upward; again when it turns out to have been made in time, after a later one."""
    state = ledger.case.level(level)
    step = "report" if state is None or state.reported_at is None else "report-in-time"
    message = Message("incident_report", clock_key, step, note=ledger.case.summary)
    raising.report_above(ledger, level, message, f"{level} reported upward", because=None)


def _send_what_is_known(ledger: Ledger, clock: Clock) -> None:
    message = Message("incident_late_report", clock.key, "late-report", note=ledger.case.summary)
    reason = f"no upward report from {clock.level} by the deadline: the system sends what it knows, marked late"
    raising.report_above(ledger, clock.level, message, reason, because=clock.key)


def _start_follow_up(ledger: Ledger, clock: Clock) -> None:
    case = ledger.case
    if case.policy.clocks.follow_up is None:
        return
    if case.final_reported_at is None and not case.standing("follow_up"):
        _follow_up(ledger, clock, ledger.at, "an update or the final report is due")


def _continue_follow_up(ledger: Ledger, clock: Clock) -> None:
    case = ledger.case
    if case.final_reported_at is None and all(c.status != "running" for c in case.rounds("follow_up")):
        missed = clock.status == "breached"
        anchor = raising.anchor_of_telling(ledger) if missed else ledger.at
        _follow_up(ledger, clock, anchor, "the next update or the final report is due")


def _follow_up(ledger: Ledger, clock: Clock, anchor: datetime, reason: str) -> None:
    """Start the next follow-up from ``anchor``, or from the latest update, if that came to be known before its time."""
    case = ledger.case
    fresh = clockwork.start(
        case.policy,
        "follow_up",
        clock.level,
        case.severity,
        max(anchor, case.last_update_at or anchor),
        round_number=case.next_round("follow_up"),
        because=clock.key if clock.status == "breached" else None,
    )
    ledger.start(fresh, reason)


def _tell_who_waits(ledger: Ledger, clock: Clock) -> None:
    case, chain = ledger.case, ledger.case.policy.chain
    above = range(min(case.policy.index(clock.level) + 1, len(chain) - 1), len(chain))
    waiting = next((n for n in above if case.level(chain[n].level) is not None), above[0])
    message = Message("incident_follow_up", clock.key, "overdue", asks_acknowledgement=False)
    raising.inform(ledger, waiting, message, f"no update from {clock.level} by the deadline", because=clock.key)


_CONSEQUENCES: Mapping[Consequence, Callable[[Ledger, Clock], None]] = {
    "withdraw_breach": _withdraw_breach,
    "start_report_upward": _start_report_upward,
    "tell_next_level": _tell_next_level,
    "report_to_levels_above": _report_to_levels_above,
    "send_what_is_known": _send_what_is_known,
    "start_follow_up": _start_follow_up,
    "continue_follow_up": _continue_follow_up,
    "tell_who_waits": _tell_who_waits,
    "tell_of_overdue": overdue.tell_of_overdue,
    "chase_again": overdue.chase_again,
    "continue_petition": progress.continue_petition,
    "complete_petition": progress.complete_petition,
}
