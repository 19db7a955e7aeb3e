"""What a reporter is promised when the report is accepted: the clocks that start with it."""

from collections.abc import Mapping
from datetime import datetime

from escalation_policies.machine.judge import decide
from escalation_policies.machine.open_case import Report
from escalation_policies.schema import Policy
from escalation_policies.selector import Directory


def opening_deadlines(report: Report, policy: Policy, directory: Directory) -> Mapping[str, datetime]:
    """Return the deadline of each clock that opens with the case, by clock key.

    The machine itself is asked, with the directory as it is now: where the case passes over a level, so does the
    promise. None are promised for a school that the directory does not know.
    """
    if directory.school(report.school_id) is None:
        return {}
    case = decide(None, report, directory, policy, report.received_at).state
    return case.deadlines() if case is not None else {}
