"""The open page of one decision about a school: its day as it changes, the effects in order, and the reason."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from escalation_policies.durations import format_duration
from escalation_policies.roll_call.call import Note, RollCall, noted
from escalation_policies.roll_call.messages import Message, called_back, people, reachable, requests
from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.schedule import ChaseStep
from escalation_policies.roll_call.school_day import SchoolDay
from escalation_policies.selector import Directory, Selector
from events.base import Frozen, Utc
from events.notification import NotificationCancelled, NotificationRequested
from events.roll_call import RollCallFact

Effect = RollCallFact | NotificationRequested | NotificationCancelled
"""What a decision causes."""

STALE = timedelta(hours=24)
"""A step that is taken later than this tells nobody: another day has its own roll call. It is recorded all the same."""

_MINUTE = timedelta(minutes=1)


class StepReached(Frozen):
    """A step of the chase is due. Applied by the owner of the school's or the bureau's partition, never carried."""

    step: str
    at: Utc
    fired_at: Utc

    @property
    def how_late(self) -> str:
        """Return that it is taken late, for a reason; empty when it is not."""
        late = self.fired_at - self.at
        return f", {format_duration(late)} late" if late >= _MINUTE else ""


class Page:
    """One decision while it is being taken."""

    def __init__(self, call: RollCall, school: School, directory: Directory, now: datetime, day: SchoolDay) -> None:
        self.call, self.school, self.directory, self.now = call, school, directory, now
        self._day = day
        self._changed: dict[str, object] = {}
        self.effects: list[Effect] = []
        self.reason = ""

    @property
    def day(self) -> SchoolDay:
        """Return the school's day as it is now. It is made anew when asked for, not with each change."""
        if self._changed:
            self._day, self._changed = self._day.model_copy(update=self._changed), {}
        return self._day

    def change(self, **fields: object) -> None:
        """Change plain fields of the school's day."""
        self._changed.update(fields)

    def say(self, at: datetime, reason: str, by: str | None = None) -> None:
        """Write down what happened, or why nothing did; the first reason is the decision's."""
        self.change(notes=noted(self._notes, Note(at=at, reason=reason, by=by)))
        self.reason = self.reason or reason

    @property
    def _notes(self) -> tuple[Note, ...]:
        return self.day.notes if "notes" in self._changed else self._day.notes

    def holds(self, selectors: Sequence[Selector], person_id: str, at: datetime) -> bool:
        """Return whether a person is, or acts for, somebody whom the selectors name."""
        return any(
            person_id == one.person_id
            for selector in selectors
            for one in self.directory.resolve(selector, self.school.unit_id, at)
        )

    def tell(self, message: Message, tell: Sequence[Selector], fallback: Sequence[Selector] = ()) -> str:
        """Ask for a message to whom the selectors name, or else the fallback; return who is told, for a reason."""
        found = tell_unit(self.call, self.directory, message, tell, fallback, self.now)
        self.effects += found
        return who_is_told(found)

    def call_back(self, at: datetime) -> None:
        """Take back every chase that has not gone out yet."""
        self.effects += [
            called_back(self.call, self.school.unit_id, held, at) for held in self.day.held if held.until > self.now
        ]
        if self.day.held:
            self.change(held=())


def tell_unit(
    call: RollCall,
    directory: Directory,
    message: Message,
    tell: Sequence[Selector],
    fallback: Sequence[Selector],
    now: datetime,
) -> list[NotificationRequested]:
    """Return a message to whom ``tell`` names, seen from its unit, or else ``fallback``."""
    named = reachable(message.channels, people(directory, tell, message.unit.unit_id, now))
    if not named:
        named = reachable(message.channels, people(directory, fallback, message.unit.unit_id, now))
    return requests(call, message, named, now)


def who_is_told(asked: Sequence[NotificationRequested]) -> str:
    """Return whom these messages go to, for a reason."""
    names = list(dict.fromkeys(one.person_id for one in asked))
    return f"{', '.join(names)} told" if names else "nobody can be told: nobody holds the post, or has such a contact"


def why_withheld(call: RollCall, step: ChaseStep, event: StepReached) -> str | None:
    """Return why a step that is taken late tells nobody, or None."""
    if step.before is not None and event.fired_at >= call.cut_off:
        return "the cut-off has passed"
    late = event.fired_at - event.at
    return f"it was due {format_duration(late)} ago" if late > STALE else None
