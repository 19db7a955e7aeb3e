"""One school in one roll call: every answer it gave, its excuse, and the cases that speak against it.

Verdicts are not stored. ``standing`` and ``contradicting`` judge from the times of the facts and the cut-off that
holds, so an answer that is carried late, or a cut-off that is moved, needs no correction of what was written.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from escalation_policies.roll_call.call import Note, RollCall, Taken
from events.base import Frozen, Utc
from events.channel import Channel
from events.roll_call import Answer, ConfirmedVia

Standing = Literal["confirmed", "late", "missing", "awaited", "excused"]
STANDINGS: tuple[Standing, ...] = ("missing", "late", "awaited", "confirmed", "excused")
"""What needs somebody's attention first."""

VERSIONS = 100
"""Most answers of one school to one roll call."""


class Version(Frozen):
    """One answer, as it was given. The one that counts and was received last is the school's."""

    status: Answer
    by: str
    via: ConfirmedVia
    received_at: Utc
    submitted_at: Utc | None = None
    note: str | None = None
    refused: str | None = Field(default=None, description="Why it does not count; unset: it does.")


class Excuse(Frozen):
    """Somebody above the school says that it need not answer."""

    by: str
    reason: str
    at: Utc


class NotedCase(Frozen):
    """A case of the school that was open that day, or happened on it."""

    case_id: str
    happened_at: Utc


class HeldMessage(Frozen):
    """A message that waits for its turn, and is called back when the school answers."""

    notification_id: str
    person_id: str
    contact_id: str
    channel: Channel
    until: Utc


class SchoolDay(Frozen):
    """Everything that is known of one school in one roll call."""

    roll_call_id: str
    school_id: str
    versions: tuple[Version, ...] = Field(default=(), description="In the order in which they were received.")
    excuse: Excuse | None = None
    cases: tuple[NotedCase, ...] = ()
    flagged: tuple[str, ...] = Field(default=(), description="Ids of cases that the school was asked about.")
    taken: tuple[Taken, ...] = Field(default=(), description="Steps by which it was chased.")
    missed: bool = Field(default=False, description="It was told upward as missing.")
    told_late: bool = Field(default=False, description="That its answer was late was published.")
    held: tuple[HeldMessage, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def counted(self) -> tuple[Version, ...]:
        """Return the answers that count."""
        return tuple(version for version in self.versions if version.refused is None)

    @property
    def answer(self) -> Version | None:
        """Return the school's answer: the newest that counts."""
        counted = self.counted
        return counted[-1] if counted else None

    @property
    def first(self) -> Version | None:
        """Return the first answer that counts: whether the school was in time is judged by it."""
        counted = self.counted
        return counted[0] if counted else None

    @property
    def contradicting(self) -> tuple[NotedCase, ...]:
        """Return the cases that had happened when the school said zero."""
        answer = self.answer
        if answer is None or answer.status != "zero":
            return ()
        return tuple(case for case in self.cases if case.happened_at <= answer.received_at)

    @property
    def is_nothing_filed(self) -> bool:
        """Return whether the school says that there were cases, and none is known that it could mean.

        Perhaps one still has to be filed, or the school told somebody by telephone: worth a question, and no fault.
        """
        answer = self.answer
        return answer is not None and answer.status == "with_cases" and not self.cases


def standing(day: SchoolDay | None, call: RollCall, now: datetime) -> Standing:
    """Return how a school stands at ``now``."""
    first = day.first if day is not None else None
    if first is not None:
        return "confirmed" if first.received_at <= call.cut_off else "late"
    if day is not None and day.excuse is not None:
        return "excused"
    return "missing" if now >= call.cut_off else "awaited"


def is_corrected_late(day: SchoolDay | None, call: RollCall) -> bool:
    """Return whether a school that answered in time said something else after the cut-off."""
    counted = day.counted if day is not None else ()
    in_time = [version.status for version in counted if version.received_at <= call.cut_off]
    return bool(in_time) and counted[-1].status != in_time[-1]
