"""The same thing at several schools is one thing to the bureau: a case of its own, grown from theirs.

The schools' own cases go on as they are. Pure: who counts the open cases says what is open, this says what follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation_policies.schema import Policy
from events.ids import case_id_of_report, derived
from events.incident import SEVERITIES, IncidentFiled, Severity

KIND = "many-schools"
"""The kind of a case that was grown; its policy is written from the bureau's place."""


@dataclass(frozen=True)
class OpenCase:
    """What counts of a case that is open."""

    case_id: str
    school_id: str
    severity: Severity
    received_at: datetime


def grow(
    policy: Policy, kind: str, bureau_id: str, open_cases: Sequence[OpenCase], now: datetime, *, exercise: bool
) -> IncidentFiled | None:
    """Return the report that opens the bureau's case, or None while too few schools are concerned.

    ``open_cases``: those of one kind below the bureau. Its id is derived from the first of them, so that who looks
    twice reports once. It has the worst of their grades.
    """
    if policy.gather_schools is None or policy.merge_within is None:
        return None
    recent = sorted(
        (case for case in open_cases if now - case.received_at <= policy.merge_within),
        key=lambda case: (case.received_at, case.case_id),
    )
    schools = dict.fromkeys(case.school_id for case in recent)
    if len(schools) < policy.gather_schools:
        return None
    report_id = derived("gathering", bureau_id, kind, str(exercise), recent[0].case_id)
    return IncidentFiled(
        case_id=case_id_of_report(report_id),
        received_at=now,
        report_id=report_id,
        school_id=bureau_id,
        kind=KIND,
        severity=min((case.severity for case in recent), key=SEVERITIES.index),
        urgent=True,
        summary=f"{kind}: {len(schools)} schools ({', '.join(list(schools)[:20])}) since "
        f"{recent[0].received_at:%Y-%m-%d %H:%M} UTC. Their own cases go on.",
        exercise=exercise,
    )
