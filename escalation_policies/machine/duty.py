"""The duty to report upward: when a level owes the next one a report, and from which moment its 20 minutes run."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.machine.ledger import Ledger


def start_report_upward(ledger: Ledger, level: str, anchor: datetime, *, because: str | None) -> None:
    """Start the level's ``report_upward``, unless it has reported, or the level above was asked already.

    A clock that runs from a later moment (the breach that started it was withdrawn) is set to its true anchor.
    """
    case, policy = ledger.case, ledger.case.policy
    if policy.clocks.report_upward is None:
        return
    index = policy.index(level)
    state = case.level(level)
    if index + 1 == len(policy.chain) or (state is not None and state.reported_at is not None):
        return
    rounds = case.rounds("report_upward", level)
    latest = rounds[-1] if rounds and rounds[-1].status != "cancelled" else None
    if latest is not None:
        _advance(ledger, latest, anchor)
        return
    is_first = bool(case.rounds("report_to_principal", level))
    if not is_first and case.asked(policy.chain[index + 1].level):
        ledger.write("action-withheld", "no upward report is due: the level above was told already", level=level)
        return
    number = case.next_round("report_upward", level)
    clock = clockwork.start(policy, "report_upward", level, case.severity, anchor, round_number=number, because=because)
    ledger.start(clock, "the upward report is due")


def _advance(ledger: Ledger, clock: Clock, anchor: datetime) -> None:
    if clock.status != "running" or clock.started_at <= anchor:
        return
    earlier = clockwork.anew(clock, ledger.case.policy, ledger.case.severity, anchor, ledger.latest)
    ledger.put_clock(earlier)
    ledger.write("clock-changed", "the upward report is due, counted from the acknowledgement", clock=earlier)
