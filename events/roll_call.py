"""The roll-call family: every school confirms every day, also when nothing happened (``tocsin.zero-reports``).

A roll call is one bureau's, on one date, of one name (several a day in special periods). What people say of it is told
here as it was said: whether it came in time is judged by ``received_at`` and the cut-off that holds in the end.
"""

from datetime import date as day
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from events.base import Body, Frozen, Identifier, Urgency, Utc
from events.incident import ShortText

Answer = Literal["zero", "with_cases"]
"""``zero``: nothing to report. ``with_cases``: there were incidents, each filed as a report of its own."""

ConfirmedVia = Literal["api", "form", "file", "sms", "voice", "link", "code", "cli"]
CallName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
"""Which of a day's roll calls: part of addresses, so it is plain."""


class RollCallFact(Body):
    """Something about a roll call. A fact that names no call means the one whose window holds its time."""

    received_at: Utc = Field(description="When Tocsin (or the producing client) received the fact. Judged by it.")

    @property
    def unit_id(self) -> str:
        """Return the school's id, or the bureau's for what concerns all of them: the record's key."""
        raise NotImplementedError


class _OfBureau(RollCallFact):
    bureau_id: Identifier = Field(description="Whose roll call it is; also the record's key.")
    date: day = Field(description="The day it asks about, in the bureau's own time zone.")
    call: CallName

    @property
    def unit_id(self) -> str:
        """Return the bureau's id."""
        return self.bureau_id


class _OfSchool(RollCallFact):
    school_id: Identifier = Field(description="The school it speaks of; also the record's key.")

    @property
    def unit_id(self) -> str:
        """Return the school's id."""
        return self.school_id


class RollCallOpened(_OfBureau):
    """A roll call may be answered from now on: opened by its schedule, or by an officer beside it."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.opened.v1"

    opens_at: Utc
    cut_off: Utc
    closes_at: Utc
    by: Identifier | None = Field(default=None, description="Who opened it; unset: the schedule.")
    reason: ShortText | None = None
    exercise: bool = False


class CutOffMoved(_OfBureau):
    """Schools have longer, or less long, to answer. Nobody becomes late by it: it never moves into the past."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.cut-off-moved.v1"

    cut_off: Utc
    by: Identifier
    reason: ShortText | None = None


class ReportConfirmed(_OfSchool):
    """A school answered, or corrected its answer: the newest that counts is the school's."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.confirmed.v1"

    status: Answer
    by: Identifier = Field(description="Person id of who answers for the school.")
    via: ConfirmedVia = "api"
    date: day | None = Field(default=None, description="Unset: that of the roll call asked at `received_at`.")
    call: CallName | None = None
    note: ShortText | None = None
    submitted_at: Utc | None = Field(default=None, description="When the client pressed send, perhaps off-line.")


class _Judged(_OfSchool):
    """What was found out about a school's answer."""

    bureau_id: Identifier
    date: day
    call: CallName
    cut_off: Utc
    exercise: bool = False

    @property
    def urgency(self) -> Urgency:
        """Return how soon its record must go out: thousands are found at one moment, and nobody waits for them."""
        return Urgency.BULK


class ConfirmedLate(_Judged):
    """A school's first answer came after the cut-off."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.confirmed-late.v1"

    status: Answer
    by: Identifier
    late_seconds: int = Field(ge=0, description="Seconds after the cut-off.")


class SchoolMissing(_Judged):
    """A school had not answered at the cut-off. An answer that was received in time and carried later withdraws it."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.missing.v1"

    fired_at: Utc = Field(description="When it was really found; `received_at` is when it was due.")


class ReportContradicted(_Judged):
    """A school says zero, and a case of it says otherwise."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.contradicted.v1"

    case_id: Identifier
    happened_at: Utc
    found: Literal["at-the-answer", "afterwards"] = Field(
        description="Whether the case was known when the school answered, or was filed later."
    )


class SchoolExcused(_OfSchool):
    """A school need not answer: closed for the day, say. It may answer all the same."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.excused.v1"

    date: day
    call: CallName | None = Field(default=None, description="Unset: every roll call of that day.")
    by: Identifier
    reason: ShortText
    lifted: bool = Field(default=False, description="It must answer again: the excuse was a mistake.")


class CaseNoted(_OfSchool):
    """A case of a school, told to where its answers are kept; from ``tocsin.incidents``."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.case-noted.v1"

    case_id: Identifier
    happened_at: Utc
    withdrawn: bool = Field(default=False, description="The reporter took it back: it speaks against no answer.")


class Counts(Frozen):
    """How a roll call stands. Each expected school is in one of the first five; a contradicted one in its own, too."""

    expected: int = Field(ge=0)
    confirmed: int = Field(ge=0, description="In time.")
    late: int = Field(ge=0)
    missing: int = Field(ge=0)
    awaited: int = Field(ge=0, description="Not answered, and the cut-off has not come.")
    excused: int = Field(ge=0)
    with_cases: int = Field(ge=0, description="Of those that answered.")
    contradicted: int = Field(ge=0, description="Of those that answered.")


class RollCallClosed(_OfBureau):
    """A roll call is over: the day's sheet is told upward as it is now. A later answer is kept, and counts as late."""

    TYPE: ClassVar[str] = "edu.tocsin.roll-call.closed.v1"

    counts: Counts
    exercise: bool = False


class RollCallWords(Frozen):
    """What a message about a roll call says."""

    date: day
    call: CallName
    title: str
    counts: Counts | None = None
    missing: tuple[str, ...] = Field(default=(), description="Names of schools, in directory order.")
    contradicted: tuple[str, ...] = ()
    more: int = Field(default=0, ge=0, description="How many names were left out.")
    late_minutes: int | None = Field(default=None, ge=1, description="How long ago it should have been sent.")


ROLL_CALL_FACTS: tuple[type[RollCallFact], ...] = (
    RollCallOpened,
    CutOffMoved,
    ReportConfirmed,
    ConfirmedLate,
    SchoolMissing,
    ReportContradicted,
    SchoolExcused,
    CaseNoted,
    RollCallClosed,
)
