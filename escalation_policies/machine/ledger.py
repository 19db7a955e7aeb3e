"""The open page of one decision: the case as it changes, the effects in order, and whom the directory named."""

from collections.abc import Sequence
from datetime import datetime

from escalation_policies.case import Case, Clock, LevelState
from escalation_policies.selector import Directory, SchoolName, Selector
from events.escalation import Cause, EntryKind, JournalEntry, Recipient, Resolution, Told
from events.notification import NotificationRequested

Effect = JournalEntry | NotificationRequested


class RecordingDirectory:
    """Asks the directory and keeps every answer, so that the journal can answer in its place on replay."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.answers: dict[str, tuple[Recipient, ...]] = {}

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the people meant; the same question within one decision has one answer."""
        if selector.question not in self.answers:
            self.answers[selector.question] = self._directory.resolve(selector, school_id, at)
        return self.answers[selector.question]


class RecordedDirectory:
    """The directory as a journal remembers it: for replays, which ask nobody."""

    def __init__(self, resolved: Sequence[Resolution], school: SchoolName) -> None:
        self._answers = {resolution.question: resolution.recipients for resolution in resolved}
        self._school = school

    def school(self, school_id: str) -> SchoolName | None:
        """Return the school as the case knows it."""
        return self._school if school_id == self._school.unit_id else None

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return what was answered then."""
        del school_id, at
        return self._answers.get(selector.question, ())


class Ledger:
    """One decision while it is being taken. ``at`` is the time judged by; ``now`` when it was really judged."""

    def __init__(self, case: Case, directory: Directory, at: datetime, now: datetime, cause: Cause) -> None:
        self.case = case
        self.at = at
        self.now = now
        self.directory = RecordingDirectory(directory)
        self.effects: list[Effect] = []
        self._cause = cause
        self._requested: set[str] = set()

    def write(
        self,
        kind: EntryKind,
        reason: str,
        *,
        clock: Clock | None = None,
        level: str | None = None,
        by: str | None = None,
        told: Sequence[Told] = (),
    ) -> None:
        """Add one numbered entry to the journal."""
        seq = self.case.seq + 1
        self.case = self.case.model_copy(update={"seq": seq, "updated_at": max(self.case.updated_at, self.at)})
        self.effects.append(
            JournalEntry(
                case_id=self.case.case_id,
                received_at=self.at,
                seq=seq,
                kind=kind,
                reason=reason,
                school_id=self.case.school_id,
                clock=clock.key if clock else None,
                level=level or (clock.level if clock else None),
                deadline=clock.deadline if clock else None,
                fired_at=self.now if self.now != self.at else None,
                by=by,
                told=tuple(told),
                exercise=self.case.exercise,
            )
        )

    def request(self, notification: NotificationRequested) -> None:
        """Ask for one message; who is told the same at two levels gets it once."""
        if notification.notification_id not in self._requested:
            self._requested.add(notification.notification_id)
            self.effects.append(notification)

    def put_clock(self, clock: Clock) -> None:
        """Store ``clock``, in place of the one of the same key."""
        others = tuple(other for other in self.case.clocks if other.key != clock.key)
        self.case = self.case.model_copy(update={"clocks": (*others, clock)})

    def start(self, clock: Clock, reason: str) -> None:
        """Store a newly running clock; none starts in a closed case, whose record a late fact may only set right."""
        if self.case.status == "closed":
            self.write("action-withheld", f"no clock starts in a closed case ({reason})", level=clock.level)
            return
        self.put_clock(clock)
        self.write("clock-started", reason, clock=clock)

    def put_level(self, level: LevelState) -> None:
        """Store a level's state, in place of what it was."""
        others = tuple(other for other in self.case.levels if other.level != level.level)
        self.case = self.case.model_copy(update={"levels": (*others, level)})

    def change(self, **fields: object) -> None:
        """Change plain fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def finish(self) -> tuple[Effect, ...]:
        """Return the effects; the first entry carries the cause and every answer of the directory."""
        resolved = tuple(
            Resolution(question=question, recipients=recipients)
            for question, recipients in sorted(self.directory.answers.items())
        )
        for number, effect in enumerate(self.effects):
            if isinstance(effect, JournalEntry):
                self.effects[number] = effect.model_copy(update={"cause": self._cause, "resolved": resolved})
                break
        return tuple(self.effects)
