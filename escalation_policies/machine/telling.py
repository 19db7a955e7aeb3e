"""Telling people: whom a level means now, who stands in, and the messages that go out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation_policies.case import LevelState, Seat
from escalation_policies.contact_choice import kept_for
from escalation_policies.machine.ledger import Ledger
from escalation_policies.schema import Level, Policy
from escalation_policies.selector import Selector
from events.channel import Channel
from events.escalation import Contact, Recipient, Told
from events.ids import notification_id
from events.notification import Lane, NotificationRequested, Template
from events.receipt import receipt_of


@dataclass(frozen=True)
class Message:
    """What is said, and under which name: (clock, step) make the notification's id with recipient and channel."""

    template: Template
    clock: str
    step: str
    lane: Lane = "escalation"
    deadline: datetime | None = None
    note: str | None = None
    asks_acknowledgement: bool = True


@dataclass(frozen=True)
class Named:
    """A recipient with the selector that named them."""

    recipient: Recipient
    selector: Selector
    stand_in: bool = False
    assigned: bool = False


def whom_to_tell(ledger: Ledger, level: Level) -> list[Named]:
    """Return whom a level means now, and its stand-ins when none of those can be reached."""
    named = name_level(ledger, level)
    return named if reachable(level, named) else [*named, *name_stand_ins(ledger, level)]


def name_level(ledger: Ledger, level: Level) -> list[Named]:
    """Return whom a level's selectors name. One that reaches nobody is answered by the stand-ins of the same unit."""
    named: list[Named] = []
    for selector in level.tell:
        found = _named(ledger, selector)
        named += found
        if not reachable(level, found):
            stand_ins = [s for s in level.stand_in if s.at == selector.at]
            what = f"no way to reach who holds {selector.question}" if found else f"nobody holds {selector.question}"
            instead = "; the stand-in is told instead" if stand_ins else ""
            ledger.write("nobody-found", what + instead, level=level.level)
            named += [item for stand_in in stand_ins for item in _named(ledger, stand_in, stand_in_=True)]
    return named


def name_stand_ins(ledger: Ledger, level: Level) -> list[Named]:
    """Return who stands in at a level now."""
    return name_selectors(ledger, level.stand_in)


def name_selectors(ledger: Ledger, selectors: Sequence[Selector]) -> list[Named]:
    """Return whom a list of selectors means now, as stand-ins."""
    return [item for selector in selectors for item in _named(ledger, selector, stand_in_=True)]


def entitled(ledger: Ledger, level: Level) -> list[Named]:
    """Return who may speak for a level now: named by it, standing in, put in charge, or the fallback at the top."""
    policy = ledger.case.policy
    named = [item for selector in level.tell for item in _named(ledger, selector)]
    named += name_stand_ins(ledger, level)
    state = ledger.case.level(level.level)
    named += [
        item for s in (state.seats if state else ()) if s.assigned for item in put_in_charge(ledger, level, s.person_id)
    ]
    return named + (name_selectors(ledger, fallback_of(policy)) if level == policy.chain[-1] else [])


def put_in_charge(ledger: Ledger, level: Level, person_id: str) -> list[Named]:
    """Return a person who was named as such, unless the directory lost them or the case concerns them."""
    found = ledger.directory.recipient(person_id)
    if found is None or not ledger.may_hear(found):
        return []
    return [Named(found, level.tell[0], stand_in=True, assigned=True)]


def fallback_of(policy: Policy) -> tuple[Selector, ...]:
    """Return who is told when the top does not answer, or nobody on it may hear."""
    return (*policy.at_top.fallback, *policy.conflict.fallback)


def name_seats(ledger: Ledger, level: Level, seats: Iterable[Seat]) -> list[Named]:
    """Return people told before as the directory has them now; who left is left out, who moved is found anew."""
    wanted = {seat.person_id for seat in seats}
    return [item for item in entitled(ledger, level) if item.recipient.person_id in wanted]


def reachable(level: Level, named: Iterable[Named]) -> bool:
    """Return whether a message to ``named`` would be sent to anybody by the level's channels."""
    return any(first_contacts(level, item.recipient) for item in named)


def first_contacts(level: Level, recipient: Recipient) -> list[Contact]:
    """Return the contacts by which a level tells a person first; who has none of these is told by the next way."""
    return contacts_on(level.channels, recipient) or contacts_on(level.fallback_channels, recipient)[:1]


def kept_for_other_things(level: Level, recipient: Recipient, lane: Lane) -> list[Contact]:
    """Return the contacts that were left out for what is this urgent: they are used when the others fail."""
    first = first_contacts(level, recipient)
    used = kept_for(first, lane)
    return [contact for contact in first if contact not in used]


def contacts_on(channels: Sequence[Channel], recipient: Recipient) -> list[Contact]:
    """Return a person's contacts on these channels: in the order of the channels, then in that of the directory."""
    return [contact for channel in channels for contact in recipient.contacts if contact.channel == channel]


def send(ledger: Ledger, level: Level, named: Sequence[Named], message: Message) -> list[Told]:
    """Request ``message`` for each person once, on each of the level's channels; return who could be reached.

    Of several contacts, those are used that the person keeps for what is this urgent. When they fail, every other is
    tried (``unreached``).
    """
    told = [
        send_by(ledger, level, one.recipient, kept_for(first_contacts(level, one.recipient), message.lane), message)
        for one in _distinct(named)
    ]
    return [one for one in told if one is not None]


def send_by(
    ledger: Ledger, level: Level, recipient: Recipient, contacts: Sequence[Contact], message: Message
) -> Told | None:
    """Request ``message`` for one person by these contacts of theirs; return None when there are none."""
    ids = []
    for contact in contacts:
        request = _request(ledger, level, recipient, contact, message)
        ledger.request(request, recipient)
        ids.append(request.notification_id)
    if not ids:
        return None
    person, role, unit = recipient.person_id, recipient.role, recipient.unit_id
    return Told(person_id=person, role=role, unit_id=unit, notification_ids=tuple(ids))


def id_of(ledger: Ledger, contact: Contact, message: Message) -> str:
    """Return the id of ``message`` to one contact: the same message to the same contact is one notification."""
    return notification_id(ledger.case.case_id, message.clock, message.step, contact.contact_id, contact.channel, 1)


def seat(ledger: Ledger, state: LevelState, named: Sequence[Named], at: datetime) -> None:
    """Give each newly told person a seat at the level; the first telling counts."""
    seats = list(state.seats)
    for item in named:
        if not any(s.person_id == item.recipient.person_id and s.question == item.selector.question for s in seats):
            seats.append(
                Seat(
                    person_id=item.recipient.person_id,
                    role=item.recipient.role,
                    unit_id=item.recipient.unit_id,
                    question=item.selector.question,
                    stand_in=item.stand_in,
                    assigned=item.assigned,
                    told_at=at,
                )
            )
    ledger.put_level(state.model_copy(update={"seats": tuple(seats)}))


def _named(ledger: Ledger, selector: Selector, *, stand_in_: bool = False) -> list[Named]:
    found = ledger.directory.resolve(selector, ledger.case.school_id, ledger.now)
    clean = [recipient for recipient in found if ledger.may_hear(recipient)]
    if len(clean) < len(found):
        ledger.pass_over(selector)
    return [Named(recipient, selector, stand_in=stand_in_) for recipient in clean]


def _distinct(named: Sequence[Named]) -> list[Named]:
    return list({item.recipient.person_id: item for item in reversed(named)}.values())[::-1]


def _request(
    ledger: Ledger, level: Level, recipient: Recipient, contact: Contact, message: Message
) -> NotificationRequested:
    case, is_petition = ledger.case, ledger.case.family == "petition"
    waking = case.policy.waking(ledger.now, case.severity)
    return NotificationRequested.model_validate(
        {
            "case_id": case.case_id,
            "received_at": ledger.at,
            "notification_id": id_of(ledger, contact, message),
            "clock": message.clock,
            "step": message.step,
            "level": level.level,
            "person_id": recipient.person_id,
            "contact_id": contact.contact_id,
            "channel": contact.channel,
            "lane": message.lane,
            "template": message.template.replace("incident_", "petition_") if is_petition else message.template,
            "language": recipient.language,
            "timezone": recipient.timezone,
            "kind": case.kind,
            "severity": case.severity,
            "school_id": case.school_id,
            "school_name": case.school_name,
            "place": case.place,
            # a petition's messages never carry what was told in it, by whomever
            "summary": None if is_petition else case.summary,
            "note": None if is_petition else message.note,
            "family": case.family,
            "receipt": receipt_of(case.case_id) if is_petition else None,
            "not_before": waking if waking > ledger.now else None,
            "started_at": case.received_at,
            "deadline": message.deadline,
            "asks_acknowledgement": message.asks_acknowledgement,
            "exercise": case.exercise,
        }
    )
