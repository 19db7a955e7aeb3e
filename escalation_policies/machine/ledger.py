"""The open page of one decision: the case as it changes, the effects in order, and whom the directory named."""

from collections.abc import Sequence
from datetime import datetime

from escalation_policies.case import Case, Clock, LevelState
from escalation_policies.folded import Folded
from escalation_policies.folding import fold
from escalation_policies.held import Held
from escalation_policies.machine.holding import hold, why_not
from escalation_policies.selector import Directory, SchoolName, Selector
from events.escalation import Cause, EntryKind, JournalEntry, Recipient, Resolution, Told
from events.incident import IncidentFiled
from events.notification import NotificationCancelled, NotificationRequested

Effect = JournalEntry | NotificationRequested | NotificationCancelled | IncidentFiled
"""What a decision causes. A report that is separated from a case is published as a report of its own."""

CONCERNED = "concerned"
"""The question whose answer is who and what may never hear of the case."""


class RecordingDirectory:
    """Asks the directory and keeps every answer, so that the journal can answer in its place on replay."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.answers: dict[str, tuple[Recipient, ...]] = {}
        self.ids: dict[str, tuple[str, ...]] = {}

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the people meant; the same question within one decision has one answer."""
        if selector.question not in self.answers:
            self.answers[selector.question] = self._directory.resolve(selector, school_id, at)
        return self.answers[selector.question]

    def recipient(self, person_id: str) -> Recipient | None:
        """Return a person by id."""
        found = self._directory.recipient(person_id)
        self.answers[_of_person(person_id)] = () if found is None else (found,)
        return found

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return whom and what ``ids`` take with them."""
        self.ids[CONCERNED] = self._directory.concerned(ids, heads)
        return self.ids[CONCERNED]


class RecordedDirectory:
    """The directory as a journal remembers it: for replays, which ask nobody."""

    def __init__(self, resolved: Sequence[Resolution], school: SchoolName) -> None:
        self._answers = {resolution.question: resolution.recipients for resolution in resolved}
        self._ids = {resolution.question: resolution.ids for resolution in resolved}
        self._school = school

    def school(self, school_id: str) -> SchoolName | None:
        """Return the school as the case knows it."""
        return self._school if school_id == self._school.unit_id else None

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return what was answered then."""
        del school_id, at
        return self._answers.get(selector.question, ())

    def recipient(self, person_id: str) -> Recipient | None:
        """Return the person as they were then."""
        return next(iter(self._answers.get(_of_person(person_id), ())), None)

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return what was answered then."""
        del ids, heads
        return self._ids.get(CONCERNED, ())


def _ties(recipient: Recipient) -> frozenset[str]:
    """Return the person, and every person and unit that they are told for."""
    found = {recipient.person_id, recipient.unit_id, recipient.office_id, recipient.on_behalf_of}
    return frozenset(one for one in found if one is not None)


def _of_person(person_id: str) -> str:
    return f"person:{person_id}"


class Ledger:
    """One decision while it is being taken. ``at`` is the time judged by; ``now`` when it was really judged."""

    def __init__(self, case: Case, directory: Directory, at: datetime, now: datetime, cause: Cause) -> None:
        self.case = case
        self.at = at
        self.now = now
        self.directory = RecordingDirectory(directory)
        self.effects: list[Effect] = []
        self._cause = cause
        self._requested: dict[str, tuple[NotificationRequested, frozenset[str]]] = {}
        self._passed_over: set[str] = set()
        self._exclude()

    def _exclude(self) -> None:
        """Find out anew who may not hear: people are appointed, and who once was excluded stays so."""
        conflict = self.case.policy.conflict
        marked = conflict.marked(self.case.concerns, self.case.school_id)
        if marked:
            found = self.directory.concerned(marked, conflict.heads)
            self.change(excluded=tuple(sorted({*self.case.excluded, *marked, *found})))

    @property
    def latest(self) -> datetime:
        """Return the latest moment that this case has seen: a clock that is set back does not undo what was done."""
        return max(self.now, self.case.updated_at)

    def concern(self, ids: Sequence[str]) -> None:
        """Take note of further persons and units whom the case concerns; from here on they hear nothing of it."""
        if not {*ids}.issubset(self.case.concerns):
            self.change(concerns=tuple(dict.fromkeys((*self.case.concerns, *ids))))
            self._exclude()

    def may_hear(self, recipient: Recipient) -> bool:
        """Return whether nothing ties this person to whom the case concerns."""
        return _ties(recipient).isdisjoint(self.case.excluded)

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
                hidden_from=self.case.excluded,
            )
        )

    def pass_over(self, selector: Selector) -> None:
        """Write, once a decision, that somebody whom the case concerns is not told."""
        if selector.question not in self._passed_over:
            self._passed_over.add(selector.question)
            self.write("recipient-excluded", f"the case concerns who holds {selector.question}: passed over")

    def has_passed_over(self, selectors: Sequence[Selector]) -> bool:
        """Return whether somebody was not told in this decision whom one of these selectors names."""
        return any(selector.question in self._passed_over for selector in selectors)

    def request(self, notification: NotificationRequested, recipient: Recipient) -> None:
        """Ask for one message; who is told the same at two levels gets it once."""
        if notification.notification_id not in self._requested:
            self._requested[notification.notification_id] = (notification, _ties(recipient))
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

    def put_folded(self, folded: Folded) -> None:
        """Store the folded rounds of a clock, in place of what they were."""
        others = tuple(f for f in self.case.folded if (f.name, f.level) != (folded.name, folded.level))
        self.case = self.case.model_copy(update={"folded": (*others, folded)})

    def put_level(self, level: LevelState) -> None:
        """Store a level's state, in place of what it was."""
        others = tuple(other for other in self.case.levels if other.level != level.level)
        self.case = self.case.model_copy(update={"levels": (*others, level)})

    def change(self, **fields: object) -> None:
        """Change plain fields of the case."""
        self.case = self.case.model_copy(update=fields)

    def _call_back(self) -> None:
        """Cancel the held messages that there is no reason for any more; remember those that this decision asks for."""
        waiting = [held for held in self.case.held if held.until > self.now]
        reasons = {held.notification_id: why_not(self.case, held) for held in waiting}
        kept = [held for held in waiting if reasons[held.notification_id] is None]
        fresh = [hold(self.case, request, ties) for request, ties in self._requested.values()]
        self.change(held=(*kept, *(held for held in fresh if held is not None)))
        for held in waiting:
            if (reason := reasons[held.notification_id]) is not None:
                self.effects.append(self._cancellation(held, reason))

    def _cancellation(self, held: Held, reason: str) -> NotificationCancelled:
        return NotificationCancelled(
            case_id=self.case.case_id,
            received_at=self.at,
            notification_id=held.notification_id,
            person_id=held.person_id,
            contact_id=held.contact_id,
            channel=held.channel,
            lane=held.lane,
            reason=reason,
        )

    def publish(self, report: IncidentFiled) -> None:
        """Send a report on its way to open a case of its own."""
        self.effects.append(report)

    def finish(self) -> tuple[Effect, ...]:
        """End the decision: return the effects; the first entry carries the cause and every answer of the directory."""
        self._call_back()
        self.case = fold(self.case)
        resolved = tuple(
            Resolution(question=question, recipients=recipients)
            for question, recipients in sorted(self.directory.answers.items())
        )
        resolved += tuple(Resolution(question=question, ids=ids) for question, ids in self.directory.ids.items())
        for number, effect in enumerate(self.effects):
            if isinstance(effect, JournalEntry):
                self.effects[number] = effect.model_copy(update={"cause": self._cause, "resolved": resolved})
                break
        return tuple(self.effects)
