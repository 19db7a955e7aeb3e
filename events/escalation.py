"""The journal: every applied event with its reason and number (topic ``tocsin.escalations``).

One entry is one line of a case's timeline. The first entry of a decision carries its ``cause`` (the event that was
applied, whole) and ``resolved`` (whom the directory named then), so the journal alone replays a case, byte for
byte, and asks nobody (DESIGN §3).
"""

from typing import Any, ClassVar, Literal

from pydantic import Field

from events.base import CaseFact, Frozen, Identifier, Urgency, Utc
from events.channel import Channel
from events.notification import Lane

EntryKind = Literal[
    "case-opened",
    "step-taken",
    "reminder-sent",
    "step-superseded",
    "breach-recorded",
    "breach-withdrawn",
    "clock-started",
    "clock-changed",
    "clock-satisfied",
    "clock-cancelled",
    "acknowledged",
    "declined",
    "handed-over",
    "reported-upward",
    "update-reported",
    "final-reported",
    "severity-changed",
    "fact-noted",
    "nobody-found",
    "action-withheld",
    "case-completed",
    "recipient-excluded",
    "contact-unreached",
    "reassigned",
    "reopened",
    "withdrawn",
    "report-joined",
    "report-separated",
    "petition-accepted",
    "petition-declined",
    "objection-raised",
    "extension-granted",
    "petition-resolved",
    "review-asked",
    "review-answered",
]
"""What an entry says happened. ``action-withheld`` is a no-op with its reason: nobody was called, and why."""


class DeadlineReached(Frozen):
    """A stored deadline passed. Applied by the partition's owner, never carried by Kafka (DESIGN §3)."""

    case_id: Identifier
    clock: Identifier = Field(description="Key of the clock, e.g. `report_to_principal@principal`.")
    step: Identifier = Field(description="`deadline`, or the reminder's name, e.g. `reminder:5m`.")
    deadline: Utc = Field(description="The stored time, by which the machine judges.")
    fired_at: Utc = Field(description="When it really fired; recorded beside it.")


class Contact(Frozen):
    """One way to reach a person. The address itself never leaves the directory."""

    contact_id: Identifier
    channel: Channel
    used_for: tuple[Lane, ...] | None = Field(
        default=None, description="How urgent what is sent to it may be; unset: anything. Never leaves nobody told."
    )


class Recipient(Frozen):
    """A person as the directory named them for one step."""

    person_id: Identifier
    name: str
    role: str = Field(description="The role they were found by, e.g. `principal` or `on_duty:school_leader`.")
    unit_id: Identifier
    unit_name: str
    office_id: Identifier | None = Field(
        default=None, description="The unit that was asked, where it is not their own: somebody kept its duty."
    )
    on_behalf_of: Identifier | None = Field(default=None, description="Person id of who is away; they act for them.")
    language: Literal["zh", "en"] = "zh"
    timezone: str = "Asia/Shanghai"
    contacts: tuple[Contact, ...] = ()


class Resolution(Frozen):
    """What the directory answered to one question while a decision was taken."""

    question: str
    recipients: tuple[Recipient, ...] = ()
    ids: tuple[str, ...] = Field(default=(), description="The answer, where the question asks for ids.")


class Cause(Frozen):
    """The event that was applied: its type and whole body."""

    type: str
    data: dict[str, Any]
    policy: dict[str, Any] | None = Field(default=None, description="The policy frozen into a case that this opened.")
    school_name: str | None = Field(default=None, description="The school's name when the case was opened.")


class Told(Frozen):
    """Whom an entry tells, and by which notifications."""

    person_id: Identifier
    role: str
    unit_id: Identifier
    notification_ids: tuple[str, ...] = ()


class JournalEntry(CaseFact):
    """One applied event. ``received_at`` is the time of the fact or deadline judged, not of processing."""

    TYPE: ClassVar[str] = "edu.tocsin.escalation.*.v1"

    seq: int = Field(ge=1, description="Number in the case's history, without gaps.")
    kind: EntryKind
    reason: str = Field(description="Why, for a person who asks.")
    school_id: Identifier
    clock: str | None = None
    level: str | None = None
    deadline: Utc | None = None
    fired_at: Utc | None = Field(default=None, description="When a deadline really fired.")
    by: str | None = None
    told: tuple[Told, ...] = ()
    exercise: bool = False
    hidden_from: tuple[Identifier, ...] = Field(
        default=(), description="Persons and units that may not see this case, whatever else they may see."
    )
    cause: Cause | None = None
    resolved: tuple[Resolution, ...] = ()

    @property
    def urgency(self) -> Urgency:
        """Return how soon it must be seen: what is entered of a reminder comes after what people did."""
        return Urgency.NEXT if self.kind == "reminder-sent" else Urgency.FIRST


def journal_type(kind: EntryKind) -> str:
    """Return the CloudEvents type of an entry, so a watcher can filter by header alone."""
    return f"edu.tocsin.escalation.{kind}.v1"
