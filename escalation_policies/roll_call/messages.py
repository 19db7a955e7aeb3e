"""The messages of a roll call: all of them bulk, so that no incident ever waits behind one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zlib import crc32

from escalation_policies.contact_choice import kept_for
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.schedule import About
from escalation_policies.roll_call.school_day import HeldMessage
from escalation_policies.selector import Directory, Selector
from events.channel import Channel
from events.escalation import Recipient
from events.ids import notification_id, roll_call_part_id
from events.notification import NotificationCancelled, NotificationRequested, RollCallTemplate
from events.roll_call import Counts, RollCallWords

KIND = "zero-report"
NAMES = 200
"""Most names of schools in one message: what a page of email bears."""

_MINUTE = timedelta(minutes=1)
_WHOLE = 2**32


@dataclass(frozen=True)
class Unit:
    """Whom a message is about."""

    unit_id: str
    name: str


@dataclass(frozen=True)
class Message:
    """What is said, of whom, and under which name: ``step`` is part of the notification's id."""

    template: RollCallTemplate
    about: About
    unit: Unit
    step: str
    channels: Sequence[Channel]
    due_at: datetime
    asks: bool = False
    counts: Counts | None = None
    missing: Sequence[str] = ()
    contradicted: Sequence[str] = ()
    spread: timedelta = timedelta()


def people(directory: Directory, tell: Iterable[Selector], unit_id: str, at: datetime) -> list[Recipient]:
    """Return whom selectors name, each once."""
    named = [one for selector in tell for one in directory.resolve(selector, unit_id, at)]
    return list({one.person_id: one for one in named}.values())


def reachable(channels: Sequence[Channel], recipients: Iterable[Recipient]) -> list[Recipient]:
    """Return those who have a contact on one of the channels."""
    return [one for one in recipients if any(contact.channel in channels for contact in one.contacts)]


def requests(call: RollCall, message: Message, to: Sequence[Recipient], now: datetime) -> list[NotificationRequested]:
    """Return the message to each person by each of its channels."""
    words, held = _words(call, message, now), _held_until(message, now)
    return [
        _request(call, message, words, held, one, contact.contact_id, contact.channel)
        for one in to
        for contact in kept_for([c for c in one.contacts if c.channel in message.channels], "bulk")
    ]


def called_back(call: RollCall, unit_id: str, held: HeldMessage, at: datetime) -> NotificationCancelled:
    """Return what takes back a message that still waits for its turn."""
    return NotificationCancelled(
        case_id=roll_call_part_id(call.roll_call_id, unit_id),
        received_at=at,
        notification_id=held.notification_id,
        person_id=held.person_id,
        contact_id=held.contact_id,
        channel=held.channel,
        lane="bulk",
        reason="the school has answered, or is excused",
    )


def _held_until(message: Message, now: datetime) -> datetime | None:
    """Return when the message may go: thousands due at one moment are spread, each unit always at its own place."""
    if not message.spread:
        return None
    share = crc32(message.unit.unit_id.encode()) / _WHOLE
    return max(message.due_at, now) + timedelta(seconds=int(message.spread.total_seconds() * share))


@lru_cache(maxsize=64)
def _short_words(day: date, call: str, title: str, late: int) -> RollCallWords:
    """Return the words of a message without a list: alike for every school that is chased in one moment."""
    return RollCallWords(date=day, call=call, title=title, late_minutes=late if late >= 1 else None)


def _words(call: RollCall, message: Message, now: datetime) -> RollCallWords:
    late = (now - message.due_at) // _MINUTE
    if message.counts is None and not message.missing and not message.contradicted:
        return _short_words(call.window.date, call.window.call, call.schedule.title, late)
    missing, contradicted = message.missing[:NAMES], message.contradicted[:NAMES]
    left_out = len(message.missing) - len(missing) + len(message.contradicted) - len(contradicted)
    return RollCallWords(
        date=call.window.date,
        call=call.window.call,
        title=call.schedule.title,
        counts=message.counts,
        missing=tuple(missing),
        contradicted=tuple(contradicted),
        more=left_out,
        late_minutes=late if late >= 1 else None,
    )


def _request(
    call: RollCall,
    message: Message,
    words: RollCallWords,
    held_until: datetime | None,
    to: Recipient,
    contact_id: str,
    channel: Channel,
) -> NotificationRequested:
    part, clock = roll_call_part_id(call.roll_call_id, message.unit.unit_id), f"roll_call@{message.about}"
    step = f"{message.step}#{call.revision}" if call.revision else message.step
    return NotificationRequested(
        case_id=part,
        received_at=message.due_at,
        notification_id=notification_id(part, clock, step, contact_id, channel, 1),
        family="roll-call",
        not_before=held_until,
        clock=clock,
        step=step,
        level=message.about,
        person_id=to.person_id,
        contact_id=contact_id,
        channel=channel,
        lane="bulk",
        template=message.template,
        language=to.language,
        timezone=to.timezone,
        kind=KIND,
        severity="IV",
        school_id=message.unit.unit_id,
        school_name=message.unit.name,
        started_at=call.window.opens_at,
        deadline=call.cut_off,
        asks_acknowledgement=message.asks,
        exercise=call.exercise,
        roll_call=words,
    )
