"""A report opens a case: the policy is frozen in, the first clocks start, the first level is told at once."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Case, LevelState, PetitionState
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.raising import raise_to
from escalation_policies.machine.telling import Message, Named, put_in_charge, reachable, seat, send, whom_to_tell
from escalation_policies.schema import Level, Policy
from escalation_policies.selector import Directory, SchoolName
from events.escalation import Cause
from events.incident import IncidentFiled
from events.petition import PetitionFiled

Report = IncidentFiled | PetitionFiled
_JUDGED = {"severity", "received_at"}


def open_case(
    event: Report,
    school: SchoolName,
    policy: Policy,
    directory: Directory,
    received_at: datetime,
    now: datetime,
    cause: Cause,
) -> Ledger:
    """Return the ledger of a newly opened case, whose clocks start at ``received_at``."""
    severity = policy.severity_of(event.severity, urgent=isinstance(event, IncidentFiled) and event.urgent)
    told = {name: value for name, value in event if name in Case.model_fields and name not in _JUDGED}
    case = Case(
        **told,
        family=policy.applies_to.family,
        school_name=school.name,
        severity=severity,
        severity_at=received_at,
        received_at=received_at,
        updated_at=received_at,
        petition=_petition(policy, received_at) if isinstance(event, PetitionFiled) else None,
        policy=policy,
    )
    ledger = Ledger(case, directory, received_at, now, cause)
    ledger.write("case-opened", f"policy {policy.id} version {policy.version}, severity {severity}")
    place = _tell_first_level(ledger)
    _start_long_clocks(ledger, policy.chain[place].level)
    return ledger


def _petition(policy: Policy, received_at: datetime) -> PetitionState:
    return PetitionState(
        objection_until=policy.calendar.end(policy.objection, received_at) if policy.objection else None
    )


def _tell_first_level(ledger: Ledger) -> int:
    """Tell the first level, or when nobody there can be told the next one; return the place of who was told.

    A post that is vacant stays the level's own affair: its clock runs, and whoever comes to hold the post is reminded.
    Whom the case concerns was not told and could not answer, so nothing is counted against them: who is told in their
    place has the first level's clock, and its duties (DOMAIN §2: out of every step, one level up).
    """
    case, level = ledger.case, ledger.case.policy.chain[0]
    anchor = case.policy.waking(case.received_at, case.severity)
    clock = clockwork.start(case.policy, "report_to_principal", level.level, case.severity, anchor)
    named = whom_to_tell(ledger, level)
    if case.owner is not None:
        named += _owner(ledger, level, case.owner)
    seat(ledger, LevelState(level=level.level, told_at=anchor), named, anchor)
    message = Message("incident_alert", clock.key, f"told:{level.level}", deadline=clock.deadline)
    told = send(ledger, level, named, message)
    if told:
        ledger.write("step-taken", f"{level.level} told at once", level=level.level, told=told)
    elif ledger.has_passed_over((*level.tell, *level.stand_in)):
        reason = f"nobody at {level.level} may hear of it: no clock runs there, and the next level is told now"
        ledger.write("nobody-found", reason, level=level.level)
        up = Message("incident_unreached", clock.key, f"nobody:{case.policy.chain[1].level}")
        return raise_to(ledger, 1, up, f"{level.level} may not hear of it", because=None, clock="report_to_principal")
    ledger.start(clock, f"{level.level} must acknowledge")
    if not told:
        ledger.write("nobody-found", f"{level.level} has nobody to tell; the next level is told now", level=level.level)
        up = Message("incident_unreached", clock.key, f"nobody:{case.policy.chain[1].level}")
        return raise_to(ledger, 1, up, f"{level.level} has nobody", because=clock.key)
    return 0


def _owner(ledger: Ledger, level: Level, owner: str) -> list[Named]:
    named = put_in_charge(ledger, level, owner)
    if not reachable(level, named):
        reason = "no way to reach who must remove the hazard: the level must see to it"
        ledger.write("nobody-found", reason, level=level.level)
    return named


def _start_long_clocks(ledger: Ledger, level: str) -> None:
    """Start the clocks in days: they run against the first level that could be told."""
    case = ledger.case
    if case.policy.clocks.acceptance is not None:
        clock = clockwork.start(case.policy, "acceptance", level, case.severity, case.received_at)
        ledger.start(clock, "to be accepted or declined, with notice")
    if case.policy.clocks.rectification is not None:
        due_at = max(case.due_at, case.received_at) if case.due_at else None
        clock = clockwork.start(case.policy, "rectification", level, case.severity, case.received_at, deadline=due_at)
        ledger.start(clock, "the hazard must be gone by its due date")
