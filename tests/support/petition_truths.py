"""What must be true of every petition, whatever happened: asserted by the property tests."""

from collections.abc import Sequence
from datetime import datetime

from escalation_policies.case import Case, Clock, PetitionState
from events.escalation import JournalEntry
from tests.support.case_truths import breaches_are_written_down

OWED = {"acceptance", "resolution", "review"}


def nobody_forgets_the_petitioner(case: Case) -> None:
    """As long as a petition is not complete, one of the law's clocks runs, and it is the one that the facts ask for."""
    state = case.petition
    assert state is not None
    running = {clock.name for clock in case.clocks if clock.status == "running"}
    if case.status == "closed":
        assert running == set()
        assert _is_complete(case, state), state
        return
    assert _asked_for(state) in running, (state, running)
    assert running & {*OWED, "review_request"} == {_asked_for(state)}


def _asked_for(state: PetitionState) -> str:
    if state.review_asked_at is not None:
        return "review"
    if state.resolved_at is not None or state.declined_at is not None:
        return "review_request"
    return "acceptance" if state.accepted_at is None else "resolution"


def _is_complete(case: Case, state: PetitionState) -> bool:
    """Return whether the petitioner took it back, has the answer to a review, or let the time for one pass."""
    if state.withdrawn_at is not None or state.review_answered_at is not None:
        return True
    over = [clock for clock in case.rounds("review_request") if clock.status == "satisfied"]
    return state.review_asked_at is None and bool(over)


def petition_breaches_are_true(case: Case, entries: Sequence[JournalEntry], now: datetime) -> None:
    """Once all facts are in: an office that answered in time has no breach, and each breach was written down."""
    state = case.petition
    assert state is not None
    breaches_are_written_down(case, entries, now)
    for clock in case.clocks:
        if clock.name in OWED:
            answered = _answered_at(clock, state)
            if clock.status == "breached":
                assert answered is None or answered > clock.deadline, (clock, answered)
                assert state.withdrawn_at is None or state.withdrawn_at > clock.deadline, clock
            if clock.status == "satisfied":
                assert answered is not None, clock
                assert answered <= clock.deadline, (clock, answered)


def _answered_at(clock: Clock, state: PetitionState) -> datetime | None:
    return {
        "acceptance": state.accepted_at or state.declined_at,
        "resolution": state.resolved_at,
        "review": state.review_answered_at,
    }.get(clock.name)
