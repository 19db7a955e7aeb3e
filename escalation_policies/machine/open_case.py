"""A report opens a case: the policy is frozen in, the first clock starts, the principal is told at once."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Case, LevelState
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.raising import raise_to
from escalation_policies.machine.telling import Message, seat, send, whom_to_tell
from escalation_policies.schema import Policy
from escalation_policies.selector import Directory, SchoolName
from events.escalation import Cause
from events.incident import IncidentFiled


def open_case(
    event: IncidentFiled,
    school: SchoolName,
    policy: Policy,
    directory: Directory,
    received_at: datetime,
    now: datetime,
    cause: Cause,
) -> Ledger:
    """Return the ledger of a newly opened case, whose clocks start at ``received_at``."""
    severity = policy.severity_of(event.severity, urgent=event.urgent)
    case = Case(
        case_id=event.case_id,
        report_id=event.report_id,
        school_id=event.school_id,
        school_name=school.name,
        kind=event.kind,
        severity=severity,
        severity_at=received_at,
        urgent=event.urgent,
        exercise=event.exercise,
        place=event.place,
        summary=event.summary,
        casualties=event.casualties,
        reporter=event.reporter,
        received_at=received_at,
        occurred_at=event.occurred_at,
        submitted_at=event.submitted_at,
        updated_at=received_at,
        policy=policy,
    )
    ledger = Ledger(case, directory, received_at, now, cause)
    ledger.write("case-opened", f"policy {policy.id} version {policy.version}, severity {severity}")
    _tell_first_level(ledger)
    return ledger


def _tell_first_level(ledger: Ledger) -> None:
    case, level = ledger.case, ledger.case.policy.chain[0]
    clock = clockwork.start(case.policy, "report_to_principal", level.level, case.severity, case.received_at)
    named = whom_to_tell(ledger, level)
    seat(ledger, LevelState(level=level.level, told_at=ledger.at), named, ledger.at)
    message = Message("incident_alert", clock.key, f"told:{level.level}", deadline=clock.deadline)
    told = send(ledger, level, named, message)
    if told:
        ledger.write("step-taken", f"{level.level} told at once", level=level.level, told=told)
    ledger.start(clock, f"{level.level} must acknowledge")
    if not told:
        ledger.write("nobody-found", f"{level.level} has nobody to tell; the next level is told now", level=level.level)
        up = Message("incident_unreached", clock.key, f"nobody:{case.policy.chain[1].level}")
        raise_to(ledger, 1, up, f"{level.level} has nobody", because=clock.key)
