"""One example of each line that a case's journal can hold."""

from datetime import datetime

from events.escalation import Cause, Contact, EntryKind, JournalEntry, Recipient, Resolution, Told
from services.cli.contracts.example_facts import (
    CASE_ID,
    CLOCK,
    CONTACT,
    FILED,
    LEVEL,
    NOTIFICATION,
    PRINCIPAL,
    RECEIVED,
    SCHOOL,
    SCHOOL_NAME,
    UPWARD_CLOCK,
    minute,
)

TOLD = Told(person_id=PRINCIPAL, role="principal", unit_id=SCHOOL, notification_ids=(NOTIFICATION,))
RESOLVED = Resolution(
    question=f"principal of {SCHOOL}",
    recipients=(
        Recipient(
            person_id=PRINCIPAL,
            name="Pat Principal",
            role="principal",
            unit_id=SCHOOL,
            unit_name=SCHOOL_NAME,
            contacts=(Contact(contact_id=CONTACT, channel="sms"),),
        ),
    ),
)


def _line(
    seq: int,
    kind: EntryKind,
    at: datetime,
    reason: str,
    *,
    clock: str | None = None,
    deadline: datetime | None = None,
    by: str | None = None,
    told: tuple[Told, ...] = (),
    fired_at: datetime | None = None,
) -> JournalEntry:
    return JournalEntry(
        case_id=CASE_ID,
        received_at=at,
        seq=seq,
        kind=kind,
        reason=reason,
        school_id=SCHOOL,
        clock=clock,
        level=LEVEL,
        deadline=deadline,
        fired_at=fired_at,
        by=by,
        told=told,
    )


_OPENED = _line(1, "case-opened", RECEIVED, "policy school-incident version 1, severity III").model_copy(
    update={
        "cause": Cause(
            type=FILED.TYPE,
            data=FILED.model_dump(mode="json", exclude_none=True),
            policy={"id": "school-incident", "version": 1},
            school_name=SCHOOL_NAME,
        ),
        "resolved": (RESOLVED,),
    }
)

JOURNAL: tuple[JournalEntry, ...] = (
    _OPENED,
    _line(2, "step-taken", RECEIVED, "principal told at once", told=(TOLD,)),
    _line(3, "clock-started", RECEIVED, "principal must acknowledge", clock=CLOCK, deadline=minute(15)),
    _line(4, "nobody-found", RECEIVED, "nobody holds on_duty:school_leader"),
    _line(5, "reminder-sent", minute(5), f"reminder:5m of {CLOCK}", clock=CLOCK, deadline=minute(15), told=(TOLD,)),
    _line(6, "step-superseded", minute(10), "reminder:10m came after the next step was due: not sent", clock=CLOCK),
    _line(7, "severity-changed", minute(10), "from III to II: two injured", by=PRINCIPAL),
    _line(8, "clock-changed", minute(10), "severity II: the deadline is nearer", clock=CLOCK, deadline=minute(12)),
    _line(
        9,
        "breach-recorded",
        minute(12),
        "not answered within 12 min",
        clock=CLOCK,
        deadline=minute(12),
        fired_at=minute(13),
    ),
    _line(10, "breach-withdrawn", minute(11), "acknowledged in time", clock=CLOCK, deadline=minute(12), by=PRINCIPAL),
    _line(11, "acknowledged", minute(11), "responsibility accepted", by=PRINCIPAL),
    _line(12, "clock-satisfied", minute(11), "acknowledged in time", clock=CLOCK, deadline=minute(12), by=PRINCIPAL),
    _line(13, "action-withheld", minute(12), "acknowledged before by the same person", by=PRINCIPAL),
    _line(14, "declined", minute(13), "cannot take it", by=PRINCIPAL),
    _line(15, "handed-over", minute(13), "the stand-in is told", told=(TOLD,)),
    _line(16, "reported-upward", minute(20), "the upward report was filed", by=PRINCIPAL),
    _line(17, "clock-cancelled", minute(20), "the case was closed", clock=UPWARD_CLOCK, deadline=minute(31)),
    _line(18, "fact-noted", minute(25), "a note was added", by=PRINCIPAL),
    _line(19, "update-reported", minute(60), "update 1 was filed", by=PRINCIPAL),
    _line(20, "final-reported", minute(600), "the final report was filed", by=PRINCIPAL),
    _line(21, "case-completed", minute(700), "closed by the principal", by=PRINCIPAL),
    _line(22, "recipient-excluded", minute(0), "the case concerns who holds role:principal@self: passed over"),
    _line(23, "reassigned", minute(20), "handed to a named person", by=PRINCIPAL, told=(TOLD,)),
    _line(24, "reopened", minute(900), "a third pupil was hurt", by=PRINCIPAL),
    _line(25, "withdrawn", minute(4), "the reporter takes the report back", by="p-teacher"),
    _line(26, "report-joined", minute(2), "further report 1 of the same event"),
    _line(27, "report-separated", minute(9), "of another event: it opens a case of its own", by=PRINCIPAL),
    _line(28, "petition-accepted", minute(60), "the petition is accepted", by=PRINCIPAL),
    _line(29, "petition-declined", minute(60), "the petition is declined; the petitioner is told why", by=PRINCIPAL),
    _line(30, "objection-raised", minute(60), "the county sets this fee", by=PRINCIPAL),
    _line(31, "extension-granted", minute(60), "the time to answer is prolonged, once", by=PRINCIPAL),
    _line(32, "petition-resolved", minute(60), "the petition is answered", by=PRINCIPAL),
    _line(33, "review-asked", minute(60), "the petitioner asks for review"),
    _line(34, "review-answered", minute(60), "the review is answered", by=PRINCIPAL),
    _line(35, "contact-unreached", minute(2), "sms could not be sent; the next way is tried: voice", told=(TOLD,)),
)
