"""The escalation policy: which clocks run, who is told, in what order. Data, checked whole before it is used.

Figures (DOMAIN §1) are configuration: the 5–15 minutes to the principal, the 20 minutes upward, every reminder.
"""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from escalation_policies.durations import Duration, Moment, format_duration
from escalation_policies.selector import Selector
from events.base import Frozen, Identifier
from events.incident import SEVERITIES, Severity

PRINCIPAL_WINDOW = (timedelta(minutes=5), timedelta(minutes=15))
"""知情者必须在第一时间（5—15分钟）向校长联系 (county plan, DOMAIN §1)."""

UPWARD_LIMIT = timedelta(minutes=20)
"""校长接到报告后…在20分钟内向上级汇报 (county plan, DOMAIN §1)."""

PerSeverity = Duration | dict[Severity, Duration]
Audience = Literal["told", "stand_in"]
ClockName = Literal["report_to_principal", "report_upward", "upward_receipt", "follow_up"]
LevelName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^@#\x00-\x1f\x7f]+$")]
"""A level's name is part of its clocks' keys, ``<clock>@<level>#<round>``: no ``@`` or ``#``, and short."""


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


class Clocks(Frozen):
    """The four clocks of an incident (DESIGN §3)."""

    report_to_principal: ClockRule
    report_upward: ClockRule
    upward_receipt: ClockRule
    follow_up: ClockRule

    @field_validator("report_to_principal")
    @classmethod
    def _inside_the_window(cls, rule: ClockRule) -> ClockRule:
        low, high = PRINCIPAL_WINDOW
        if outside := [s for s in SEVERITIES if not low <= rule.span(s) <= high]:
            spans = ", ".join(f"{s}: {format_duration(rule.span(s))}" for s in outside)
            raise ValueError(f"the plan's window is 5m to 15m, here {spans}")
        return rule

    @field_validator("report_upward")
    @classmethod
    def _inside_the_limit(cls, rule: ClockRule) -> ClockRule:
        if longer := [s for s in SEVERITIES if rule.span(s) > UPWARD_LIMIT]:
            raise ValueError(f"the plan's limit is 20m, here longer for severity {', '.join(longer)}")
        return rule


class Level(Frozen):
    """One level of the chain: who is told, who stands in, and whose receipt counts."""

    level: LevelName
    tell: Annotated[tuple[Selector, ...], Field(min_length=1)]
    stand_in: tuple[Selector, ...] = ()
    channels: Annotated[tuple[Literal["sms", "email"], ...], Field(min_length=1)] = ("sms", "email")
    receipt: Literal["any", "all"] = Field(
        default="any", description="`all`: every recipient of `tell` must acknowledge; `any`: one is enough."
    )

    @field_validator("channels")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a channel is named twice: nobody is told twice by one channel")
        return value


class AtTop(Frozen):
    """When the last level does not answer either: tell it again, and the fallback with it, round after round."""

    repeat_every: Duration
    rounds: Annotated[int, Field(ge=1, le=1000)] = 96
    fallback: tuple[Selector, ...] = ()


class AppliesTo(Frozen):
    """Which reports open a case under this policy."""

    family: Literal["incident"] = "incident"
    kinds: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class Policy(Frozen):
    """One escalation policy, whole. Frozen into each case when it opens."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: str
    applies_to: AppliesTo
    default_severity: Severity = "IV"
    urgent_severity: Severity = "III"
    clocks: Clocks
    chain: Annotated[tuple[Level, ...], Field(min_length=2)]
    at_top: AtTop

    @field_validator("chain")
    @classmethod
    def _levels_are_distinct(cls, chain: tuple[Level, ...]) -> tuple[Level, ...]:
        names = [level.level for level in chain]
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"names a level twice: {', '.join(doubled)}")
        return chain

    def severity_of(self, stated: Severity | None, *, urgent: bool) -> Severity:
        """Return the severity a report opens with: as stated, else by urgency."""
        return stated or (self.urgent_severity if urgent else self.default_severity)

    def index(self, level: str) -> int:
        """Return the place of ``level`` in the chain.

        Raises:
            ValueError: the policy has no such level.
        """
        for number, candidate in enumerate(self.chain):
            if candidate.level == level:
                return number
        raise ValueError(f"policy {self.id} has no level {level!r}")
