"""What a reporter is promised when the report is accepted: the clocks that start with it."""

from collections.abc import Mapping
from datetime import datetime

from escalation_policies.clockwork import start
from escalation_policies.schema import Policy
from events.incident import Severity


def opening_deadlines(policy: Policy, severity: Severity, received_at: datetime) -> Mapping[str, datetime]:
    """Return the deadline of each clock that opens with the case, by clock key.

    The machine opens the same clocks from the same values, so the 202 and the case never disagree.
    """
    clock = start(policy, "report_to_principal", policy.chain[0].level, severity, received_at)
    return {clock.key: clock.deadline}
