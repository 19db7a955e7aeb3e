"""The clocks of a policy: how long each runs, by severity or by law, and when it reminds. Data, checked when read.

Figures (DOMAIN §1–2) are configuration: the 5–15 minutes to the principal, the 20 minutes upward, every reminder, and
the statutory terms of a petition.
"""

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from escalation_policies.calendar import Calendar, Term
from escalation_policies.durations import Duration, Moment
from events.base import Frozen
from events.incident import SEVERITIES, Severity

PerSeverity = Duration | dict[Severity, Duration]
Audience = Literal["told", "stand_in"]
ClockName = Literal[
    "report_to_principal",
    "report_upward",
    "upward_receipt",
    "follow_up",
    "rectification",
    "acceptance",
    "resolution",
    "review_request",
    "review",
]


class Reminder(Frozen):
    """A reminder inside a clock: ``at`` a moment, or ``every`` span from the clock's start until its deadline."""

    at: Moment | None = None
    every: Duration | None = None
    to: tuple[Audience, ...] = ("told",)
    severities: tuple[Severity, ...] = SEVERITIES

    @model_validator(mode="after")
    def _at_or_every(self) -> Self:
        if (self.at is None) == (self.every is None):
            raise ValueError("give exactly one of `at` and `every`")
        return self


class ClockRule(Frozen):
    """How long a clock runs, by severity, and when it reminds."""

    within: PerSeverity
    reminders: tuple[Reminder, ...] = ()

    @field_validator("within")
    @classmethod
    def _every_severity(cls, value: PerSeverity) -> PerSeverity:
        if isinstance(value, dict) and (missing := [s for s in SEVERITIES if s not in value]):
            raise ValueError(f"no duration for severity {', '.join(missing)}")
        return value

    def span(self, severity: Severity) -> timedelta:
        """Return the clock's span for ``severity``."""
        return self.within[severity] if isinstance(self.within, dict) else self.within

    def end(self, severity: Severity, started_at: datetime, calendar: Calendar) -> datetime:
        """Return the deadline of a clock that starts at ``started_at``."""
        del calendar
        return started_at + self.span(severity)


class StatutoryRule(Frozen):
    """A clock in days or working days. It runs against the office, whatever the severity (信访工作条例 2022)."""

    within: Term
    reminders: tuple[Reminder, ...] = ()
    again: Term = Field(
        default=Term(working_days=5), description="Once it is overdue: how often the level above is told again."
    )
    extension: Term | None = Field(default=None, description="Granted once, with a reason that the petitioner is told.")

    def end(self, severity: Severity, started_at: datetime, calendar: Calendar) -> datetime:
        """Return the deadline of a clock that starts at ``started_at``."""
        del severity
        return calendar.end(self.within, started_at)

    def next_chase(self, overdue_since: datetime, calendar: Calendar) -> datetime:
        """Return when the level above is told again."""
        return calendar.end(self.again, overdue_since)


class DueDateRule(ClockRule):
    """A clock whose deadline the report names (整改期限); ``within`` where it names none."""

    again: Duration = Field(
        default=timedelta(days=7), description="Once it is overdue: how often the level above is told again."
    )

    def next_chase(self, overdue_since: datetime, calendar: Calendar) -> datetime:
        """Return when the level above is told again."""
        del calendar
        return overdue_since + self.again


Chased = StatutoryRule | DueDateRule
"""Rules of what stays owed when it is overdue. No severity hastens them."""

AnyRule = ClockRule | StatutoryRule


class Clocks(Frozen):
    """The clocks of a case (DESIGN §3, DOMAIN §2). One that is absent never starts."""

    report_to_principal: ClockRule = Field(
        description="The first level must acknowledge: within 5 to 15 minutes, unless `outside_plan`."
    )
    upward_receipt: ClockRule = Field(description="Each further level that was told must acknowledge.")
    report_upward: ClockRule | None = Field(
        default=None, description="A level that accepted must report upward: within 20 minutes, unless `outside_plan`."
    )
    follow_up: ClockRule | None = Field(default=None, description="The next update or the final report (续报 / 终报).")
    rectification: DueDateRule | None = Field(default=None, description="A hazard must be gone by its due date.")
    acceptance: StatutoryRule | None = Field(default=None, description="Accept or refuse a petition, with notice.")
    resolution: StatutoryRule | None = Field(default=None, description="Answer an accepted petition.")
    review_request: StatutoryRule | None = Field(default=None, description="The petitioner's time to ask for review.")
    review: StatutoryRule | None = Field(default=None, description="Answer a request for review.")

    @model_validator(mode="after")
    def _each_is_followed(self) -> Self:
        for first, then in (("acceptance", "resolution"), ("review_request", "review")):
            if (getattr(self, first) is None) != (getattr(self, then) is None):
                raise ValueError(f"`{first}` and `{then}` belong together: give both or neither")
        return self

    def rule(self, name: ClockName) -> AnyRule | None:
        """Return the rule of a clock, or None when the policy has no such clock."""
        found: AnyRule | None = getattr(self, name)
        return found
