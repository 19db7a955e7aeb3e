"""A message did not arrive: another contact of the same person is tried; when none is left, another person is told.

Promise 5: a provider that fails never stops the others; each required recipient gets another channel or another person.
"""

from typing import Any

from escalation_policies.case import LevelState, Seat
from escalation_policies.machine.answers import hand_over, is_answered_without, open_receipt
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import Message, contacts_on, id_of, kept_for_other_things, send_by
from escalation_policies.schema import Level
from events.escalation import Contact, Recipient
from events.unreached import ContactUnreached

REMEMBERED = 40
"""Failed notifications kept for each person and level: more than any open clock sends to one person."""


def unreached(ledger: Ledger, fact: ContactUnreached) -> None:
    """Try the person's next contact for the same message; tell others when nothing reaches them any more."""
    level = next((one for one in ledger.case.policy.chain if one.level == fact.level), None)
    state = ledger.case.level(fact.level)
    seats = state.seats_of(fact.person_id) if state else ()
    person = ledger.directory.recipient(fact.person_id)
    if level is None or state is None or not seats:
        _withhold(ledger, fact, "they are not on this case's chain any more")
    elif person is None or not ledger.may_hear(person):
        _withhold(ledger, fact, "the directory lost them" if person is None else "the case concerns them")
    else:
        known = fact.notification_id in seats[0].substituted
        seat = _remember(ledger, state, seats[0], fact)
        if fact.asks_acknowledgement and all(s.acknowledged_at is not None or s.is_out for s in seats):
            _withhold(ledger, fact, "they have answered, or others were told in their place")
        elif not (not known and _try_next(ledger, level, person, seat, fact)):
            _no_way_left(ledger, level, person, seat, fact)


def _try_next(ledger: Ledger, level: Level, person: Recipient, seat: Seat, fact: ContactUnreached) -> bool:
    """Send the same message by the next contact that was not tried for it; return False when there is none."""
    message = Message(
        fact.template,
        fact.clock,
        fact.step,
        lane=fact.lane,
        deadline=fact.deadline,
        note=fact.note,
        asks_acknowledgement=fact.asks_acknowledgement,
    )
    for contact in (*kept_for_other_things(level, person, fact.lane), *contacts_on(level.fallback_channels, person)):
        used = id_of(ledger, contact, message)
        if contact.contact_id not in seat.unreached and used not in {*seat.substitutes, fact.notification_id}:
            told = send_by(ledger, level, person, [contact], message)
            assert told is not None, "there is a contact"
            _change(ledger, level.level, person.person_id, {"substitutes": _kept(seat.substitutes, used)})
            reason = f"{_words(fact)}; the next way is tried: {contact.channel}"
            ledger.write("contact-unreached", reason, level=level.level, by=person.person_id, told=[told])
            return True
    return False


def _no_way_left(ledger: Ledger, level: Level, person: Recipient, seat: Seat, fact: ContactUnreached) -> None:
    ways: list[Contact] = contacts_on((*level.channels, *level.fallback_channels), person)
    if any(contact.contact_id not in seat.unreached for contact in ways):
        _withhold(ledger, fact, "every other way was tried, and one may still get there; the clock goes on")
        return
    reason = f"{_words(fact)}; nothing reaches them"
    ledger.write("contact-unreached", reason, level=level.level, by=person.person_id)
    if fact.asks_acknowledgement and open_receipt(ledger.case, level) is not None:
        _change(ledger, level.level, person.person_id, {"unreached_at": ledger.at})
        if not is_answered_without(ledger, level):
            hand_over(ledger, level, person.person_id, step="unreached", why="could not be reached")


def _remember(ledger: Ledger, state: LevelState, seat: Seat, fact: ContactUnreached) -> Seat:
    """Note the failure on every seat of the person; return one of them as it is now."""
    dead = seat.unreached if fact.cause == "late" else tuple(dict.fromkeys((*seat.unreached, fact.contact_id)))
    change = {"unreached": dead, "substituted": _kept(seat.substituted, fact.notification_id)}
    _change(ledger, state.level, seat.person_id, change)
    return seat.model_copy(update=change)


def _change(ledger: Ledger, level: str, person_id: str, change: dict[str, Any]) -> None:
    state = ledger.case.level(level)
    assert state is not None, f"{level} was never told"
    seats = tuple(s.model_copy(update=change) if s.person_id == person_id else s for s in state.seats)
    ledger.put_level(state.model_copy(update={"seats": seats}))


def _kept(known: tuple[str, ...], new: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*known, new)))[-REMEMBERED:]


def _withhold(ledger: Ledger, fact: ContactUnreached, why: str) -> None:
    reason = f"{_words(fact)}; {why}"
    ledger.write("action-withheld", reason, level=fact.level, by=fact.person_id)


def _words(fact: ContactUnreached) -> str:
    what = {
        "late": "is not with a provider yet",
        "failed": "could not be sent",
        "undelivered": "was not delivered",
        "dead-contact": "was not sent to a contact that is known to be dead",
    }
    return f"{fact.channel} {what[fact.cause]}: {fact.reason}"
