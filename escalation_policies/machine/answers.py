"""The chain's answers: an acknowledgement, a refusal, and who is entitled to give them."""

from datetime import datetime

from escalation_policies.case import Case, Clock, LevelState, Seat
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import answer_rounds
from escalation_policies.machine.telling import Message, entitled, name_stand_ins, reachable, seat, send
from escalation_policies.schema import Level
from events.incident import IncidentAcknowledged, IncidentDeclined

RECEIPTS: tuple[ClockName, ...] = ("report_to_principal", "upward_receipt")
"""The clocks that a receipt stops, of the level that was told first, and of every other."""


def levels_of(ledger: Ledger, person_id: str) -> list[Level]:
    """Return the told levels at which a person may answer: where they were told, or are named today."""
    told = [level for level in ledger.case.policy.chain if ledger.case.level(level.level) is not None]
    seated = [level for level in told if _state(ledger.case, level).seats_of(person_id)]
    if seated:
        return seated
    for level in told:
        mine = [item for item in entitled(ledger, level) if item.recipient.person_id == person_id]
        if mine:
            seat(ledger, _state(ledger.case, level), mine, ledger.at)
            return [level]
    return []


def acknowledge(ledger: Ledger, fact: IncidentAcknowledged) -> None:
    """Take note that a recipient accepts responsibility."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "acknowledged by somebody who is not on this case's chain", by=fact.by)
        return
    fresh = [level for level in levels if is_news(ledger, level, fact.by)]
    if not fresh:
        ledger.write("action-withheld", "acknowledged before by the same person", by=fact.by)
    for level in fresh:
        accept(ledger, level, fact.by)


def is_news(ledger: Ledger, level: Level, person_id: str) -> bool:
    """Return whether a receipt tells anything: a person's first, one before it, or one that takes back a refusal."""
    return any(
        s.acknowledged_at is None
        or ledger.at < s.acknowledged_at
        or (s.declined_at is not None and s.declined_at < ledger.at)
        for s in _state(ledger.case, level).seats_of(person_id)
    )


def accept(ledger: Ledger, level: Level, person_id: str) -> None:
    """Mark one person's receipt at one level, and stop the level's receipt clocks when that answers it."""
    state = _state(ledger.case, level)
    seats = tuple(_acknowledged(s, ledger.at) if s.person_id == person_id else s for s in state.seats)
    state = state.model_copy(update={"seats": seats})
    missing = unanswered(level, state)
    complete = completed_at(level, state)
    if complete is not None:
        state = state.model_copy(update={"acknowledged_at": min(state.acknowledged_at or complete, complete)})
    ledger.put_level(state)
    waiting = f"; still waiting for {', '.join(missing)}" if missing else ""
    ledger.write("acknowledged", f"responsibility accepted{waiting}", level=level.level, by=person_id)
    if complete is not None:
        _answer(ledger, level, complete)


def _answer(ledger: Ledger, level: Level, complete: datetime) -> None:
    for name in RECEIPTS:
        answer_rounds(ledger, name, level.level, complete, "acknowledged in time")


def decline(ledger: Ledger, fact: IncidentDeclined) -> None:
    """Hand over: the stand-in hears at once; when nobody is left, the next level does."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "declined by somebody who is not on this case's chain", by=fact.by)
        return
    for level in levels:
        _decline_at(ledger, level, fact)


def _decline_at(ledger: Ledger, level: Level, fact: IncidentDeclined) -> None:
    state = _state(ledger.case, level)
    mine = state.seats_of(fact.by)
    if any(s.declined_at is not None or (s.acknowledged_at or ledger.at) > ledger.at for s in mine):
        reason = "declined before, or accepted later, by the same person"
        ledger.write("action-withheld", reason, level=level.level, by=fact.by)
        return
    seats = tuple(s.model_copy(update={"declined_at": ledger.at}) if s in mine else s for s in state.seats)
    state = state.model_copy(update={"seats": seats})
    ledger.put_level(state)
    ledger.write("declined", fact.reason or "cannot take it", level=level.level, by=fact.by)
    if not is_answered_without(ledger, level):
        hand_over(ledger, level, fact.by, step="declined", why="declined")


def is_answered_without(ledger: Ledger, level: Level) -> bool:
    """Return whether those that are left have answered for a level of which somebody is out from now on.

    A stand-in may have accepted before, and answers for them now: then the level has answered, by this moment.
    """
    state = _state(ledger.case, level)
    if state.acknowledged_at is not None or completed_at(level, state) is None:
        return False
    ledger.put_level(state.model_copy(update={"acknowledged_at": ledger.at}))
    _answer(ledger, level, ledger.at)
    return True


def hand_over(ledger: Ledger, level: Level, person_id: str, *, step: str, why: str) -> None:
    """Tell the stand-ins of a level whose ``person_id`` cannot take it; when nobody is left here, the next level.

    ``why`` says what befell everybody of the level then, and ``step`` names it in the next level's notification.
    """
    state = _state(ledger.case, level)
    clock = open_receipt(ledger.case, level)
    gone = {s.person_id for s in state.seats if s.is_out or s.acknowledged_at is not None}
    stand_ins = [n for n in name_stand_ins(ledger, level) if n.recipient.person_id not in gone]
    key = clock.key if clock else f"declined@{level.level}"
    if reachable(level, stand_ins):
        deadline = clock.deadline if clock else None
        message = Message("incident_alert", key, f"handed-over:{ledger.case.seq}", deadline=deadline)
        told = send(ledger, level, stand_ins, message)
        seat(ledger, state, stand_ins, ledger.at)
        ledger.write("handed-over", "the stand-in is told", level=level.level, by=person_id, told=told)
    elif all(s.is_out for s in state.seats):
        _nobody_left(ledger, level, Message("incident_unreached", key, f"{step}:{ledger.case.seq}"), why)
    else:
        ledger.write("action-withheld", "no stand-in is left to tell; others here may answer", level=level.level)


def _nobody_left(ledger: Ledger, level: Level, message: Message, why: str) -> None:
    above = ledger.case.policy.index(level.level) + 1
    if above < len(ledger.case.policy.chain):
        raising.raise_to(ledger, above, message, f"everybody at {level.level} {why}", because=message.clock)
    else:
        ledger.write("action-withheld", f"everybody at the top {why}; the clock goes on", level=level.level)


def unanswered(level: Level, state: LevelState) -> list[str]:
    """Return the selectors still without a receipt after one was given; none where any receipt is enough."""
    if level.receipt == "any":
        return []
    return [selector.question for selector in level.tell if _answered_at(state, selector.question) is None]


def completed_at(level: Level, state: LevelState) -> datetime | None:
    """Return when the level had answered as its policy asks, by the times of the receipts, whatever their order."""
    if level.receipt == "any":
        return min((s.acknowledged_at for s in state.seats if s.acknowledged_at is not None), default=None)
    moments = [_answered_at(state, selector.question) for selector in level.tell]
    known = [at for at in moments if at is not None]
    return max(known) if len(known) == len(moments) else None


def _answered_at(state: LevelState, question: str) -> datetime | None:
    """Return when one selector was first answered for: by whom it names, or by a stand-in of the same unit.

    Where nobody of that unit is left to answer (the post is vacant, they declined, or nothing reaches them), any
    stand-in of the level may.
    """
    place = _place(question)
    there = [s for s in state.seats if _place(s.question) == place and not s.is_out]
    may = [s for s in there or state.seats if s.question == question or s.stand_in]
    return min((s.acknowledged_at for s in may if s.acknowledged_at is not None), default=None)


def _place(question: str) -> str:
    return question.rsplit("@", 1)[1]


def open_receipt(case: Case, level: Level) -> Clock | None:
    """Return the level's running receipt clock."""
    return next((clock for clock in case.receipts(level.level) if clock.status == "running"), None)


def _acknowledged(seat_: Seat, at: datetime) -> Seat:
    taken_back = seat_.declined_at is not None and seat_.declined_at < at
    return seat_.model_copy(
        update={
            "acknowledged_at": min(seat_.acknowledged_at or at, at),
            "declined_at": None if taken_back else seat_.declined_at,
        }
    )


def _state(case: Case, level: Level) -> LevelState:
    state = case.level(level.level)
    assert state is not None, f"{level.level} was never told"
    return state
