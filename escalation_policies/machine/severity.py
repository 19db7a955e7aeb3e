"""The grade of a case: a raise re-computes running deadlines from their anchors, a fall never lengthens one."""

from escalation_policies import clockwork
from escalation_policies.machine.ledger import Ledger
from events.incident import SEVERITIES, Severity, SeverityChanged


def change_severity(ledger: Ledger, fact: SeverityChanged) -> None:
    """Take a correction of the grade; the latest one stands."""
    old = ledger.case.severity
    if ledger.at < ledger.case.severity_at or fact.severity == old:
        reason = "graded so already" if fact.severity == old else f"a later grading stands: {old}"
        ledger.write("action-withheld", reason, by=fact.by)
        return
    _grade(ledger, fact.severity, fact.reason, by=fact.by)


def raise_severity(ledger: Ledger, severity: Severity, reason: str) -> bool:
    """Take a worse grade from elsewhere; return whether it was worse and news."""
    is_worse = SEVERITIES.index(severity) < SEVERITIES.index(ledger.case.severity)
    if not is_worse or ledger.at < ledger.case.severity_at:
        return False
    _grade(ledger, severity, reason)
    return True


def _grade(ledger: Ledger, severity: Severity, reason: str | None, *, by: str | None = None) -> None:
    old = ledger.case.severity
    ledger.change(severity=severity, severity_at=ledger.at)
    ledger.write("severity-changed", f"from {old} to {severity}" + (f": {reason}" if reason else ""), by=by)
    if SEVERITIES.index(severity) >= SEVERITIES.index(old):
        return
    for clock in ledger.case.clocks:
        if clock.status == "running":
            faster = clockwork.hasten(clock, ledger.case.policy, severity, ledger.at, ledger.latest)
            if faster != clock:
                ledger.put_clock(faster)
                ledger.write("clock-changed", f"severity {severity}: the deadline is nearer", clock=faster)
