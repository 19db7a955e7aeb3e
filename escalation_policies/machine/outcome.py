"""What counts of all that was said of a petition: by the times of the facts, in whatever order they were carried.

Pure arithmetic over ``PetitionState.said``. ``settling`` then lets the clocks follow.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import get_args

from escalation_policies.case import PetitionState, PetitionStep, Said
from escalation_policies.schema import Policy

STEPS: tuple[PetitionStep, ...] = get_args(PetitionStep)
"""In the order in which they count, where two happened at the same moment."""

_DERIVED = (
    *(f"{step}_at" for step in STEPS),
    *("notice", "extension_reason", "answer", "review_answer"),
)
_TICK = timedelta(microseconds=1)


def outcome(state: PetitionState, policy: Policy, promised: datetime | None) -> PetitionState:
    """Return ``state`` with everything that follows of what was said.

    ``promised``: until when the petitioner was told that review may be asked for; it never becomes shorter.
    """
    found = state.model_copy(update=dict.fromkeys(_DERIVED))
    for said in sorted(state.said, key=lambda s: (s.at, STEPS.index(s.step), s.text or "")):
        found = found.model_copy(update=_WHAT_FOLLOWS[said.step](found, said, policy, promised))
    return found


def time_of(state: PetitionState, step: PetitionStep) -> datetime | None:
    """Return when a step was taken, if it was."""
    at: datetime | None = getattr(state, f"{step}_at")
    return at


def answered_at(state: PetitionState) -> datetime | None:
    """Return when the petitioner had an answer: from then on they may ask for review."""
    return state.resolved_at or state.declined_at


def resolution_deadline(state: PetitionState, policy: Policy) -> datetime | None:
    """Return by when an accepted petition must be answered, prolonged or not."""
    rule = policy.clocks.resolution
    if rule is None or state.accepted_at is None:
        return None
    end = policy.calendar.end(rule.within, state.accepted_at)
    if state.extended_at is None or rule.extension is None:
        return end
    return policy.calendar.end(rule.extension, end - _TICK)


_Follows = Mapping[str, object]


def _accepted(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    del policy, promised
    undecided = state.accepted_at is None and state.declined_at is None
    return {"accepted_at": said.at, "notice": said.text} if undecided else {}


def _declined(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    del policy, promised
    undecided = state.accepted_at is None and state.declined_at is None
    return {"declined_at": said.at, "notice": said.text} if undecided else {}


def _resolved(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    """Who answers has accepted."""
    del policy, promised
    if state.declined_at is not None or state.resolved_at is not None:
        return {}
    return {"accepted_at": state.accepted_at or said.at, "resolved_at": said.at, "answer": said.text}


def _extended(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    """Once, before the time is over, and only while an answer is owed."""
    del promised
    rule, end = policy.clocks.resolution, resolution_deadline(state, policy)
    if rule is None or rule.extension is None or end is None or said.at > end:
        return {}
    if state.extended_at is not None or state.resolved_at is not None:
        return {}
    return {"extended_at": said.at, "extension_reason": said.text}


def _review_asked(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    answered, rule = answered_at(state), policy.clocks.review_request
    if answered is None or rule is None or state.review_asked_at is not None:
        return {}
    until = policy.calendar.end(rule.within, answered)
    return {"review_asked_at": said.at} if said.at <= max(until, promised or until) else {}


def _review_answered(state: PetitionState, said: Said, policy: Policy, promised: datetime | None) -> _Follows:
    del policy, promised
    owed = state.review_asked_at is not None and state.review_answered_at is None
    return {"review_answered_at": said.at, "review_answer": said.text} if owed else {}


_WHAT_FOLLOWS: Mapping[PetitionStep, Callable[[PetitionState, Said, Policy, datetime | None], _Follows]] = {
    "accepted": _accepted,
    "declined": _declined,
    "extended": _extended,
    "resolved": _resolved,
    "review_asked": _review_asked,
    "review_answered": _review_answered,
}
