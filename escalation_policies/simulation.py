"""A policy played on paper: every post is held, nobody answers but who is said to, and we see who is told when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from escalation_policies.case import Case
from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import Decision, decide, judge
from escalation_policies.machine.judge import next_deadline
from escalation_policies.machine.ledger import Effect
from escalation_policies.schema import Policy
from escalation_policies.selector import Ancestor, SchoolName, Selector
from events.base import CaseFact
from events.escalation import Contact, JournalEntry, Recipient
from events.incident import IncidentAcknowledged, IncidentFiled, Severity
from events.notification import NotificationRequested

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the simulated report comes in: any moment would do."""

_CASE = "simulated"
_CHANNELS: tuple[Literal["sms", "email"], ...] = ("sms", "email")
_SHOWN = {"breach-recorded", "breach-withdrawn", "clock-satisfied", "nobody-found", "action-withheld"}


@dataclass(frozen=True)
class Line:
    """One line of the simulation. ``minute`` counts from the receipt of the report."""

    minute: float
    told: tuple[str, ...]
    channels: tuple[str, ...]
    why: str


class PaperDirectory:
    """A directory in which every post and duty is held by one person, named after it, with every channel."""

    def school(self, school_id: str) -> SchoolName:
        """Return a school of that name."""
        return SchoolName(unit_id=school_id, name=school_id)

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the holder of the post."""
        del school_id, at
        person = selector.role or selector.on_duty or selector.group or ""
        unit = selector.at.ancestor if isinstance(selector.at, Ancestor) else selector.at
        return (_holder(person, unit),)

    def recipient(self, person_id: str) -> Recipient:
        """Return somebody of that name."""
        return _holder(person_id, "self")

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return whom the report names, and their office when they head it."""
        return tuple(sorted({*ids, *("self" for one in ids if one in heads)}))


def _holder(person: str, unit: str) -> Recipient:
    contacts = tuple(Contact(contact_id=f"{person}:{channel}", channel=channel) for channel in _CHANNELS)
    return Recipient(person_id=person, name=person, role=person, unit_id=unit, unit_name=unit, contacts=contacts)


def simulate(
    policy: Policy, severity: Severity, span: timedelta, answers: Mapping[str, timedelta] | None = None
) -> list[Line]:
    """Return what ``policy`` does within ``span`` of a report.

    ``answers``: by role or duty, how long after the report its holder acknowledges.
    """
    play = _Play(policy)
    kind = policy.applies_to.kinds[0]
    filed = IncidentFiled(
        case_id=_CASE, received_at=START, report_id=_CASE, school_id="school", kind=kind, severity=severity
    )
    play.hear(filed)
    for person, after in sorted((answers or {}).items(), key=lambda item: item[1]):
        if after <= span:
            play.fire_until(START + after)
            play.hear(IncidentAcknowledged(case_id=_CASE, received_at=START + after, by=person))
    play.fire_until(START + span)
    return [line for decision in play.decisions for line in _lines(decision.effects)]


class _Play:
    def __init__(self, policy: Policy) -> None:
        self._policies = PolicyLibrary([policy])
        self._directory = PaperDirectory()
        self._case: Case | None = None
        self.decisions: list[Decision] = []

    def hear(self, fact: CaseFact) -> None:
        self._keep(judge(self._case, fact, self._directory, self._policies, fact.received_at))

    def fire_until(self, end: datetime) -> None:
        """Fire each stored deadline at its own moment."""
        while self._case is not None and (due := self._case.next_due_at) is not None and due <= end:
            event = next_deadline(self._case, due + timedelta(microseconds=1), due)
            if event is not None:
                self._keep([decide(self._case, event, self._directory, self._policies, due)])

    def _keep(self, decisions: list[Decision]) -> None:
        self.decisions += decisions
        self._case = decisions[-1].state


def _lines(effects: Sequence[Effect]) -> list[Line]:
    channels = {e.notification_id: e.channel for e in effects if isinstance(e, NotificationRequested)}
    lines = []
    for entry in effects:
        if isinstance(entry, JournalEntry) and (entry.told or entry.kind in _SHOWN):
            used = {channels[key] for told in entry.told for key in told.notification_ids if key in channels}
            minute = (entry.received_at - START).total_seconds() / 60
            told = tuple(told.role for told in entry.told)
            what = f"{entry.kind} {entry.clock}: " if not entry.told and entry.clock else ""
            lines.append(Line(minute, told, tuple(c for c in _CHANNELS if c in used), what + entry.reason))
    return lines
