"""Telling people: whom a level means now, who stands in, and the messages that go out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation_policies.case import LevelState, Seat
from escalation_policies.machine.ledger import Ledger
from escalation_policies.schema import Level
from escalation_policies.selector import Selector
from events.escalation import Recipient, Told
from events.ids import notification_id
from events.notification import Lane, NotificationRequested, Template


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


def name_level(ledger: Ledger, level: Level) -> list[Named]:
    """Return whom a level means now. A selector that names nobody is answered by the stand-ins of the same unit."""
    named: list[Named] = []
    for selector in level.tell:
        found = _resolve(ledger, selector)
        if not found:
            stand_ins = [s for s in level.stand_in if s.at == selector.at]
            ledger.write(
                "nobody-found",
                f"nobody holds {selector.question}" + ("; the stand-in is told instead" if stand_ins else ""),
                level=level.level,
            )
            named += [item for stand_in in stand_ins for item in _named(ledger, stand_in, stand_in_=True)]
        named += [Named(recipient, selector) for recipient in found]
    return named


def name_stand_ins(ledger: Ledger, level: Level) -> list[Named]:
    """Return who stands in at a level now."""
    return [item for selector in level.stand_in for item in _named(ledger, selector, stand_in_=True)]


def name_seats(ledger: Ledger, level: Level, seats: Iterable[Seat]) -> list[Named]:
    """Return people told before as the directory has them now; who left is left out, who moved is found anew."""
    wanted = {seat.person_id for seat in seats}
    candidates = [Named(r, s) for s in level.tell for r in _resolve(ledger, s)] + name_stand_ins(ledger, level)
    return [item for item in candidates if item.recipient.person_id in wanted]


def name_selectors(ledger: Ledger, selectors: Sequence[Selector]) -> list[Named]:
    """Return whom a list of selectors means now, as stand-ins (the fallback at the top)."""
    return [item for selector in selectors for item in _named(ledger, selector, stand_in_=True)]


def send(ledger: Ledger, level: Level, named: Sequence[Named], message: Message) -> list[Told]:
    """Request ``message`` for each person once, on each of the level's channels they can be reached by."""
    told: list[Told] = []
    for item in _distinct(named):
        ids = []
        for channel in level.channels:
            for contact in item.recipient.contacts:
                if contact.channel == channel:
                    request = _request(ledger, level, item.recipient, contact.contact_id, channel, message)
                    ledger.request(request)
                    ids.append(request.notification_id)
        told.append(
            Told(
                person_id=item.recipient.person_id,
                role=item.recipient.role,
                unit_id=item.recipient.unit_id,
                notification_ids=tuple(ids),
            )
        )
    return told


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
                    told_at=at,
                )
            )
    ledger.put_level(state.model_copy(update={"seats": tuple(seats)}))


def _named(ledger: Ledger, selector: Selector, *, stand_in_: bool) -> list[Named]:
    return [Named(recipient, selector, stand_in=stand_in_) for recipient in _resolve(ledger, selector)]


def _resolve(ledger: Ledger, selector: Selector) -> tuple[Recipient, ...]:
    return ledger.directory.resolve(selector, ledger.case.school_id, ledger.now)


def _distinct(named: Sequence[Named]) -> list[Named]:
    return list({item.recipient.person_id: item for item in reversed(named)}.values())[::-1]


def _request(
    ledger: Ledger, level: Level, recipient: Recipient, contact_id: str, channel: str, message: Message
) -> NotificationRequested:
    case = ledger.case
    return NotificationRequested.model_validate(
        {
            "case_id": case.case_id,
            "received_at": ledger.at,
            "notification_id": notification_id(case.case_id, message.clock, message.step, contact_id, channel, 1),
            "clock": message.clock,
            "step": message.step,
            "level": level.level,
            "person_id": recipient.person_id,
            "contact_id": contact_id,
            "channel": channel,
            "lane": message.lane,
            "template": message.template,
            "language": recipient.language,
            "timezone": recipient.timezone,
            "kind": case.kind,
            "severity": case.severity,
            "school_id": case.school_id,
            "school_name": case.school_name,
            "place": case.place,
            "summary": case.summary,
            "note": message.note,
            "started_at": case.received_at,
            "deadline": message.deadline,
            "asks_acknowledgement": message.asks_acknowledgement,
            "exercise": case.exercise,
        }
    )
