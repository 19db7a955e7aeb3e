"""The chain's verbs as a table: path, body, fact, and the family of case that each is for."""

from dataclasses import dataclass

from escalation_policies.schema import Family
from events import incident, petition
from events.base import CaseFact
from services.intake import act_bodies as bodies
from services.intake import petition_act_bodies as petition_bodies
from services.intake.act_bodies import ActBody


@dataclass(frozen=True, slots=True)
class Act:
    """One verb: its path below the case, its body and its fact. ``word`` goes into derived ids: never change it.

    ``only``: the family whose cases know the verb; None, both do.
    """

    path: str
    word: str
    body: type[ActBody]
    fact: type[CaseFact]
    summary: str
    only: Family | None = None


ACTS: tuple[Act, ...] = (
    Act(
        "acknowledge",
        "acknowledged",
        bodies.Acknowledgement,
        incident.IncidentAcknowledged,
        "Acknowledge: accept responsibility",
    ),
    Act("decline", "declined", bodies.Decline, incident.IncidentDeclined, "Decline: the stand-in is told"),
    Act(
        "upward-report",
        "upward-report-filed",
        bodies.UpwardReport,
        incident.UpwardReportFiled,
        "File the first report upward (首报)",
    ),
    Act("update", "update-filed", bodies.Update, incident.UpdateFiled, "File an update (续报)"),
    Act(
        "final-report",
        "final-report-filed",
        bodies.FinalReport,
        incident.FinalReportFiled,
        "File the final report (终报)",
    ),
    Act("severity", "severity-changed", bodies.SeverityChange, incident.SeverityChanged, "Correct the severity"),
    Act("notes", "noted", bodies.Note, incident.NoteAdded, "Add a note"),
    Act("reassign", "reassigned", bodies.Reassignment, incident.IncidentReassigned, "Hand over to a named person"),
    Act("close", "closed", bodies.Closing, incident.IncidentClosed, "Close the case", only="incident"),
    Act("reopen", "reopened", bodies.Reopening, incident.IncidentReopened, "Reopen a closed case", only="incident"),
    Act(
        "withdraw", "withdrawn", bodies.Withdrawal, incident.IncidentWithdrawn, "Take the report back", only="incident"
    ),
    Act(
        "separate",
        "separated",
        bodies.Separation,
        incident.ReportSeparated,
        "Separate a report that joined the case",
        only="incident",
    ),
    Act(
        "accept",
        "accepted",
        petition_bodies.Acceptance,
        petition.PetitionAccepted,
        "Accept a petition (受理)",
        only="petition",
    ),
    Act(
        "decline-petition",
        "petition-declined",
        petition_bodies.Refusal,
        petition.PetitionDeclined,
        "Decline a petition (不予受理)",
        only="petition",
    ),
    Act(
        "objection",
        "objection-raised",
        petition_bodies.Objection,
        petition.ObjectionRaised,
        "Object: this office is the wrong one",
        only="petition",
    ),
    Act(
        "extension",
        "extension-granted",
        petition_bodies.Extension,
        petition.ExtensionGranted,
        "Prolong the time to answer",
        only="petition",
    ),
    Act(
        "resolve",
        "resolved",
        petition_bodies.Resolution,
        petition.PetitionResolved,
        "Answer a petition",
        only="petition",
    ),
    Act(
        "review-answer",
        "review-answered",
        petition_bodies.ReviewAnswer,
        petition.ReviewAnswered,
        "Answer a request for review",
        only="petition",
    ),
)
