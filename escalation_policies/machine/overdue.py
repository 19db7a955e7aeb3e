"""What was to be done by a date is overdue: the level above is told, and again until it is done."""

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import DueDateRule, StatutoryRule
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import Message
from events.notification import Template

_OVERDUE: dict[str, Template] = {"rectification": "hazard_overdue"}
_WHAT = {
    "rectification": "the hazard is not gone by its date",
    "acceptance": "the petition was neither accepted nor declined in time",
    "resolution": "the petition was not answered in time",
    "review": "the request for review was not answered in time",
}


def tell_of_overdue(ledger: Ledger, clock: Clock) -> None:
    """Tell the level above, which must acknowledge; at the top, tell the top again."""
    policy = ledger.case.policy
    above = policy.index(clock.level) + 1
    if above == len(policy.chain):
        raising.repeat_at_top(ledger, clock)
        return
    message = Message(_OVERDUE.get(clock.name, "petition_overdue"), clock.key, f"overdue:{policy.chain[above].level}")
    raising.raise_to(ledger, above, message, _WHAT[clock.name], because=clock.key)


def chase_again(ledger: Ledger, clock: Clock) -> None:
    """Start another round of the clock: what is owed stays owed, and its silence is told again."""
    case, rule = ledger.case, ledger.case.policy.clocks.rule(clock.name)
    assert isinstance(rule, StatutoryRule | DueDateRule), clock.name
    anchor = raising.anchor_of_telling(ledger)
    fresh = clockwork.start(
        case.policy,
        clock.name,
        clock.level,
        case.severity,
        anchor,
        round_number=case.next_round(clock.name, clock.level),
        deadline=rule.next_chase(anchor, case.policy.calendar),
        because=clock.key,
    )
    ledger.start(fresh, "still owed: told again if it is not done by then")
