"""The state of one case: frozen values, nothing derived that could drift, nothing that asks the outside.

A clock's key is ``<clock>@<level>``; a further round adds ``#<round>``. The policy is frozen in, whole: a change of
policy touches new cases only. Of many rounds of one clock only the latest are kept one by one: see ``folding``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import Field

from escalation_policies.clock_rules import ClockName
from escalation_policies.folded import Folded, key_of
from escalation_policies.held import Held
from escalation_policies.schema import Family, Policy
from events.base import Frozen, Utc
from events.incident import Casualties, Severity

ClockStatus = Literal["running", "satisfied", "breached", "cancelled"]
DEADLINE = "deadline"
"""The step at a clock's end; reminders have other names."""


class Due(Frozen):
    """One stored deadline: a reminder of a clock, or its end."""

    step: str
    at: Utc
    to: tuple[Literal["told", "stand_in"], ...] = ()


class Clock(Frozen):
    """One clock. ``started_at`` is the fact it is anchored to, never the previous firing."""

    name: ClockName
    level: str
    round: int = 0
    status: ClockStatus
    started_at: Utc
    deadline: Utc
    due: tuple[Due, ...] = Field(default=(), description="What is still to come, earliest first.")
    ended_at: Utc | None = None
    because: str | None = Field(
        default=None, description="Key of the clock that started this one by not being answered: called off with it."
    )
    because_at: Utc | None = Field(default=None, description="The deadline of that clock, once it is folded away.")
    repeats: int | None = Field(
        default=None, description="How often its level was told again before; unset in older cases: as its round says."
    )

    @property
    def key(self) -> str:
        """Return the clock's name in the case."""
        return key_of(self.name, self.level, self.round)

    @property
    def told_again(self) -> int:
        """Return how often its level was told again before it."""
        return self.round if self.repeats is None else self.repeats


class Seat(Frozen):
    """One person who was told at a level, and what they answered."""

    person_id: str
    role: str
    unit_id: str
    question: str = Field(description="The selector that named them; with `all`, each selector needs an answer.")
    stand_in: bool = False
    assigned: bool = Field(default=False, description="They were named in person, and hold no post of the level.")
    told_at: Utc
    acknowledged_at: Utc | None = Field(default=None, description="Their first receipt.")
    declined_at: Utc | None = Field(
        default=None, description="Since when they cannot take it; a later receipt ends it."
    )
    unreached: tuple[str, ...] = Field(default=(), description="Contacts by which no message of this case gets there.")
    substituted: tuple[str, ...] = Field(
        default=(), description="Notifications that did not arrive and for which another way was tried."
    )
    substitutes: tuple[str, ...] = Field(default=(), description="The notifications that were tried in their place.")
    unreached_at: Utc | None = Field(
        default=None, description="Since when every way to reach them has failed, and others are told."
    )

    @property
    def is_out(self) -> bool:
        """Return whether no answer is to be hoped for from here: they declined, or nothing reaches them."""
        return self.declined_at is not None or (self.unreached_at is not None and self.acknowledged_at is None)


class LevelState(Frozen):
    """A level that was told."""

    level: str
    told_at: Utc
    seats: tuple[Seat, ...] = ()
    heard: tuple[str, ...] = Field(
        default=(), description="Keys of the clocks whose silence this level was told of: a correction goes here, too."
    )
    acknowledged_at: Utc | None = Field(default=None, description="When the level's receipt was complete.")
    reported_at: Utc | None = Field(default=None, description="When this level reported upward.")

    def seats_of(self, person_id: str) -> tuple[Seat, ...]:
        """Return the seats of a person: several when several selectors name them, none when they were not told."""
        return tuple(seat for seat in self.seats if seat.person_id == person_id)

    def hearing(self, clock: str) -> "LevelState":
        """Return the level after it was told that ``clock`` went unanswered."""
        return self.model_copy(update={"heard": tuple(dict.fromkeys((*self.heard, clock)))})


PetitionStep = Literal["accepted", "declined", "extended", "resolved", "review_asked", "review_answered"]


class Said(Frozen):
    """One thing that was said of a petition, whether it counts or not."""

    step: PetitionStep
    at: Utc
    text: str | None = None


class PetitionState(Frozen):
    """How far a petition has come. Times are those of the facts."""

    said: tuple[Said, ...] = Field(
        default=(), description="All that was said; what follows of it is below, whatever order it was carried in."
    )

    objection_until: Utc | None = Field(default=None, description="Until when the office may say it is the wrong one.")
    accepted_at: Utc | None = None
    declined_at: Utc | None = None
    extended_at: Utc | None = None
    resolved_at: Utc | None = None
    review_asked_at: Utc | None = None
    review_answered_at: Utc | None = None
    withdrawn_at: Utc | None = None
    notice: str | None = Field(default=None, description="What the petitioner is told of acceptance or refusal.")
    extension_reason: str | None = None
    answer: str | None = None
    review_answer: str | None = None


class Case(Frozen):
    """Everything the machine knows of one case."""

    case_id: str
    family: Family = "incident"
    report_id: str
    school_id: str
    school_name: str
    kind: str
    severity: Severity
    severity_at: Utc = Field(description="Time of the fact that graded the case: an older one changes nothing.")
    urgent: bool = False
    exercise: bool = False
    place: str | None = None
    summary: str | None = None
    casualties: Casualties | None = None
    reporter: str | None = None
    received_at: Utc
    occurred_at: Utc | None = None
    submitted_at: Utc | None = None
    status: Literal["open", "closed"] = "open"
    closed_at: Utc | None = None
    seq: int = 0
    updated_at: Utc
    updates: int = Field(default=0, description="How many 续报 were filed.")
    last_update_at: Utc | None = Field(default=None, description="Time of the latest of them.")
    final_reported_at: Utc | None = None
    concerns: tuple[str, ...] = Field(default=(), description="Persons and units the report names as concerned.")
    excluded: tuple[str, ...] = Field(
        default=(),
        description="Persons and units that may never hear of the case, nor see it: those, and who goes "
        "with them. It only grows.",
    )
    headcount: int | None = None
    owner: str | None = Field(default=None, description="Who must remove the hazard.")
    due_at: Utc | None = Field(default=None, description="By when the hazard must be gone.")
    joined: int = Field(default=0, description="How many further reports of the same event joined the case.")
    separated: tuple[str, ...] = Field(default=(), description="Ids of joined reports that became cases of their own.")
    reopened_at: Utc | None = None
    petition: PetitionState | None = None
    policy: Policy
    clocks: tuple[Clock, ...] = ()
    levels: tuple[LevelState, ...] = ()
    folded: tuple[Folded, ...] = ()
    held: tuple[Held, ...] = Field(default=(), description="Messages that quiet hours hold.")

    def clock(self, key: str) -> Clock | None:
        """Return the clock of this key."""
        return next((clock for clock in self.clocks if clock.key == key), None)

    def level(self, level: str) -> LevelState | None:
        """Return the level's state, if it was told."""
        return next((state for state in self.levels if state.level == level), None)

    def rounds(self, name: ClockName, level: str | None = None) -> list[Clock]:
        """Return the clocks of this name (at ``level``, or anywhere), oldest round first."""
        found = [clock for clock in self.clocks if clock.name == name and level in {None, clock.level}]
        return sorted(found, key=lambda clock: clock.round)

    def receipts(self, level: str) -> list[Clock]:
        """Return the clocks that a receipt of ``level`` stops, in the order in which they were started.

        The level that was told first has ``report_to_principal``: the first one of the chain that may hear of it.
        """
        return [*self.rounds("report_to_principal", level), *self.rounds("upward_receipt", level)]

    def fold(self, name: ClockName, level: str) -> Folded | None:
        """Return the folded rounds of a clock at a level, if there are any."""
        return next((fold for fold in self.folded if (fold.name, fold.level) == (name, level)), None)

    def next_round(self, name: ClockName, level: str | None = None) -> int:
        """Return the number of a further clock of this name (and level): keys are never used twice."""
        numbers = [clock.round for clock in self.rounds(name, level)]
        numbers += [fold.last for fold in self.folded if fold.name == name and level in {None, fold.level}]
        return max(numbers, default=-1) + 1

    def standing(self, name: ClockName, level: str | None = None) -> list[str]:
        """Return the keys of the clocks of this name (and level) that were not called off; folded ones have one key."""
        folds = [f.key for f in self.folded if f.name == name and level in {None, f.level} and f.is_standing]
        return folds + [clock.key for clock in self.rounds(name, level) if clock.status != "cancelled"]

    def asked(self, level: str) -> bool:
        """Return whether a receipt was asked of ``level``, and that was not called off since."""
        return bool(self.standing("report_to_principal", level) or self.standing("upward_receipt", level))

    def causes_of(self, key: str) -> tuple[str, ...]:
        """Return the keys of the clocks whose silence started the clock (or the folded rounds) of this key."""
        clock = self.clock(key)
        if clock is not None:
            return () if clock.because is None else (clock.because,)
        return next((fold.because for fold in self.folded if fold.key == key), ())

    def waits_since(self, clock: Clock) -> datetime:
        """Return after which moment a fact answers ``clock``: where the silence before it ended, even if seen late."""
        cause = self.clock(clock.because) if clock.because else None
        before = cause.deadline if cause is not None else clock.because_at
        return min(clock.started_at, before) if before is not None else clock.started_at

    def next_due(self) -> tuple[Clock, Due] | None:
        """Return the earliest stored deadline. Ties go by clock key, so that a replay meets them in the same order."""
        waiting = [(clock.due[0].at, clock.key, clock) for clock in self.clocks if clock.due]
        if not waiting:
            return None
        _, _, clock = min(waiting, key=lambda item: item[:2])
        return clock, clock.due[0]

    @property
    def next_due_at(self) -> datetime | None:
        """Return when the earliest stored deadline is: the indexed column."""
        found = self.next_due()
        return found[1].at if found else None

    def deadlines(self) -> Mapping[str, datetime]:
        """Return the deadline of each running clock."""
        return {clock.key: clock.deadline for clock in self.clocks if clock.status == "running"}
