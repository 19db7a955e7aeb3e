"""The consequences that the transition table names: one short function each.

Each is given the open ledger and the clock whose transition it follows from.
"""

from collections.abc import Callable, Mapping

from escalation_policies import clockwork
from escalation_policies.case import DEADLINE, Clock
from escalation_policies.machine import raising
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


def _withdraw_breach(ledger: Ledger, clock: Clock) -> None:
    """Call off what the breach set going, and tell everybody who heard of it that it was none."""
    causes = {clock.key}
    for other in sorted(ledger.case.clocks, key=lambda c: c.started_at):
        if other.because in causes:
            causes.add(other.key)
            apply(ledger, other, "outdone", f"{clock.key} was answered in time after all")
    policy = ledger.case.policy
    above = policy.index(clock.level) + 1
    heard = [state for state in ledger.case.levels if state.because in causes]
    if not heard and above < len(policy.chain):
        heard = [state for state in ledger.case.levels if state.level == policy.chain[above].level]
    message = Message("incident_correction", clock.key, "correction", asks_acknowledgement=False)
    for state in heard:
        level = policy.chain[policy.index(state.level)]
        told = send(ledger, level, name_seats(ledger, level, state.seats), message)
        ledger.write("step-taken", "told that the breach was withdrawn", clock=clock, level=state.level, told=told)


def _start_report_upward(ledger: Ledger, clock: Clock) -> None:
    policy, case = ledger.case.policy, ledger.case
    index = policy.index(clock.level)
    state = case.level(clock.level)
    if index + 1 == len(policy.chain) or (state is not None and state.reported_at is not None):
        return
    if index > 0 and case.level(policy.chain[index + 1].level) is not None:
        ledger.write("action-withheld", "no upward report is due: the level above was told already", clock=clock)
        return
    fresh = clockwork.start(
        policy,
        "report_upward",
        clock.level,
        case.severity,
        ledger.at,
        because=clock.key if index > 0 else None,
    )
    running = case.clock(fresh.key)
    if running is not None and (running.status != "running" or running.started_at <= fresh.started_at):
        return
    if running is not None:  # the breach that started it was withdrawn: its true anchor is the acknowledgement
        due = tuple(item for item in fresh.due if item.at > ledger.now or item.step == DEADLINE)
        fresh = fresh.model_copy(update={"due": due})
    ledger.put_clock(fresh)
    ledger.write("clock-started", "the upward report is due", clock=fresh)


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
    message = Message("incident_report", clock.key, "report", note=ledger.case.summary)
    raising.report_above(ledger, clock, message, f"{clock.level} reported upward", because=None)


def _send_what_is_known(ledger: Ledger, clock: Clock) -> None:
    message = Message("incident_late_report", clock.key, "late-report", note=ledger.case.summary)
    reason = f"no upward report from {clock.level} by the deadline: the system sends what it knows, marked late"
    raising.report_above(ledger, clock, message, reason, because=clock.key)


def _start_follow_up(ledger: Ledger, clock: Clock) -> None:
    case = ledger.case
    if case.final_reported_at is not None or any(c.name == "follow_up" for c in case.clocks):
        return
    fresh = clockwork.start(case.policy, "follow_up", clock.level, case.severity, ledger.at)
    ledger.put_clock(fresh)
    ledger.write("clock-started", "an update or the final report is due", clock=fresh)


def _continue_follow_up(ledger: Ledger, clock: Clock) -> None:
    case = ledger.case
    if case.final_reported_at is not None:
        return
    fresh = clockwork.start(
        case.policy, "follow_up", clock.level, case.severity, ledger.at, round_number=clock.round + 1
    )
    ledger.put_clock(fresh)
    ledger.write("clock-started", "the next update or the final report is due", clock=fresh)


def _tell_who_waits(ledger: Ledger, clock: Clock) -> None:
    policy = ledger.case.policy
    above = min(policy.index(clock.level) + 1, len(policy.chain) - 1)
    message = Message("incident_follow_up", clock.key, "overdue", asks_acknowledgement=False)
    raising.inform(ledger, above, message, f"no update from {clock.level} by the deadline", clock)


_CONSEQUENCES: Mapping[Consequence, Callable[[Ledger, Clock], None]] = {
    "withdraw_breach": _withdraw_breach,
    "start_report_upward": _start_report_upward,
    "tell_next_level": _tell_next_level,
    "report_to_levels_above": _report_to_levels_above,
    "send_what_is_known": _send_what_is_known,
    "start_follow_up": _start_follow_up,
    "continue_follow_up": _continue_follow_up,
    "tell_who_waits": _tell_who_waits,
}
