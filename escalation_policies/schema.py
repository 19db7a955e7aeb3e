"""The escalation policy: which clocks run, who is told, in what order. Data, checked whole before it is used."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from escalation_policies.calendar import Calendar, Term
from escalation_policies.clock_rules import Clocks
from escalation_policies.durations import Duration
from escalation_policies.selector import Selector
from events.base import Frozen, Identifier
from events.channel import Channel
from events.incident import ReviewAnswers, Severity

LevelName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^@#\x00-\x1f\x7f]+$")]
"""A level's name is part of its clocks' keys, ``<clock>@<level>#<round>``: no ``@`` or ``#``, and short."""

Family = Literal["incident", "petition"]
ReportField = Literal["summary", "measures", "casualties", "cause", "aftermath", "trend"]
ReviewAnswer = Literal["cause", "accountability", "measures", "education"]
"""四不放过: the cause is found, people are dealt with, measures are taken, people are taught (DOMAIN §1)."""


class Level(Frozen):
    """One level of the chain: who is told, who stands in, and whose receipt counts."""

    level: LevelName
    tell: Annotated[tuple[Selector, ...], Field(min_length=1)]
    stand_in: tuple[Selector, ...] = ()
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("sms", "email")
    fallback_channels: tuple[Channel, ...] = ()
    receipt: Literal["any", "all"] = Field(
        default="any", description="`all`: every recipient of `tell` must acknowledge; `any`: one is enough."
    )

    @field_validator("channels", "fallback_channels")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a channel is named twice: nobody is told twice by one channel")
        return value

    @model_validator(mode="after")
    def _first_or_next(self) -> Self:
        if both := set(self.channels).intersection(self.fallback_channels):
            raise ValueError(f"{', '.join(sorted(both))} is told at once already: it cannot be what is tried next")
        return self


class AtTop(Frozen):
    """When the last level does not answer either: tell it again, and the fallback with it, round after round."""

    repeat_every: Duration
    rounds: Annotated[int, Field(ge=1, le=1000)] = 96
    fallback: tuple[Selector, ...] = ()


class AppliesTo(Frozen):
    """Which reports open a case under this policy."""

    family: Family = "incident"
    kinds: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class Conflict(Frozen):
    """Who may never hear of a case, by any road (DOMAIN §2; 信访工作条例 2022 arts 28, 30).

    The persons and units that the filer names, the delegates of these persons, and every office they head.
    """

    heads: tuple[Identifier, ...] = Field(
        default=("principal", "district_director", "bureau_leader"),
        description="Roles that head their unit: whoever holds one and is concerned takes the whole unit with them.",
    )
    without_school: bool = Field(default=False, description="Nobody of the school hears, concerned or not (abuse).")
    fallback: tuple[Selector, ...] = Field(
        default=(), description="The office that is told when nobody clean is left on a level or above it."
    )

    def marked(self, concerns: tuple[str, ...], school_id: str) -> tuple[str, ...]:
        """Return the persons and units that a report marks: the directory says who goes with them."""
        return (*concerns, school_id) if self.without_school else concerns


class QuietHours(Frozen):
    """When people are not woken for what can wait: from ``start`` to ``end`` of the calendar's local time."""

    start: time
    end: time
    severities: tuple[Severity, ...] = Field(
        default=("III", "IV"), description="The grades that can wait; for a graver case people are woken."
    )

    @model_validator(mode="after")
    def _not_a_whole_day(self) -> Self:
        if self.start == self.end:
            raise ValueError("`start` and `end` are the same: nobody would ever be told")
        return self

    def waking(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Return ``at``, or the end of the quiet hours that it falls in by the clock of a place."""
        local = at.astimezone(zone)
        now = local.time()
        if not (self.start <= now < self.end if self.start < self.end else now >= self.start or now < self.end):
            return at
        day = local.date() + timedelta(days=1 if now >= self.end else 0)
        # an hour that comes twice, when clocks are set back, is over before it begins: then nobody waits
        return max(at, datetime.combine(day, self.end, tzinfo=local.tzinfo).astimezone(UTC))


class Closing(Frozen):
    """What must be there before a case may be closed: nobody silences a report by closing it."""

    final_report: bool = True
    evidence: bool = Field(default=False, description="A hazard is struck off only with evidence (回复销账).")
    review: tuple[ReviewAnswer, ...] = ()
    review_severities: tuple[Severity, ...] = ("I", "II")

    def unanswered(self, severity: Severity, review: ReviewAnswers | None) -> tuple[ReviewAnswer, ...]:
        """Return which answers of the review a case of ``severity`` needs and ``review`` lacks."""
        needed = self.review if severity in self.review_severities else ()
        return tuple(answer for answer in needed if not (review and getattr(review, answer)))


class Contents(Frozen):
    """What each kind of report must contain.

    A first report or an update with gaps counts, and the gaps are asked for; a final report with gaps counts as none.
    """

    first: tuple[ReportField, ...] = ("summary",)
    update: tuple[ReportField, ...] = ("summary",)
    final: tuple[ReportField, ...] = ("summary",)


class Policy(Frozen):
    """One escalation policy, whole. Frozen into each case when it opens."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: str
    applies_to: AppliesTo
    default_severity: Severity = "IV"
    urgent_severity: Severity = "III"
    outside_plan: Literal["after_the_fact", "petition", "hazard"] | None = Field(
        default=None, description="Why the plan's 5–15 and 20 minutes do not bind this policy; unset: they do."
    )
    calendar: Calendar = Calendar()
    clocks: Clocks
    chain: Annotated[tuple[Level, ...], Field(min_length=2)]
    at_top: AtTop
    conflict: Conflict = Conflict()
    quiet_hours: QuietHours | None = None
    objection: Term | None = Field(default=None, description="How long an office may object that it is the wrong one.")
    closing: Closing = Closing()
    contents: Contents = Contents()
    merge_within: Duration | None = Field(
        default=None, description="Reports of one school and kind within this span join one case; unset: never."
    )
    gather_schools: Annotated[int, Field(ge=2, le=1000)] | None = Field(
        default=None, description="Open cases of so many schools within `merge_within` make one case of the bureau."
    )

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

    def waking(self, at: datetime, severity: Severity) -> datetime:
        """Return ``at``, or for a case that can wait the end of the quiet hours that it falls in."""
        if self.quiet_hours is None or severity not in self.quiet_hours.severities:
            return at
        return self.quiet_hours.waking(at, ZoneInfo(self.calendar.timezone))

    def index(self, level: str) -> int:
        """Return the place of ``level`` in the chain.

        Raises:
            ValueError: the policy has no such level.
        """
        for number, candidate in enumerate(self.chain):
            if candidate.level == level:
                return number
        raise ValueError(f"policy {self.id} has no level {level!r}")
