"""The consequences that the transition table names: one short function each.

Each is given the open ledger and the clock whose transition it follows from.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise

from escalation_policies import clockwork
from escalation_policies.case import Clock
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


def _withdraw_breach(ledger: Ledger, clock: Clock) -> None:
    """Call off what the breach set going, and tell everybody who heard of it that it was none."""
    causes = _call_off(ledger, clock)
    message = Message("incident_correction", clock.key, "correction", asks_acknowledgement=False)
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
        stands = [c for c in case.rounds("upward_receipt", level.level) if c.status != "cancelled"]
        other = next((c.key for c in stands if c.key not in causes), None)
        if state and state.acknowledged_at and other and not case.asked(above.level):
            anchor = max(raising.anchor_of_telling(ledger), state.acknowledged_at)
            start_report_upward(ledger, level.level, anchor, because=other)


def _call_off(ledger: Ledger, clock: Clock) -> set[str]:
    """Cancel every clock that runs because of ``clock``, directly or not; return the keys of all of them."""
    causes = {clock.key}
    while caused := [c for c in ledger.case.clocks if c.because in causes and c.key not in causes]:
        for other in sorted(caused, key=lambda c: c.key):
            causes.add(other.key)
            apply(ledger, other, "outdone", f"{clock.key} was answered in time after all")
    return causes


def _start_report_upward(ledger: Ledger, clock: Clock) -> None:
    state = ledger.case.level(clock.level)
    anchor = (state.acknowledged_at if state else None) or ledger.at
    because = clock.key if ledger.case.policy.index(clock.level) > 0 else None
    start_report_upward(ledger, clock.level, anchor, because=because)


def _tell_next_level(ledger: Ledger, clock: Clock) -> None:
    policy = ledger.case.policy
    above = policy.index(clock.level) + 1
    if above == len(policy.chain):
        raising.repeat_at_top(ledger, clock)
        return
    who = "principal not reached" if clock.name == "report_to_principal" else f"{clock.level} did not answer"
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
    if case.final_reported_at is None and all(c.status == "cancelled" for c in case.rounds("follow_up")):
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
    numbers = [c.round for c in case.rounds("follow_up")]
    fresh = clockwork.start(
        case.policy,
        "follow_up",
        clock.level,
        case.severity,
        max(anchor, case.last_update_at or anchor),
        round_number=max(numbers, default=-1) + 1,
        because=clock.key if clock.status == "breached" else None,
    )
    ledger.start(fresh, reason)


def _tell_who_waits(ledger: Ledger, clock: Clock) -> None:
    case, chain = ledger.case, ledger.case.policy.chain
    above = range(case.policy.index(clock.level) + 1, len(chain))
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
