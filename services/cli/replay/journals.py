"""One case told again from its journal, held against what was written, byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from escalation_policies.case import Case
from escalation_policies.errors import PolicyError
from escalation_policies.machine import Decision, replay
from escalation_policies.machine.judge import DEADLINE_REACHED
from escalation_policies.machine.replaying import event_of
from events.base import CaseFact
from events.errors import EventError
from events.escalation import DeadlineReached, JournalEntry
from events.incident import IncidentFiled
from events.notification import NotificationCancelled, NotificationRequested
from services.escalation.docket import journal_record


class Unreplayable(Exception):
    """A journal does not tell its case; the message says where it breaks."""


@dataclass(frozen=True)
class Retold:
    """A case as its journal tells it.

    ``entries``: the whole journal; ``missing``: how many of them, at its end, were decided and are not in what was read
    (a journal on the bus may end in the middle of a decision). ``requests``, ``cancelled`` and ``reports``: what the
    decisions sent on their way. ``facts``: what was applied, without deadlines.
    """

    case: Case
    entries: tuple[JournalEntry, ...]
    missing: int
    requests: tuple[NotificationRequested, ...]
    cancelled: tuple[NotificationCancelled, ...]
    reports: tuple[IncidentFiled, ...]
    facts: tuple[CaseFact, ...]


def retell(texts: Sequence[str]) -> Retold:
    """Return the case of a journal, whose entries are given as they were published, in order.

    Raises:
        Unreplayable: an entry is missing or cannot be read, or the decisions are others now than were written.
    """
    entries = _read(texts)
    decisions = _replayed(entries)
    effects = [effect for decision in decisions for effect in decision.effects]
    again = [effect for effect in effects if isinstance(effect, JournalEntry)]
    for number, text in enumerate(texts):
        if number >= len(again) or journal_record(again[number]).value.decode() != text:
            raise Unreplayable(f"entry {number + 1} ({entries[number].kind}) does not follow from those before it")
    state = decisions[-1].state
    assert state is not None
    causes = [entry.cause for entry in entries if entry.cause is not None and entry.cause.type != DEADLINE_REACHED]
    events = [event_of(cause) for cause in causes]
    return Retold(
        case=state,
        entries=tuple(again),
        missing=len(again) - len(texts),
        requests=tuple(effect for effect in effects if isinstance(effect, NotificationRequested)),
        cancelled=tuple(effect for effect in effects if isinstance(effect, NotificationCancelled)),
        reports=tuple(effect for effect in effects if isinstance(effect, IncidentFiled)),
        facts=tuple(event for event in events if not isinstance(event, DeadlineReached)),
    )


def _read(texts: Sequence[str]) -> list[JournalEntry]:
    entries = []
    for number, text in enumerate(texts, start=1):
        try:
            entry = JournalEntry.model_validate_json(text)
        except ValidationError as error:
            raise Unreplayable(f"entry {number} cannot be read: did a newer version write it?") from error
        if entry.seq != number:
            raise Unreplayable(f"entry {number} is missing")
        entries.append(entry)
    return entries


def _replayed(entries: Sequence[JournalEntry]) -> list[Decision]:
    try:
        return replay(entries)
    except (PolicyError, EventError, ValidationError) as error:
        raise Unreplayable(str(error)) from error
