"""The chain's answers: an acknowledgement, a refusal, and who is entitled to give them."""

from datetime import datetime

from escalation_policies.case import Case, Clock, LevelState, Seat
from escalation_policies.machine import raising
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import apply
from escalation_policies.machine.telling import Message, name_level, name_stand_ins, seat, send
from escalation_policies.schema import Level
from events.incident import IncidentAcknowledged, IncidentDeclined


def levels_of(ledger: Ledger, person_id: str) -> list[Level]:
    """Return the told levels at which a person may answer: where they were told, or are named today."""
    chain, case = ledger.case.policy.chain, ledger.case
    told = [level for level in chain if case.level(level.level) is not None]
    seated = [level for level in told if _state(case, level).seat(person_id) is not None]
    if seated:
        return seated
    for level in told:
        named = [*name_level(ledger, level), *name_stand_ins(ledger, level)]
        mine = [item for item in named if item.recipient.person_id == person_id]
        if mine:
            seat(ledger, _state(case, level), mine[:1], ledger.at)
            return [level]
    return []


def acknowledge(ledger: Ledger, fact: IncidentAcknowledged) -> None:
    """Take note that a recipient accepts responsibility."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "acknowledged by somebody who is not on this case's chain", by=fact.by)
        return
    fresh = [level for level in levels if _seat(ledger.case, level, fact.by).acknowledged_at is None]
    if not fresh:
        ledger.write("action-withheld", "acknowledged before by the same person", by=fact.by)
    for level in fresh:
        accept(ledger, level, fact.by)


def accept(ledger: Ledger, level: Level, person_id: str) -> None:
    """Mark one person's receipt at one level, and stop the level's receipt clocks when that answers it."""
    state = _state(ledger.case, level)
    seats = tuple(_mark(s, person_id, "acknowledged_at", ledger.at) for s in state.seats)
    state = state.model_copy(update={"seats": seats})
    missing = unanswered(level, state)
    if not missing:
        state = state.model_copy(update={"acknowledged_at": state.acknowledged_at or ledger.at})
    ledger.put_level(state)
    waiting = f"; still waiting for {', '.join(missing)}" if missing else ""
    ledger.write("acknowledged", f"responsibility accepted{waiting}", level=level.level, by=person_id)
    if not missing:
        for key in receipt_clocks(ledger.case, level):
            _answer(ledger, key)


def _answer(ledger: Ledger, key: str) -> None:
    clock = ledger.case.clock(key)
    if clock is not None:
        in_time = ledger.at <= clock.deadline
        reason = "acknowledged in time" if in_time else "acknowledged after the deadline"
        apply(ledger, clock, "answered" if in_time else "answered-late", reason)


def decline(ledger: Ledger, fact: IncidentDeclined) -> None:
    """Hand over: the stand-in hears at once; when nobody is left, the next level does."""
    levels = levels_of(ledger, fact.by)
    if not levels:
        ledger.write("action-withheld", "declined by somebody who is not on this case's chain", by=fact.by)
        return
    level = levels[0]
    state = _state(ledger.case, level)
    seats = tuple(_mark(s, fact.by, "declined_at", ledger.at) for s in state.seats)
    state = state.model_copy(update={"seats": seats})
    ledger.put_level(state)
    ledger.write("declined", fact.reason or "cannot take it", level=level.level, by=fact.by)
    refused = {s.person_id for s in seats if s.declined_at is not None}
    stand_ins = [n for n in name_stand_ins(ledger, level) if n.recipient.person_id not in refused]
    clock = open_receipt(ledger.case, level)
    key = clock.key if clock else f"declined@{level.level}"
    if stand_ins:
        message = Message("incident_alert", key, f"handed-over:{fact.by}", deadline=clock.deadline if clock else None)
        told = send(ledger, level, stand_ins, message)
        seat(ledger, state, stand_ins, ledger.at)
        ledger.write("handed-over", "the stand-in is told", level=level.level, by=fact.by, told=told)
    elif all(s.declined_at is not None for s in seats):
        _everybody_declined(ledger, level, key)


def _everybody_declined(ledger: Ledger, level: Level, key: str) -> None:
    above = ledger.case.policy.index(level.level) + 1
    if above < len(ledger.case.policy.chain):
        message = Message("incident_unreached", key, f"declined:{ledger.case.policy.chain[above].level}")
        raising.raise_to(ledger, above, message, f"everybody at {level.level} declined", because=key)
    else:
        ledger.write("action-withheld", "everybody at the top declined; the clock goes on", level=level.level)


def unanswered(level: Level, state: LevelState) -> list[str]:
    """Return the selectors still without a receipt; empty when the level has answered as its policy asks.

    A stand-in answers for the selectors of the same unit, or for all when there is none.
    """
    acknowledged = [s for s in state.seats if s.acknowledged_at is not None]
    if level.receipt == "any":
        return [] if acknowledged else [selector.question for selector in level.tell]
    missing = []
    for selector in level.tell:
        place = selector.question.rsplit("@", 1)[1]
        at_place = [s for s in state.seats if s.question.rsplit("@", 1)[1] == place]
        answered = [s for s in at_place or state.seats if s.acknowledged_at is not None]
        if not any(s.question == selector.question or s.stand_in for s in answered):
            missing.append(selector.question)
    return missing


def receipt_clocks(case: Case, level: Level) -> list[str]:
    """Return the keys of the clocks that a receipt of this level answers, oldest round first."""
    name = "report_to_principal" if case.policy.index(level.level) == 0 else "upward_receipt"
    clocks = [clock for clock in case.clocks if clock.name == name and clock.level == level.level]
    return [clock.key for clock in sorted(clocks, key=lambda clock: clock.round)]


def open_receipt(case: Case, level: Level) -> Clock | None:
    """Return the level's running receipt clock."""
    clocks = (case.clock(key) for key in receipt_clocks(case, level))
    return next((clock for clock in clocks if clock is not None and clock.status == "running"), None)


def _mark(seat_: Seat, person_id: str, field: str, at: datetime) -> Seat:
    return seat_.model_copy(update={field: at}) if seat_.person_id == person_id else seat_


def _state(case: Case, level: Level) -> LevelState:
    state = case.level(level.level)
    assert state is not None, f"{level.level} was never told"
    return state


def _seat(case: Case, level: Level, person_id: str) -> Seat:
    found = _state(case, level).seat(person_id)
    assert found is not None, f"{person_id} has no seat at {level.level}"
    return found
