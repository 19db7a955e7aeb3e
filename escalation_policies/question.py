"""How a question to a person stands: what a page or a confirmation says of it, from the case as it is stored.

The machine alone judges what an answer does, by the time of the fact. This only says what a person should know before
they answer, and after.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from escalation_policies.case import Case, LevelState, Seat
from events.base import Frozen

Standing = Literal["waits", "accepted", "declined", "answered", "called-off", "closed"]
"""``waits``: an answer is needed. ``accepted``, ``declined``: they have said so themselves. ``answered``: others have
accepted, and that is enough. ``called-off``: it is asked no more. ``closed``: the case is over."""


class Question(Frozen):
    """How it stands, since when, and who accepted in their place."""

    standing: Standing
    at: datetime | None = None
    by: tuple[str, ...] = ()


def question_of(case: Case, person_id: str, *, level: str | None = None, clock: str | None = None) -> Question:
    """Return how the question to a person stands: at one level and for one clock (its key), or wherever they were told.

    Of several levels, one that still waits for them counts; then the latest answer.
    """
    if case.status == "closed":
        return Question(standing="closed", at=case.closed_at)
    states = [state for state in case.levels if level in {None, state.level}]
    found = [_at_level(state, mine) for state in states if (mine := state.seats_of(person_id))]
    waiting = [one for one in found if one.standing == "waits"]
    if waiting and _is_called_off(case, clock):
        return Question(standing="called-off")
    if waiting or not found:
        return Question(standing="waits")
    return max(found, key=lambda one: one.at or case.received_at)


def _at_level(state: LevelState, mine: Iterable[Seat]) -> Question:
    mine = tuple(mine)
    declined = [seat.declined_at for seat in mine if seat.declined_at is not None]
    accepted = [seat.acknowledged_at for seat in mine if seat.acknowledged_at is not None]
    if declined:
        return Question(standing="declined", at=max(declined))
    if accepted:
        return Question(standing="accepted", at=min(accepted))
    others = _who_answered(state, mine)
    if state.acknowledged_at is not None and others:
        at = min(seat.acknowledged_at for seat in others if seat.acknowledged_at is not None)
        return Question(standing="answered", at=at, by=tuple(dict.fromkeys(seat.person_id for seat in others)))
    return Question(standing="waits")


def _who_answered(state: LevelState, mine: tuple[Seat, ...]) -> list[Seat]:
    """Return who has accepted, and keeps it. Who handed it to a person by name does not answer for them."""
    since = min(seat.told_at for seat in mine)
    is_in_person = all(seat.assigned for seat in mine)
    return [
        seat
        for seat in state.seats
        if seat.acknowledged_at is not None
        and seat.declined_at is None
        and (seat.acknowledged_at >= since or not is_in_person)
    ]


def _is_called_off(case: Case, clock: str | None) -> bool:
    """Return whether the clock that a message served was called off: it need not be answered any more."""
    found = case.clock(clock) if clock is not None else None
    return found is not None and found.status == "cancelled"
