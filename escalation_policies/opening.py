"""What a reporter is promised when the report is accepted: the clocks that start with it."""

from collections.abc import Mapping
from datetime import datetime

from escalation_policies.clockwork import start
from escalation_policies.schema import Policy
from events.incident import Severity


def opening_deadlines(
    policy: Policy, severity: Severity, received_at: datetime, due_at: datetime | None = None
) -> Mapping[str, datetime]:
    """Return the deadline of each clock that opens with the case, by clock key.

    The machine opens the same clocks from the same values, so the 202 and the case never disagree.
    """
    level, clocks = policy.chain[0].level, policy.clocks
    found = [start(policy, "report_to_principal", level, severity, policy.waking(received_at, severity))]
    if clocks.acceptance is not None:
        found.append(start(policy, "acceptance", level, severity, received_at))
    if clocks.rectification is not None:
        found.append(
            start(
                policy,
                "rectification",
                level,
                severity,
                received_at,
                deadline=max(due_at, received_at) if due_at else None,
            )
        )
    return {clock.key: clock.deadline for clock in found}
