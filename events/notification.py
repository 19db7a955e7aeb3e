"""What the escalation engine asks the notifier to do (topic ``tocsin.notifications``, key: contact id)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from events.base import CaseFact, Identifier, Urgency, Utc
from events.channel import Channel
from events.roll_call import RollCallWords

Lane = Literal["escalation", "reminder", "bulk"]
"""Priority. Escalations never queue behind bulk messages (promise 9)."""

URGENCY: Mapping[Lane, Urgency] = MappingProxyType(
    {"escalation": Urgency.FIRST, "reminder": Urgency.REMINDER, "bulk": Urgency.BULK}
)

Template = Literal[
    "incident_alert",
    "incident_reminder",
    "incident_unreached",
    "incident_report",
    "incident_late_report",
    "incident_reminder_report",
    "incident_correction",
    "incident_update",
    "incident_follow_up",
    "incident_handed_to",
    "hazard_overdue",
    "hazard_reminder",
    "petition_alert",
    "petition_reminder",
    "petition_unreached",
    "petition_report",
    "petition_late_report",
    "petition_reminder_report",
    "petition_correction",
    "petition_update",
    "petition_follow_up",
    "petition_handed_to",
    "petition_duty",
    "petition_overdue",
    "petition_review",
    "reachability_test",
]

RollCallTemplate = Literal[
    "roll_call_reminder",
    "roll_call_missing",
    "roll_call_list",
    "roll_call_summary",
    "roll_call_contradicted",
    "roll_call_flagged",
]
"""What a message about a roll call says; it has its words in ``roll_call``."""


class NotificationRequested(CaseFact):
    """One message to one contact of one person. Its id is derived, so a repeat is the same request."""

    TYPE: ClassVar[str] = "edu.tocsin.notification.requested.v1"

    notification_id: Identifier
    family: Literal["incident", "petition", "roll-call"] = "incident"
    receipt: str | None = Field(default=None, description="What people call a petition by; it opens nothing.")
    not_before: Utc | None = Field(default=None, description="When the quiet hours end that it would fall in.")
    clock: Identifier
    step: Identifier
    level: Identifier
    person_id: Identifier
    contact_id: Identifier
    channel: Channel
    attempt: int = Field(default=1, ge=1)
    lane: Lane
    template: Template | RollCallTemplate
    language: Literal["zh", "en"]
    timezone: str
    kind: Identifier
    severity: Literal["I", "II", "III", "IV"]
    school_id: Identifier
    school_name: str
    place: str | None = None
    summary: str | None = None
    note: str | None = Field(default=None, description="Why this person hears of it now, or what was reported.")
    started_at: Utc = Field(description="When the case was received.")
    deadline: Utc | None = Field(default=None, description="The deadline this message serves.")
    asks_acknowledgement: bool = True
    code: str | None = Field(default=None, description="The recipient's own acknowledgement code for this case.")
    exercise: bool = False
    roll_call: RollCallWords | None = Field(default=None, description="What it says, where it is about a roll call.")

    @model_validator(mode="after")
    def _roll_call_has_its_words(self) -> Self:
        if (self.family == "roll-call") != (self.roll_call is not None):
            raise ValueError("`roll_call` belongs to the family `roll-call`: give both or neither")
        return self

    @property
    def urgency(self) -> Urgency:
        """Return how soon it must be asked for: as its message goes."""
        return URGENCY[self.lane]


class NotificationCancelled(CaseFact):
    """A message that quiet hours hold is not to be sent any more. It changes nothing once the message is on its way."""

    TYPE: ClassVar[str] = "edu.tocsin.notification.cancelled.v1"

    notification_id: Identifier = Field(description="The request that it takes back.")
    person_id: Identifier
    contact_id: Identifier
    channel: Channel
    lane: Lane
    reason: str = Field(description="Why, for a person who asks.")
