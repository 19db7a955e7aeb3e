"""One example of each thing that can be said of a petition: a parent about fees, answered by the district."""

from events.base import Body
from events.ids import case_id_of_report
from events.petition import (
    ExtensionGranted,
    ObjectionRaised,
    PetitionAccepted,
    PetitionDeclined,
    PetitionFiled,
    PetitionResolved,
    PetitionWithdrawn,
    ReviewAnswered,
    ReviewAsked,
)
from services.cli.contracts.example_facts import PRINCIPAL, SCHOOL, minute

REPORT_ID = "c2b7e0f4-2f0a-4f0e-8f7e-5a3a0b6d1e22"
CASE_ID = case_id_of_report(REPORT_ID)
DIRECTOR = "p-director"
DAY = 1_440

PETITION: tuple[Body, ...] = (
    PetitionFiled(
        case_id=CASE_ID,
        received_at=minute(0),
        report_id=REPORT_ID,
        school_id=SCHOOL,
        kind="petition-fees",
        concerns=(PRINCIPAL,),
        headcount=1,
    ),
    PetitionAccepted(case_id=CASE_ID, received_at=minute(5 * DAY), by=DIRECTOR, notice="Taken up on 7 March."),
    PetitionDeclined(
        case_id=CASE_ID, received_at=minute(5 * DAY), by=DIRECTOR, reason="A court decides it; you may ask for review."
    ),
    ObjectionRaised(case_id=CASE_ID, received_at=minute(2 * DAY), by=DIRECTOR, reason="The county sets this fee."),
    ExtensionGranted(case_id=CASE_ID, received_at=minute(50 * DAY), by=DIRECTOR, reason="The audit takes longer."),
    PetitionResolved(case_id=CASE_ID, received_at=minute(55 * DAY), by=DIRECTOR, answer="The fee is paid back."),
    ReviewAsked(case_id=CASE_ID, received_at=minute(60 * DAY)),
    ReviewAnswered(case_id=CASE_ID, received_at=minute(80 * DAY), by="p-officer", answer="The answer stands."),
    PetitionWithdrawn(case_id=CASE_ID, received_at=minute(3 * DAY)),
)
