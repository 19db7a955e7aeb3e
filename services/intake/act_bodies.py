"""What the chain may say about a case: the body of each verb."""

from pydantic import BaseModel, ConfigDict, Field

from events.base import Identifier
from events.incident import Casualties, LongText, ReviewAnswers, Severity, ShortText


class ActBody(BaseModel):
    """What every act has in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Identifier | None = Field(
        default=None,
        description="Person id of who acts. Unset: the token's person. Only an administrator may name another, for "
        "somebody who answered by telephone.",
    )


class Acknowledgement(ActBody):
    """I have it: I take responsibility at my level."""


class Decline(ActBody):
    """I cannot take it: the stand-in is told at once."""

    reason: ShortText | None = None


class UpwardReport(ActBody):
    """首报: what is reported to the level above."""

    summary: LongText = Field(min_length=1)
    measures: LongText | None = None
    casualties: Casualties | None = None


class Update(ActBody):
    """续报: verified figures, trend, measures; it does not repeat the beginning."""

    summary: LongText = Field(min_length=1)
    trend: LongText | None = None
    measures: LongText | None = None
    casualties: Casualties | None = None


class FinalReport(ActBody):
    """终报: summary, cause, aftermath."""

    summary: LongText = Field(min_length=1)
    cause: LongText | None = None
    aftermath: LongText | None = None


class SeverityChange(ActBody):
    """The grade is corrected. A raise shortens running clocks; a fall never lengthens one."""

    severity: Severity
    reason: ShortText | None = None


class Closing(ActBody):
    """The case is over. What the policy asks for must be there: final report, evidence, the four answers."""

    reason: ShortText | None = None
    evidence: LongText | None = Field(default=None, description="What shows that a hazard is gone (回复销账).")
    review: ReviewAnswers | None = Field(default=None, description="四不放过: needed for the higher grades.")


class Note(ActBody):
    """A remark for the timeline. Stops no clock."""

    text: LongText = Field(min_length=1)


class Reassignment(ActBody):
    """Hand your level's part to a named person, who is told at once and must accept."""

    to: Identifier = Field(description="Person id of who shall take it.")
    reason: ShortText | None = None


class Reopening(ActBody):
    """A closed case goes on: its follow-up runs again, and it needs a final report anew."""

    reason: ShortText = Field(min_length=1)


class Withdrawal(ActBody):
    """The report is taken back. Everybody told hears of it; no clock stops: the chain closes the case."""

    reason: ShortText | None = None


class Separation(ActBody):
    """A joined report was of another event: it opens its own case, counted from its own receipt."""

    report_id: Identifier = Field(description="The report, as the timeline names it where it joined.")
    reason: ShortText | None = None
