"""What was to be done by a date is overdue: the level above is told, and again until it is done."""

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import Chased
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import Message, fallback_of, name_selectors, seat, send, whom_to_tell
from events.notification import Template

_OVERDUE: dict[str, Template] = {"rectification": "hazard_overdue"}
_WHAT = {
    "rectification": "the hazard is not gone by its date",
    "acceptance": "the petition was neither accepted nor declined in time",
    "resolution": "the petition was not answered in time",
    "review": "the request for review was not answered in time",
}


def tell_of_overdue(ledger: Ledger, clock: Clock) -> None:
    """Tell the level above, which must acknowledge; where nobody is above, tell the top itself, and the fallback.

    There no receipt is asked: the debtor has accepted long ago, and the clock's next round tells them again.
    """
    policy = ledger.case.policy
    above = policy.index(clock.level) + 1
    if above == len(policy.chain):
        _tell_the_top(ledger, clock)
        return
    message = Message(_template(clock), clock.key, f"overdue:{policy.chain[above].level}")
    raising.raise_to(ledger, above, message, _WHAT[clock.name], because=clock.key)


def _tell_the_top(ledger: Ledger, clock: Clock) -> None:
    policy = ledger.case.policy
    level = policy.chain[-1]
    state = ledger.case.level(level.level)
    assert state is not None
    named = [*whom_to_tell(ledger, level), *name_selectors(ledger, fallback_of(policy))]
    seat(ledger, state.hearing(clock.key), named, ledger.at)
    message = Message(_template(clock), clock.key, f"overdue:{level.level}", asks_acknowledgement=False)
    if told := send(ledger, level, named, message):
        ledger.write("step-taken", _WHAT[clock.name], clock=clock, told=told)
    else:
        ledger.write("nobody-found", f"{_WHAT[clock.name]}: nobody is left to tell, mend the directory", clock=clock)


def _template(clock: Clock) -> Template:
    return _OVERDUE.get(clock.name, "petition_overdue")


def chase_again(ledger: Ledger, clock: Clock) -> None:
    """Start another round of the clock: what is owed stays owed, and its silence is told again."""
    case, rule = ledger.case, ledger.case.policy.clocks.rule(clock.name)
    assert isinstance(rule, Chased), clock.name
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
