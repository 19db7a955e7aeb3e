"""One example of each thing that can be said of a roll call: a county's Monday, 14:00 to 16:00."""

from datetime import date, timedelta

from events.base import Body
from events.roll_call import (
    CaseNoted,
    ConfirmedLate,
    Counts,
    CutOffMoved,
    ReportConfirmed,
    ReportContradicted,
    RollCallClosed,
    RollCallOpened,
    SchoolExcused,
    SchoolMissing,
)
from services.cli.contracts.example_facts import CASE_ID, PRINCIPAL, SCHOOL, minute

BUREAU, DAY, CALL = "bureau-lake", date(2026, 3, 2), "daily"
OPENS, CUT_OFF = minute(330), minute(450)
OFFICER = "p-officer"
BY_ROLL_CALL = (RollCallOpened, ConfirmedLate, SchoolMissing, ReportContradicted, CaseNoted, RollCallClosed)
"""What the service finds out by itself; the rest is said by people."""

ROLL_CALL: tuple[Body, ...] = (
    RollCallOpened(
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        received_at=OPENS,
        opens_at=OPENS,
        cut_off=CUT_OFF,
        closes_at=CUT_OFF + timedelta(hours=8),
    ),
    CutOffMoved(
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        received_at=minute(400),
        cut_off=minute(480),
        by=OFFICER,
        reason="The network was down until three.",
    ),
    ReportConfirmed(
        school_id=SCHOOL, date=DAY, call=CALL, received_at=minute(340), status="zero", by=PRINCIPAL, via="link"
    ),
    ConfirmedLate(
        school_id=SCHOOL,
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        cut_off=CUT_OFF,
        received_at=minute(457),
        status="zero",
        by=PRINCIPAL,
        late_seconds=420,
    ),
    SchoolMissing(
        school_id=SCHOOL,
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        cut_off=CUT_OFF,
        received_at=CUT_OFF,
        fired_at=CUT_OFF,
    ),
    ReportContradicted(
        school_id=SCHOOL,
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        cut_off=CUT_OFF,
        received_at=minute(340),
        case_id=CASE_ID,
        happened_at=minute(-4),
        found="at-the-answer",
    ),
    SchoolExcused(
        school_id=SCHOOL,
        date=DAY,
        received_at=minute(60),
        by=OFFICER,
        reason="Closed today: the building has no water.",
    ),
    CaseNoted(school_id=SCHOOL, received_at=minute(0), case_id=CASE_ID, happened_at=minute(-4)),
    RollCallClosed(
        bureau_id=BUREAU,
        date=DAY,
        call=CALL,
        received_at=CUT_OFF + timedelta(hours=8),
        counts=Counts(
            expected=165, confirmed=160, late=3, missing=1, awaited=0, excused=1, with_cases=2, contradicted=1
        ),
    ),
)
