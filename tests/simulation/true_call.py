"""One roll call as it really was: how its schools stood and since when, and which steps were taken then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from events.roll_call import ReportConfirmed
from tests.simulation.county import SCHOOLS
from tests.simulation.timetable import is_asked

NEAR_SECONDS = 3.0
"""A worker may know of a new cut-off a little later than the one that stored it."""


@dataclass
class TrueDay:
    """One school: what counts of its answers in the order of their times, and whether it is excused."""

    answers: list[ReportConfirmed] = field(default_factory=list)
    is_excused: bool = False
    told_late: bool = False
    noted: dict[str, datetime] = field(default_factory=dict)
    """Cases that it was told of, and when they happened."""


@dataclass(frozen=True)
class TrueLine:
    """How one school stands."""

    standing: str
    answer: str | None
    first_at: datetime | None


Lines = Mapping[str, TrueLine]


@dataclass(frozen=True)
class Take:
    """A step that was taken: by a partition, or for the whole roll call. ``lines``: how its schools stood then."""

    step: str
    revision: int
    at: datetime
    turn: float
    lines: Lines
    partition: int | None = None


@dataclass
class TrueCall:
    """One roll call. ``cut_offs``: by how often it was moved."""

    call_id: str
    date: date
    name: str
    opens_at: datetime
    cut_offs: list[datetime]
    closes_after: timedelta
    days: dict[str, TrueDay]
    takes: list[Take] = field(default_factory=list)
    history: list[tuple[datetime, Lines]] = field(default_factory=list)
    """How its schools stood since when."""
    moved_at: datetime | None = None
    is_stored: bool = False
    closed: Take | None = None
    firsts: list[tuple[str, datetime, int, float]] = field(default_factory=list)
    """Each answer that was the first of its school when it was heard: under which cut-off, and when by the loop."""
    moves: list[float] = field(default_factory=list)
    """When each further cut-off came to hold, by the loop's time."""

    @property
    def cut_off(self) -> datetime:
        """Return the cut-off that holds."""
        return self.cut_offs[-1]

    @property
    def asked(self) -> Sequence[str]:
        """Return the schools that are asked."""
        return [school_id for school_id in SCHOOLS if is_asked(school_id, self.date)]

    def late(self) -> tuple[set[str], set[str]]:
        """Return the schools of which it is to be told that they answered late, and those of which it may be.

        Which cut-off held in the moment in which it was moved, only the worker knows that heard the answer.
        """
        surely, perhaps = set(), set()
        for school_id, received_at, number, turn in self.firsts:
            near = [i for i, moved in enumerate(self.moves, 1) if abs(moved - turn) < NEAR_SECONDS]
            held = {number, *near, *(i - 1 for i in near)}
            verdicts = {received_at > self.cut_offs[i] for i in held}
            perhaps |= {school_id} if True in verdicts else set()
            surely |= {school_id} if verdicts == {True} else set()
        return surely, perhaps

    def lines(self, cut_off: datetime) -> Lines:
        """Return how the asked schools stand, when the cut-off has passed."""
        return {school_id: _line(self.days[school_id], cut_off) for school_id in self.asked}

    def lines_between(self, start: datetime, end: datetime) -> Iterator[Lines]:
        """Yield how the schools stood at the times between two moments, the latest first."""
        for at, lines in reversed(self.history):
            if at <= end:
                yield lines
            if at < start:
                return


def _line(day: TrueDay, cut_off: datetime) -> TrueLine:
    first, last = (day.answers[0], day.answers[-1].status) if day.answers else (None, None)
    if first is not None:
        return TrueLine("confirmed" if first.received_at <= cut_off else "late", last, first.received_at)
    return TrueLine("excused" if day.is_excused else "missing", None, None)
