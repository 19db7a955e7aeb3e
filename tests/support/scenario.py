"""Scenarios in the words of the rule book: file, let minutes pass, answer, and see who was told when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from escalation_policies.case import Case
from escalation_policies.loader import PolicyLibrary, load_library
from escalation_policies.machine import Decision, judge
from escalation_policies.machine.judge import next_deadline
from escalation_policies.selector import Ancestor, Directory, SchoolName, Selector
from events import incident as facts
from events.escalation import Contact, JournalEntry, Recipient
from events.notification import NotificationCancelled, NotificationRequested
from events.petition import PetitionFiled

START = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
SCHOOL = "school-1"
DAY = 24 * 60
"""Minutes."""

STAFF: dict[str, tuple[str, ...]] = {
    "role:principal@self": ("principal",),
    "on_duty:school_leader@self": ("duty-leader",),
    "role:deputy_principal@self": ("deputy",),
    "role:district_director@parent": ("director",),
    "role:district_deputy@parent": ("district-deputy",),
    "role:township_officer@township": ("township",),
    "role:bureau_leader@ancestor:bureau": ("bureau",),
    "on_duty:duty_officer@ancestor:bureau": ("duty-officer",),
    "role:duty_officer@ancestor:bureau": ("duty-officer", "second-officer"),
    "role:petition_officer@ancestor:bureau": ("petition-officer",),
    "role:protection_officer@ancestor:bureau": ("protection-officer",),
    "role:health_officer@ancestor:bureau": ("health-officer",),
    "role:exam_officer@ancestor:bureau": ("exam-officer",),
}


@dataclass
class Staff:
    """A directory of one school, which a test may change at any moment."""

    answers: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(STAFF))
    others: set[str] = field(default_factory=lambda: {"colleague"})
    go_with: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def school(self, school_id: str) -> SchoolName | None:
        return SchoolName(unit_id=school_id, name="Lakeside School") if school_id == SCHOOL else None

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        del school_id, at
        place = selector.at.ancestor if isinstance(selector.at, Ancestor) else selector.at
        return tuple(_recipient(person, place) for person in self.answers.get(selector.question, ()))

    def recipient(self, person_id: str) -> Recipient | None:
        return _recipient(person_id, "elsewhere") if person_id in self.others else None

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        del heads
        return tuple(sorted({*ids, *(one for person in ids for one in self.go_with.get(person, ()))}))


@cache
def shipped() -> PolicyLibrary:
    """Return the library that is shipped, read once: it is frozen, and reading it takes longer than most tests."""
    return load_library()


def found(person: str, question: str) -> Recipient:
    """Return a person as the directory names them for a post."""
    place = question.rsplit("@", 1)[1].rpartition(":")[2]
    return _recipient(person, place)


def _recipient(person: str, unit: str) -> Recipient:
    contacts = (
        Contact(contact_id=f"{person}:sms", channel="sms"),
        Contact(contact_id=f"{person}:email", channel="email"),
    )
    return Recipient(person_id=person, name=person, role=person, unit_id=unit, unit_name=unit, contacts=contacts)


class Scenario:
    """One case, told minute by minute. ``now`` moves only when the test says so."""

    def __init__(self, policies: PolicyLibrary | None = None, staff: Staff | None = None) -> None:
        self.policies = policies or shipped()
        self.staff = staff or Staff()
        self.directory: Directory = self.staff
        self.now = START
        self.case: Case | None = None
        self.decisions: list[Decision] = []

    @property
    def opened(self) -> Case:
        assert self.case is not None
        return self.case

    @property
    def entries(self) -> list[JournalEntry]:
        return [e for d in self.decisions for e in d.effects if isinstance(e, JournalEntry)]

    @property
    def requests(self) -> list[NotificationRequested]:
        return [e for d in self.decisions for e in d.effects if isinstance(e, NotificationRequested)]

    @property
    def cancelled(self) -> list[NotificationCancelled]:
        return [e for d in self.decisions for e in d.effects if isinstance(e, NotificationCancelled)]

    def file(self, *, late_minutes: float = 0, **fields: Any) -> None:
        """File a report now; with ``late_minutes`` it is judged that much later."""
        fields = {"report_id": "r-1", "school_id": SCHOOL, "kind": "fire", "severity": "IV", **fields}
        self.now += timedelta(minutes=late_minutes)
        received = self.now - timedelta(minutes=late_minutes)
        self.judge(facts.IncidentFiled(case_id="case-1", received_at=received, **fields))

    def petition(self, kind: str = "petition", **fields: Any) -> None:
        """File a petition now."""
        fields = {"report_id": "p-1", "school_id": SCHOOL, **fields}
        self.judge(PetitionFiled(case_id="case-1", received_at=self.now, kind=kind, **fields))

    def say(self, fact: type[Any], by: str, *, carried_late_minutes: float = 0, **fields: Any) -> None:
        """State a fact now; with ``carried_late_minutes`` it was received that long ago and is judged only now."""
        self.happen(fact, carried_late_minutes=carried_late_minutes, by=by, **fields)

    def happen(self, fact: type[Any], *, carried_late_minutes: float = 0, **fields: Any) -> None:
        """State a fact that names nobody."""
        received = self.now - timedelta(minutes=carried_late_minutes)
        self.judge(fact(case_id="case-1", received_at=received, **fields))

    def acknowledge(self, by: str, **fields: Any) -> None:
        self.say(facts.IncidentAcknowledged, by, **fields)

    def report_upward(self, by: str, **fields: Any) -> None:
        self.say(facts.UpwardReportFiled, by, summary="fire in the kitchen, all out", **fields)

    def judge(self, event: Any) -> None:
        decisions = judge(self.case, event, self.directory, self.policies, self.now)
        self.decisions += decisions
        self.case = decisions[-1].state

    def pass_minutes(self, minutes: float) -> None:
        """Let time pass; every stored deadline fires at its own moment."""
        until = self.now + timedelta(minutes=minutes)
        while self.case is not None and (due := self.case.next_due_at) is not None and due <= until:
            self.now = max(self.now, due)
            event = next_deadline(self.case, due + timedelta(microseconds=1), self.now)
            assert event is not None
            self.judge(event)
        self.now = until

    def pass_days(self, days: float) -> None:
        """Let days pass; every stored deadline fires at its own moment."""
        self.pass_minutes(days * DAY)

    def sleep_minutes(self, minutes: float) -> None:
        """Let time pass while the worker is down: nothing fires."""
        self.now += timedelta(minutes=minutes)

    def told(self, *, template: str | None = None) -> list[tuple[float, str]]:
        """Return (minute, person) of each distinct telling, in order; minutes count from the filing."""
        seen = dict.fromkeys(
            (minute(request.received_at), request.person_id)
            for request in self.requests
            if template is None or request.template == template
        )
        return list(seen)

    @property
    def hearers(self) -> set[str]:
        """Return everybody to whom any message was ever requested."""
        return {request.person_id for request in self.requests}

    def reasons(self, kind: str) -> list[str]:
        """Return the reasons of the journal's entries of one kind."""
        return [entry.reason for entry in self.entries if entry.kind == kind]

    def status(self, key: str) -> str | None:
        """Return the status of a clock, or None when the case has none of this key."""
        clock = self.opened.clock(key)
        return clock.status if clock else None

    def kinds(self, *wanted: str) -> list[tuple[float, str, str | None]]:
        """Return (minute, kind, clock) of the journal's entries of these kinds."""
        return [(minute(e.received_at), e.kind, e.clock) for e in self.entries if e.kind in wanted]


def minute(at: datetime) -> float:
    """Return the minutes since the filing."""
    return (at - START).total_seconds() / 60
