"""The state of one roll call: its window, its frozen schedule, and which steps were taken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from pydantic import Field

from escalation_policies.roll_call.schedule import About, ChaseStep, Schedule
from escalation_policies.roll_call.window import Window
from events.base import Frozen, Utc
from events.ids import roll_call_id
from events.roll_call import Counts

CLOSE = "close"
"""The last step of every roll call: no schedule has it."""

NOTES = 200
"""Most notes of one roll call or school day that are kept."""


class Note(Frozen):
    """What happened, or why nothing did, for a person who asks."""

    at: Utc
    reason: str
    by: str | None = None


class Taken(Frozen):
    """A step that was taken under one cut-off."""

    step: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A step that is due at a moment."""

    step: str
    at: datetime


class RollCall(Frozen):
    """One roll call. Schools and their answers are kept apart, each by itself: there may be half a million of them."""

    window: Window
    bureau_name: str
    schedule: Schedule
    exercise: bool = False
    opened_at: Utc = Field(description="When it really opened; the window says when it should.")
    opened_by: str | None = None
    reason: str | None = None
    revision: int = Field(default=0, description="How often its cut-off was moved.")
    moved_at: Utc | None = None
    taken: tuple[Taken, ...] = ()
    closed_at: Utc | None = None
    counts: Counts | None = Field(default=None, description="How it stood when it closed.")
    notes: tuple[Note, ...] = ()

    @cached_property
    def roll_call_id(self) -> str:
        """Return its id, which follows from the bureau, the day and the name."""
        return roll_call_id(self.window.bureau_id, self.window.date.isoformat(), self.window.call)

    @property
    def cut_off(self) -> datetime:
        """Return the cut-off that holds."""
        return self.window.cut_off

    def planned(self, step: ChaseStep) -> datetime:
        """Return when a step is due under the cut-off that holds."""
        return self.cut_off + step.offset

    def steps(self, about: Iterable[About]) -> list[ChaseStep]:
        """Return the steps about these, in the schedule's order, which is that of time."""
        wanted = frozenset(about)
        return [step for step in self.schedule.chase if step.about in wanted]

    def next_step(self, about: Iterable[About], taken: Sequence[Taken]) -> Step | None:
        """Return the first step about these that is not ``taken`` yet, and when it is due."""
        for step in self.steps(about):
            if not self._is_taken(step, taken):
                return Step(step.step, self.planned(step))
        return None

    def next_of_bureau(self) -> Step | None:
        """Return the next step that concerns districts or the whole, the closing at last; None once it is closed."""
        if self.closed_at is not None:
            return None
        return self.next_step(("district", "bureau"), self.taken) or Step(CLOSE, self.window.closes_at)

    def step(self, name: str) -> ChaseStep | None:
        """Return a step of the schedule by its name."""
        return next((step for step in self.schedule.chase if step.step == name), None)

    def noting(self, at: datetime, reason: str, by: str | None = None) -> "RollCall":
        """Return the roll call with one note more; the oldest after the first half gives way when there are many."""
        return self.model_copy(update={"notes": noted(self.notes, Note(at=at, reason=reason, by=by))})

    def _is_taken(self, step: ChaseStep, taken: Sequence[Taken]) -> bool:
        """Return whether a step was taken: under this cut-off, or before the cut-off moved and due before that."""
        return any(
            one.step == step.step
            and (one.revision == self.revision or (self.moved_at is not None and self.planned(step) <= self.moved_at))
            for one in taken
        )


def noted(notes: tuple[Note, ...], note: Note) -> tuple[Note, ...]:
    """Return the notes with one more. When there are too many, the first half and the newest stay."""
    if len(notes) < NOTES:
        return (*notes, note)
    half = NOTES // 2
    return (*notes[:half], *notes[half + 1 :], note)
