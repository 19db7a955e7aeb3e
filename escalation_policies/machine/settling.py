"""The clocks of a petition follow what counts: each is anchored, answered, prolonged or voided as the facts have it."""

from datetime import datetime

from escalation_policies import clockwork
from escalation_policies.case import Clock
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine import progress
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.outcome import answered_at, resolution_deadline
from escalation_policies.machine.progress import state_of
from escalation_policies.machine.rules import answer_folded, answer_rounds, apply


def settle(ledger: Ledger) -> None:
    """Make the clocks agree with the petition's state; what agrees already stays as it is."""
    _open_again(ledger)
    state = state_of(ledger)
    _void_what_has_no_ground(ledger)
    if (decided := state.accepted_at or state.declined_at) is not None:
        _answer(ledger, "acceptance", decided, "accepted" if state.accepted_at else "declined")
    if state.resolved_at is not None:
        _answer(ledger, "resolution", state.resolved_at, "answered")
    if state.review_asked_at is not None:
        _answer(ledger, "review_request", state.review_asked_at, "review was asked")
    progress.go_on(ledger)
    if state.review_answered_at is not None:
        _answer(ledger, "review", state.review_answered_at, "the review was answered")
        progress.complete(ledger)


def void_after_withdrawal(ledger: Ledger) -> None:
    """Take back each breach of a moment at which the petitioner had taken the petition back."""
    for key in sorted(clock.key for clock in ledger.case.clocks):
        clock = ledger.case.clock(key)
        if clock is not None and clock.status == "breached" and ledger.at <= clock.deadline:
            apply(ledger, clock, "voided", "the petition was taken back before")
    for name, level in sorted((folded.name, folded.level) for folded in ledger.case.folded):
        answer_folded(ledger, name, level, ledger.at, "voided", "the petition was taken back before")


def _open_again(ledger: Ledger) -> None:
    """Let a petition go on that was complete only because a fact was not known yet."""
    state = state_of(ledger)
    owed = answered_at(state) is None or (state.review_asked_at is not None and state.review_answered_at is None)
    if ledger.case.status == "closed" and state.withdrawn_at is None and owed:
        ledger.change(status="open", closed_at=None, reopened_at=ledger.at)
        ledger.write("reopened", "a fact of before the end came to be known: the petition goes on")


def _void_what_has_no_ground(ledger: Ledger) -> None:
    """Void clocks that no fact starts any more, and those whose true end is another one."""
    state = state_of(ledger)
    if answered_at(state) is None:
        for clock in ledger.case.rounds("review_request"):
            apply(ledger, clock, "voided", "there is no answer yet that could be reviewed")
    deadline = resolution_deadline(state, ledger.case.policy)
    if state.accepted_at is not None and deadline is not None:
        _prolong(ledger, state.accepted_at, deadline)
    asked = state.review_asked_at
    for clock in _roots(ledger, "review"):
        if asked is not None and clock.status == "running" and asked < clock.started_at:
            _set_anew(ledger, clock, asked)


def _prolong(ledger: Ledger, accepted_at: datetime, deadline: datetime) -> None:
    for clock in _roots(ledger, "resolution"):
        if clock.status == "breached" and clock.deadline < deadline:
            apply(ledger, clock, "voided", "the time to answer was prolonged before it was over")
        elif clock.status == "running" and (clock.started_at, clock.deadline) != (accepted_at, deadline):
            _set_anew(ledger, clock, accepted_at, deadline)


def _answer(ledger: Ledger, name: ClockName, at: datetime, reason: str) -> None:
    """Stop every round of a clock by the time of the fact, the first one first."""
    for level in dict.fromkeys(clock.level for clock in ledger.case.rounds(name)):
        answer_rounds(ledger, name, level, at, reason)


def _roots(ledger: Ledger, name: ClockName) -> list[Clock]:
    """Return the clocks that a fact started, not the silence of another clock."""
    return [clock for clock in ledger.case.rounds(name) if clock.because is None]


def _set_anew(ledger: Ledger, clock: Clock, started_at: datetime, deadline: datetime | None = None) -> None:
    case = ledger.case
    fresh = clockwork.anew(clock, case.policy, case.severity, started_at, ledger.latest, deadline=deadline)
    ledger.put_clock(fresh)
    ledger.write("clock-changed", "counted from what came to be known", clock=fresh)
