"""A policy played on paper: every post is held, nobody answers but who is said to, and we see who is told when.

What is played is the machine itself, with a directory on paper: a timeline shows what would happen, not what is meant.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from escalation_policies.case import Case, Clock
from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import Decision, decide, judge
from escalation_policies.machine.judge import next_deadline
from escalation_policies.machine.ledger import Effect
from escalation_policies.paper_directory import OWNER, SCHOOL, PaperDirectory
from escalation_policies.schema import Policy
from events import incident as facts
from events.base import CaseFact
from events.escalation import EntryKind, JournalEntry
from events.notification import NotificationRequested
from events.petition import PetitionAccepted, PetitionFiled, PetitionResolved

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""When the simulated report comes in unless told otherwise: a Monday, 9 in the morning in Shanghai, term time."""

MOST_STEPS = 3_000
"""A reminder every second for 60 days is a mistake, not a timeline: the play stops there, and says so."""

_CASE = "simulated"
_TEXT = "as simulated"
_SHOWN: frozenset[EntryKind] = frozenset(
    {
        "acknowledged",
        "action-withheld",
        "breach-recorded",
        "breach-withdrawn",
        "case-completed",
        "clock-satisfied",
        "declined",
        "final-reported",
        "nobody-found",
        "petition-accepted",
        "petition-resolved",
        "recipient-excluded",
        "reported-upward",
        "update-reported",
    }
)
_REVIEW = facts.ReviewAnswers(cause=_TEXT, accountability=_TEXT, measures=_TEXT, education=_TEXT)

VERBS: Mapping[str, Callable[[str, datetime], CaseFact]] = {
    "acknowledges": lambda by, at: facts.IncidentAcknowledged(case_id=_CASE, received_at=at, by=by),
    "declines": lambda by, at: facts.IncidentDeclined(case_id=_CASE, received_at=at, by=by),
    "reports": lambda by, at: facts.UpwardReportFiled(
        case_id=_CASE, received_at=at, by=by, summary=_TEXT, measures=_TEXT, casualties=facts.Casualties()
    ),
    "updates": lambda by, at: facts.UpdateFiled(
        case_id=_CASE, received_at=at, by=by, summary=_TEXT, trend=_TEXT, measures=_TEXT
    ),
    "finishes": lambda by, at: facts.FinalReportFiled(
        case_id=_CASE, received_at=at, by=by, summary=_TEXT, cause=_TEXT, aftermath=_TEXT
    ),
    "closes": lambda by, at: facts.IncidentClosed(case_id=_CASE, received_at=at, by=by, evidence=_TEXT, review=_REVIEW),
    "accepts": lambda by, at: PetitionAccepted(case_id=_CASE, received_at=at, by=by),
    "resolves": lambda by, at: PetitionResolved(case_id=_CASE, received_at=at, by=by, answer=_TEXT),
}
"""What somebody may do in a play. The last two are for petitions."""


@dataclass(frozen=True)
class Answer:
    """Somebody does something: ``after`` counts from the report. ``verb`` is one of ``VERBS``."""

    role: str
    after: timedelta
    verb: str = "acknowledges"


@dataclass(frozen=True)
class Scene:
    """What is played: a policy, a grade, how far, from when, who answers, and whom the report concerns (roles).

    ``due``: by when a hazard must be gone, from the report; None: as the policy says.
    """

    policy: Policy
    severity: facts.Severity
    span: timedelta
    start: datetime = START
    answers: tuple[Answer, ...] = ()
    concerns: tuple[str, ...] = ()
    due: timedelta | None = None

    @property
    def end(self) -> datetime:
        """Return when the play is over."""
        return self.start + self.span


@dataclass(frozen=True)
class Line:
    """One line of a timeline: a journal entry with the channels of its messages."""

    at: datetime
    kind: EntryKind
    why: str
    told: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    held_until: datetime | None = None
    level: str | None = None
    clock: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class Timeline:
    """A scene as it was played. ``cut_at``: when the play was stopped for its length; None: it ran to its end."""

    scene: Scene
    lines: tuple[Line, ...]
    clocks: tuple[Clock, ...]
    cut_at: datetime | None = None


def usual_span(policy: Policy) -> timedelta:
    """Return how far to look so that every clock of a policy that silence starts is seen to its end."""
    if policy.clocks.acceptance is not None:
        return timedelta(days=20)
    return timedelta(days=30) if policy.clocks.rectification is not None else timedelta(hours=2)


@dataclass(frozen=True)
class Folded:
    """A line that stands for others like it: ``more`` of them, the last one at ``last_at``."""

    line: Line
    more: int = 0
    last_at: datetime | None = None


def folded(lines: Sequence[Line], times: int = 2) -> list[Folded]:
    """Return the lines in order, each sort of them at most ``times`` times: the rounds of silence are all alike."""
    kept: list[Folded] = []
    places: dict[tuple[object, ...], list[int]] = {}
    for line in lines:
        sort = (line.kind, line.level, (line.clock or "").partition("@")[0], line.told, line.by)
        seen = places.setdefault(sort, [])
        if len(seen) < times:
            seen.append(len(kept))
            kept.append(Folded(line))
        else:
            kept[seen[-1]] = replace(kept[seen[-1]], more=kept[seen[-1]].more + 1, last_at=line.at)
    return kept


def simulate(scene: Scene, most_steps: int = MOST_STEPS) -> Timeline:
    """Return what the machine does in ``scene``, in at most so many steps."""
    play = _Play(scene, most_steps)
    play.hear(_report(scene))
    for answer in sorted(scene.answers, key=lambda one: one.after):
        if answer.after <= scene.span:
            at = scene.start + answer.after
            play.fire_until(at)
            play.hear(VERBS[answer.verb](answer.role, at))
    play.fire_until(scene.end)
    lines = tuple(line for decision in play.decisions for line in _lines(decision.effects))
    clocks = tuple(sorted(play.clocks.values(), key=lambda clock: (clock.started_at, clock.key)))
    return Timeline(scene, lines, clocks, play.cut_at)


def _report(scene: Scene) -> CaseFact:
    policy = scene.policy
    report = {
        "case_id": _CASE,
        "received_at": scene.start,
        "report_id": _CASE,
        "school_id": SCHOOL,
        "kind": policy.applies_to.kinds[0],
        "severity": scene.severity,
        "concerns": scene.concerns,
    }
    if policy.applies_to.family == "petition":
        return PetitionFiled.model_validate(report)
    if policy.clocks.rectification is not None:
        report["owner"] = OWNER
        report["due_at"] = scene.start + scene.due if scene.due is not None else None
    return facts.IncidentFiled.model_validate(report)


class _Play:
    def __init__(self, scene: Scene, most_steps: int) -> None:
        self._most_steps = most_steps
        self._policies = PolicyLibrary([scene.policy])
        self._directory = PaperDirectory(scene.policy)
        self.case: Case | None = None
        self.cut_at: datetime | None = None
        self.decisions: list[Decision] = []
        self.clocks: dict[str, Clock] = {}

    def hear(self, fact: CaseFact) -> None:
        self._keep(judge(self.case, fact, self._directory, self._policies, fact.received_at))

    def fire_until(self, end: datetime) -> None:
        """Fire each stored deadline at its own moment."""
        while self.case is not None and (due := self.case.next_due_at) is not None and due <= end:
            if len(self.decisions) >= self._most_steps:
                self.cut_at = due
                return
            event = next_deadline(self.case, due + timedelta(microseconds=1), due)
            if event is not None:
                self._keep([decide(self.case, event, self._directory, self._policies, due)])

    def _keep(self, decisions: list[Decision]) -> None:
        self.decisions += decisions
        self.case = decisions[-1].state
        for decision in decisions:
            if decision.state is not None:
                self.clocks |= {clock.key: clock for clock in decision.state.clocks}


def _lines(effects: Sequence[Effect]) -> Iterator[Line]:
    requests = {e.notification_id: e for e in effects if isinstance(e, NotificationRequested)}
    for entry in effects:
        if not isinstance(entry, JournalEntry) or not (entry.told or entry.kind in _SHOWN):
            continue
        sent = [requests[key] for told in entry.told for key in told.notification_ids if key in requests]
        yield Line(
            at=entry.received_at,
            kind=entry.kind,
            why=entry.reason,
            told=tuple(told.role for told in entry.told),
            channels=tuple(dict.fromkeys(request.channel for request in sent)),
            held_until=next((request.not_before for request in sent), None),
            level=entry.level,
            clock=entry.clock,
            by=entry.by,
        )
