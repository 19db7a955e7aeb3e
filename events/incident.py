"""The incident family: what a school and its chain can say about an incident (topic ``tocsin.incidents``).

Three times are kept apart (DOMAIN §7): ``occurred_at`` (when it happened), ``submitted_at`` (when the client
pressed send, perhaps off-line) and ``received_at`` (when it reached us; clocks start here).
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from events.base import CaseFact, Frozen, Identifier, Utc

Severity = Literal["I", "II", "III", "IV"]
"""特别重大 I, 重大 II, 较大 III, 一般 IV. Thresholds differ from place to place, so the grade table is data."""

SEVERITIES: tuple[Severity, ...] = ("I", "II", "III", "IV")
"""Worst first."""

ShortText = Annotated[str, Field(max_length=200)]
LongText = Annotated[str, Field(max_length=4000)]
Concerns = Annotated[tuple[Identifier, ...], Field(max_length=20)]


class Casualties(Frozen):
    """Numbers only: names of those hurt have no place in an event (DOMAIN §3)."""

    injured: Annotated[int, Field(ge=0, le=100_000)] = 0
    dead: Annotated[int, Field(ge=0, le=100_000)] = 0
    missing: Annotated[int, Field(ge=0, le=100_000)] = 0


class IncidentFiled(CaseFact):
    """A report opened a case."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.filed.v1"

    report_id: Identifier
    school_id: Identifier
    kind: Identifier = Field(description="A kind of the taxonomy, e.g. `fire`, `food-poisoning`, `other`.")
    severity: Severity | None = Field(default=None, description="Unset: the policy's default applies.")
    urgent: bool = False
    place: ShortText | None = None
    summary: LongText | None = None
    occurred_at: Utc | None = None
    submitted_at: Utc | None = None
    casualties: Casualties | None = None
    reporter: Identifier | None = Field(default=None, description="Person id of the reporter, if they gave it.")
    exercise: bool = False
    concerns: Concerns = Field(
        default=(), description="Person and unit ids of whom it concerns: they never hear of it."
    )
    owner: Identifier | None = Field(default=None, description="Who must remove a hazard (责任人), by person id.")
    due_at: Utc | None = Field(default=None, description="By when a hazard must be gone (整改期限).")


class IncidentAmended(CaseFact):
    """Missing details followed. Only the fields given replace what was known."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.amended.v1"

    by: Identifier
    place: ShortText | None = None
    summary: LongText | None = None
    occurred_at: Utc | None = None
    casualties: Casualties | None = None


class IncidentAcknowledged(CaseFact):
    """A recipient accepted responsibility. Never inferred from delivery."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.acknowledged.v1"

    by: Identifier
    via: Literal["code", "api", "sms", "voice", "link"] = "api"


class IncidentDeclined(CaseFact):
    """A recipient answered that they cannot take it: the stand-in is told at once."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.declined.v1"

    by: Identifier
    reason: ShortText | None = None


class UpwardReportFiled(CaseFact):
    """首报: a level reported to the one above."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.upward-report-filed.v1"

    by: Identifier
    summary: LongText
    measures: LongText | None = None
    casualties: Casualties | None = None


class UpdateFiled(CaseFact):
    """续报: verified figures, trend, measures."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.update-filed.v1"

    by: Identifier
    summary: LongText
    trend: LongText | None = None
    measures: LongText | None = None
    casualties: Casualties | None = None


class FinalReportFiled(CaseFact):
    """终报: summary, cause, aftermath."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.final-report-filed.v1"

    by: Identifier
    summary: LongText
    cause: LongText | None = None
    aftermath: LongText | None = None


class SeverityChanged(CaseFact):
    """The grade was corrected. A raise shortens running clocks from their anchors; a fall never lengthens one."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.severity-changed.v1"

    by: Identifier
    severity: Severity
    reason: ShortText | None = None


class NoteAdded(CaseFact):
    """A remark for the timeline. Stops no clock."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.note-added.v1"

    by: Identifier
    text: LongText


class ReviewAnswers(Frozen):
    """四不放过: the four answers without which a case of the higher grades stays open (DOMAIN §1)."""

    cause: LongText | None = Field(default=None, description="Why it happened.")
    accountability: LongText | None = Field(default=None, description="How those responsible were dealt with.")
    measures: LongText | None = Field(default=None, description="What was changed.")
    education: LongText | None = Field(default=None, description="Who was taught what.")


class IncidentClosed(CaseFact):
    """The case is over. Refused by the machine until the final report is filed: nobody may silence a report."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.closed.v1"

    by: Identifier
    reason: ShortText | None = None
    evidence: LongText | None = Field(default=None, description="What shows that it is over (回复销账).")
    review: ReviewAnswers | None = None


class IncidentReassigned(CaseFact):
    """Responsibility at one level is handed to a named person, who is told at once and must accept."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.reassigned.v1"

    by: Identifier
    to: Identifier = Field(description="Person id of who shall take it.")
    reason: ShortText | None = None


class IncidentReopened(CaseFact):
    """A closed case goes on: its follow-up runs again, and it needs a final report anew."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.reopened.v1"

    by: Identifier
    reason: ShortText


class IncidentWithdrawn(CaseFact):
    """The reporter takes the report back. Everybody told hears of it; no clock stops: the chain closes the case."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.withdrawn.v1"

    by: Identifier
    reason: ShortText | None = None


class ReportJoined(CaseFact):
    """Somebody else reported the same event (same school, kind and window): one case, several reporters."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.report-joined.v1"

    report: IncidentFiled = Field(description="The report, whole, under the case id that it would have opened.")


class ReportSeparated(CaseFact):
    """A joined report was of another event after all: it opens its own case, counted from its own receipt."""

    TYPE: ClassVar[str] = "edu.tocsin.incident.report-separated.v1"

    by: Identifier
    report: IncidentFiled = Field(description="The report, whole, as it was joined.")
    reason: ShortText | None = None


INCIDENT_FACTS: tuple[type[CaseFact], ...] = (
    IncidentFiled,
    IncidentAmended,
    IncidentAcknowledged,
    IncidentDeclined,
    UpwardReportFiled,
    UpdateFiled,
    FinalReportFiled,
    SeverityChanged,
    NoteAdded,
    IncidentClosed,
    IncidentReassigned,
    IncidentReopened,
    IncidentWithdrawn,
    ReportJoined,
    ReportSeparated,
)
