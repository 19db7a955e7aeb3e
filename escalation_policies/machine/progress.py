"""How a petition goes on: from acceptance to the answer, to the time for review, to its end."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock, PetitionState
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import Message


def continue_petition(ledger: Ledger, clock: Clock) -> None:
    """Start the clock that is due next, once; its anchor is the fact that starts it."""
    state, policy = state_of(ledger), ledger.case.policy
    if state.review_answered_at is not None or ledger.case.status == "closed":
        return
    if state.review_asked_at is not None:
        _start_review(ledger, clock)
    elif (answered := state.resolved_at or state.declined_at) is not None:
        _start_once(ledger, "review_request", clock.level, answered, "the petitioner may ask for review")
    elif state.accepted_at is not None and policy.clocks.resolution is not None:
        _start_once(ledger, "resolution", clock.level, state.accepted_at, "the petition is to be answered")


def complete_petition(ledger: Ledger, clock: Clock) -> None:
    """End the case: every clock stops, and the petitioner's page says what came of it."""
    del clock
    if ledger.case.status == "closed":
        return
    asked = state_of(ledger).review_asked_at is not None
    end(ledger, "the review was answered" if asked else "the time to ask for review is over")


def end(ledger: Ledger, reason: str) -> None:
    """Stop what still runs and close the case."""
    for clock in ledger.case.clocks:
        if clock.status == "running":
            stopped = clockwork.stop(clock, "cancelled", ledger.at)
            ledger.put_clock(stopped)
            ledger.write("clock-cancelled", reason, clock=stopped)
    ledger.change(status="closed", closed_at=ledger.at)
    ledger.write("case-completed", reason)


def state_of(ledger: Ledger) -> PetitionState:
    """Return how far the petition has come."""
    state = ledger.case.petition
    assert state is not None, "not a petition"
    return state


def _start_review(ledger: Ledger, clock: Clock) -> None:
    """Let the level above answer: nobody reviews their own answer where somebody is above."""
    chain = ledger.case.policy.chain
    above = min(ledger.case.policy.index(clock.level) + 1, len(chain) - 1)
    asked_at = state_of(ledger).review_asked_at
    assert asked_at is not None
    if not _runs(ledger, "review"):
        message = Message("petition_review", clock.key, f"review:{chain[above].level}")
        raising.raise_to(ledger, above, message, "the petitioner asks for review", because=None)
        told = next((n for n in range(above, len(chain)) if ledger.case.level(chain[n].level) is not None), above)
        _start_once(ledger, "review", chain[told].level, asked_at, "the review is to be answered")


def _start_once(ledger: Ledger, name: ClockName, level: str, anchor: datetime, reason: str) -> None:
    if _runs(ledger, name) or ledger.case.policy.clocks.rule(name) is None:
        return
    case = ledger.case
    number = case.next_round(name, level)
    clock = clockwork.start(case.policy, name, level, case.severity, anchor, round_number=number)
    ledger.start(clock, reason)


def _runs(ledger: Ledger, name: ClockName) -> bool:
    return any(clock.status != "cancelled" for clock in ledger.case.rounds(name))
