"""How a petition goes on: from acceptance to the answer, to the time for review, to its end."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock, PetitionState
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.outcome import answered_at, resolution_deadline
from escalation_policies.machine.telling import Message


def continue_petition(ledger: Ledger, clock: Clock) -> None:
    """Start the clock that is due next; which one is asked of the petition, not of the clock that ended."""
    del clock
    go_on(ledger)


def go_on(ledger: Ledger) -> None:
    """Start the clock that is due next, once; its anchor is the fact that starts it."""
    state, policy = state_of(ledger), ledger.case.policy
    if state.review_answered_at is not None or ledger.case.status == "closed":
        return
    if state.review_asked_at is not None:
        _start_review(ledger, state.review_asked_at)
    elif (answered := answered_at(state)) is not None:
        if all(
            clock.status == "cancelled" or clock.started_at < answered for clock in ledger.case.rounds("review_request")
        ):
            _start(ledger, "review_request", home(ledger), answered, "the petitioner may ask for review")
    elif state.accepted_at is not None and not _runs(ledger, "resolution"):
        deadline = resolution_deadline(state, policy)
        _start(ledger, "resolution", home(ledger), state.accepted_at, "the petition is to be answered", deadline)


def home(ledger: Ledger) -> str:
    """Return the level that owes the petitioner: where acceptance was due last; objections only go upward."""
    return max((clock.level for clock in ledger.case.rounds("acceptance")), key=ledger.case.policy.index)


def complete_petition(ledger: Ledger, clock: Clock) -> None:
    """End the case: every clock stops, and the petitioner's page says what came of it."""
    del clock
    complete(ledger)


def complete(ledger: Ledger) -> None:
    """End the case, unless it has ended."""
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


def _start_review(ledger: Ledger, asked_at: datetime) -> None:
    """Let the level above answer: nobody reviews their own answer where somebody is above."""
    if _runs(ledger, "review"):
        return
    chain = ledger.case.policy.chain
    above = min(ledger.case.policy.index(home(ledger)) + 1, len(chain) - 1)
    message = Message("petition_review", f"review@{chain[above].level}", f"review:{ledger.case.seq}")
    told = raising.raise_to(ledger, above, message, "the petitioner asks for review", because=None)
    _start(ledger, "review", chain[told].level, asked_at, "the review is to be answered")


def _start(
    ledger: Ledger, name: ClockName, level: str, anchor: datetime, reason: str, deadline: datetime | None = None
) -> None:
    case = ledger.case
    number = case.next_round(name, level)
    ledger.start(
        clockwork.start(case.policy, name, level, case.severity, anchor, round_number=number, deadline=deadline), reason
    )


def _runs(ledger: Ledger, name: ClockName) -> bool:
    return any(clock.status != "cancelled" for clock in ledger.case.rounds(name))
