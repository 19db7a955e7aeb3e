"""What the chain may say about a case: one body a verb, and the fact that it becomes."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from events.base import CaseFact, Identifier
from events.incident import (
    Casualties,
    FinalReportFiled,
    IncidentAcknowledged,
    IncidentClosed,
    IncidentDeclined,
    LongText,
    NoteAdded,
    Severity,
    SeverityChanged,
    ShortText,
    UpdateFiled,
    UpwardReportFiled,
)


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
    """The case is over."""

    reason: ShortText | None = None


class Note(ActBody):
    """A remark for the timeline. Stops no clock."""

    text: LongText = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One verb: its path below the case, its body and its fact. ``word`` goes into derived ids: never change it."""

    path: str
    word: str
    body: type[ActBody]
    fact: type[CaseFact]
    summary: str
    needs_final_report: bool = False


ACTS: tuple[Act, ...] = (
    Act("acknowledge", "acknowledged", Acknowledgement, IncidentAcknowledged, "Acknowledge: accept responsibility"),
    Act("decline", "declined", Decline, IncidentDeclined, "Decline: the stand-in is told"),
    Act("upward-report", "upward-report-filed", UpwardReport, UpwardReportFiled, "File the first report upward (首报)"),
    Act("update", "update-filed", Update, UpdateFiled, "File an update (续报)"),
    Act("final-report", "final-report-filed", FinalReport, FinalReportFiled, "File the final report (终报)"),
    Act("severity", "severity-changed", SeverityChange, SeverityChanged, "Correct the severity"),
    Act("close", "closed", Closing, IncidentClosed, "Close the case", needs_final_report=True),
    Act("notes", "noted", Note, NoteAdded, "Add a note"),
)
