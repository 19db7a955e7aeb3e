"""One example of each thing that can be said of an incident: a fire at a school on a Monday morning."""

from datetime import UTC, datetime, timedelta

from events.base import Body
from events.ids import case_id_of_report, notification_id
from events.incident import (
    Casualties,
    FinalReportFiled,
    IncidentAcknowledged,
    IncidentAmended,
    IncidentClosed,
    IncidentDeclined,
    IncidentFiled,
    IncidentReassigned,
    IncidentReopened,
    IncidentWithdrawn,
    NoteAdded,
    ReportJoined,
    ReportSeparated,
    ReviewAnswers,
    SeverityChanged,
    UpdateFiled,
    UpwardReportFiled,
)
from events.unreached import ContactUnreached

REPORT_ID = "0d3a5f0e-6a55-4c0e-9d3e-2f1f5f0f6a11"
CASE_ID = case_id_of_report(REPORT_ID)
SCHOOL, SCHOOL_NAME = "school-lake", "湖滨小学"
PRINCIPAL, TEACHER = "p-principal", "p-teacher"
CONTACT = f"{PRINCIPAL}:sms"
LEVEL = "principal"
CLOCK = f"report_to_principal@{LEVEL}"
UPWARD_CLOCK = f"report_upward@{LEVEL}"
STEP = f"told:{LEVEL}"
NOTIFICATION = notification_id(CASE_ID, CLOCK, STEP, CONTACT, "sms", 1)
RECEIVED = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)


def minute(number: int) -> datetime:
    """Return the time so many minutes after the report came in."""
    return RECEIVED + timedelta(minutes=number)


HURT = Casualties(injured=2)
FILED = IncidentFiled(
    case_id=CASE_ID,
    received_at=RECEIVED,
    report_id=REPORT_ID,
    school_id=SCHOOL,
    kind="fire",
    severity="III",
    urgent=True,
    place="Laboratory, west wing",
    summary="Smoke from the chemistry laboratory; 119 was called.",
    occurred_at=minute(-4),
    submitted_at=minute(-1),
    casualties=HURT,
    reporter=TEACHER,
)

SECOND_REPORT_ID = "5f8c2c7e-90a2-4a39-8e0b-6a2f0c5a9f10"
SECOND = IncidentFiled(
    case_id=case_id_of_report(SECOND_REPORT_ID),
    received_at=minute(2),
    report_id=SECOND_REPORT_ID,
    school_id=SCHOOL,
    kind="fire",
    summary="Smoke from the west wing.",
)

FACTS: tuple[Body, ...] = (
    FILED,
    IncidentAmended(
        case_id=CASE_ID, received_at=minute(2), by=TEACHER, place="Laboratory 2, west wing", casualties=HURT
    ),
    ContactUnreached(
        case_id=CASE_ID,
        received_at=minute(2),
        notification_id=NOTIFICATION,
        person_id=PRINCIPAL,
        contact_id=CONTACT,
        channel="sms",
        cause="failed",
        reason="Twilio 21614 (HTTP 400): not a mobile number: correct it in the directory",
        level=LEVEL,
        clock=CLOCK,
        step=STEP,
        lane="escalation",
        template="incident_alert",
        deadline=minute(15),
    ),
    IncidentAcknowledged(case_id=CASE_ID, received_at=minute(3), by=PRINCIPAL, via="code"),
    IncidentDeclined(case_id=CASE_ID, received_at=minute(3), by=PRINCIPAL, reason="Not in town today."),
    UpwardReportFiled(
        case_id=CASE_ID,
        received_at=minute(15),
        by=PRINCIPAL,
        summary="Fire in laboratory 2, building cleared, two pupils with light burns.",
        measures="Building cleared, fire brigade on site, parents informed.",
        casualties=HURT,
    ),
    UpdateFiled(case_id=CASE_ID, received_at=minute(60), by=PRINCIPAL, summary="The fire is out.", casualties=HURT),
    FinalReportFiled(
        case_id=CASE_ID,
        received_at=minute(600),
        by=PRINCIPAL,
        summary="Fire in laboratory 2, out after 40 minutes; two light injuries.",
        cause="A heating plate was left on.",
        aftermath="The laboratory stays closed until it is repaired.",
    ),
    SeverityChanged(case_id=CASE_ID, received_at=minute(10), by=PRINCIPAL, severity="II", reason="Two injured."),
    NoteAdded(case_id=CASE_ID, received_at=minute(12), by=PRINCIPAL, text="The fire brigade arrived."),
    IncidentClosed(
        case_id=CASE_ID,
        received_at=minute(700),
        by=PRINCIPAL,
        reason="Final report accepted.",
        review=ReviewAnswers(
            cause="A heating plate was left on.",
            accountability="The laboratory teacher was instructed.",
            measures="Plates have timers now.",
            education="All laboratory staff were taught.",
        ),
    ),
    IncidentReassigned(case_id=CASE_ID, received_at=minute(20), by=PRINCIPAL, to="p-safety", reason="She is on site."),
    IncidentReopened(case_id=CASE_ID, received_at=minute(900), by=PRINCIPAL, reason="A third pupil was hurt."),
    IncidentWithdrawn(case_id=CASE_ID, received_at=minute(4), by=TEACHER, reason="It was steam."),
    ReportJoined(case_id=CASE_ID, received_at=minute(2), report=SECOND),
    ReportSeparated(case_id=CASE_ID, received_at=minute(9), by=PRINCIPAL, report=SECOND, reason="Another building."),
)
