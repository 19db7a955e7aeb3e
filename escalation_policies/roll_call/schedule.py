"""The schedule of a bureau's roll calls: which days, which hours, who is chased and when. Data, checked when read."""

from datetime import date, time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from escalation_policies.calendar import Calendar
from escalation_policies.durations import Duration
from escalation_policies.selector import Selector
from events.base import Frozen, Identifier
from events.channel import Channel
from events.roll_call import CallName

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

About = Literal["school", "district", "bureau"]
"""What a step's messages are about: each school that is missing, each district with its list, or the whole."""


def _hour(value: object) -> object:
    """Refuse a number: YAML reads an hour without quotes as text, but 16 alone could be anything."""
    if isinstance(value, int | float):
        raise ValueError(f'{value!r} is no hour of the day: write "16:00"')  # noqa: TRY004 - pydantic's own error
    return value


Hour = Annotated[time, BeforeValidator(_hour)]


class Call(Frozen):
    """One roll call of a day."""

    call: CallName = "daily"
    opens: Hour = Field(description="From when a school may answer, by the bureau's clock.")
    cut_off: Hour = Field(description="Until when an answer is in time; not after `opens` means the next day.")

    @property
    def span(self) -> timedelta:
        """Return how long the window is by the clock on the wall."""
        minutes = (self.cut_off.hour - self.opens.hour) * 60 + self.cut_off.minute - self.opens.minute
        seconds = minutes * 60 + self.cut_off.second - self.opens.second
        return timedelta(seconds=seconds if seconds > 0 else seconds + 86_400)


class Break(Frozen):
    """Days without school: holidays of the year, an exam of others in the building."""

    name: str
    first_day: date
    last_day: date = Field(description="It counts, too.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError(f"`last_day` {self.last_day} lies before `first_day` {self.first_day}")
        return self

    def holds(self, day: date) -> bool:
        """Return whether ``day`` is one of its days."""
        return self.first_day <= day <= self.last_day


class Days(Frozen):
    """On which days schools are asked."""

    days: Literal["working_days", "every_day"] = Field(
        default="working_days", description="`working_days`: those of the calendar, with its make-up days."
    )
    also_on: tuple[Weekday, ...] = Field(default=(), description="Weekdays on which they are asked besides.")
    breaks: tuple[Break, ...] = Field(default=(), description="Days on which nobody is asked, whatever day it is.")
    calendar: Calendar | None = Field(default=None, description="Holidays and make-up days; unset: the schedule's.")

    def asks_on(self, day: date, calendar: Calendar) -> bool:
        """Return whether schools under this rule are asked on ``day``. ``calendar`` is the schedule's."""
        if any(one.holds(day) for one in self.breaks):
            return False
        if self.days == "every_day" or WEEKDAYS[day.weekday()] in self.also_on:
            return True
        return (self.calendar or calendar).is_working(day)


class SchoolRule(Days):
    """Days of their own for some schools, such as boarding schools, which have children on weekends, too."""

    name: str
    units: Annotated[tuple[Identifier, ...], Field(min_length=1)] = Field(
        description="Schools, or units above them; the nearest unit that a rule names decides."
    )


class SpecialPeriod(Break):
    """Days with roll calls of their own: exam weeks, floods, meetings. They take the place of the usual ones."""

    calls: Annotated[tuple[Call, ...], Field(min_length=1)]
    days: Literal["working_days", "every_day"] = Field(
        default="every_day", description="`every_day`: schools are asked in their breaks, too."
    )


class ChaseStep(Frozen):
    """One step after those who have not answered: who is told, and when, seen from the cut-off."""

    step: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    about: About
    before: Duration | None = Field(default=None, description="So long before the cut-off.")
    after: Duration | None = Field(default=None, description="So long after it; neither: at the cut-off.")
    tell: Annotated[tuple[Selector, ...], Field(min_length=1)]
    fallback: tuple[Selector, ...] = Field(default=(), description="Who is told when nobody of `tell` can be.")
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("sms",)

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.before is not None and self.after is not None:
            raise ValueError("give one of `before` and `after`, or neither for the cut-off itself")
        return self

    @field_validator("channels")
    @classmethod
    def _once_each(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a channel is named twice: nobody is told twice by one channel")
        return value

    @property
    def offset(self) -> timedelta:
        """Return when it is due, counted from the cut-off."""
        return -self.before if self.before is not None else self.after or timedelta()


class Contradiction(Frozen):
    """What happens when a school says zero and a case of it says otherwise."""

    ask: Annotated[tuple[Selector, ...], Field(min_length=1)] = Field(description="Whom of the school is asked.")
    flag: Annotated[tuple[Selector, ...], Field(min_length=1)] = Field(
        description="Who is told at once when the summary has gone already; until then the summary says it."
    )
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = ("sms",)
    not_for: tuple[Identifier, ...] = Field(
        default=("hazard",), description="Kinds of reports that are no incident of the day."
    )


class Schedule(Days):
    """The roll calls of one or several bureaus, whole. Frozen into each roll call when it opens."""

    id: Identifier
    version: Annotated[int, Field(ge=1)]
    title: Annotated[str, Field(min_length=1, max_length=60)]
    bureaus: tuple[Identifier, ...] = Field(
        default=(), description="Whose it is; none: every bureau that no other schedule names."
    )
    timezone: str | None = Field(default=None, description="Where its hours are read; unset: the bureau's own.")
    calendar: Calendar = Calendar()
    calls: Annotated[tuple[Call, ...], Field(min_length=1)]
    schools: tuple[SchoolRule, ...] = ()
    special_periods: tuple[SpecialPeriod, ...] = ()
    confirm_by: Annotated[tuple[Selector, ...], Field(min_length=1)] = Field(
        description="Who may answer for a school, seen from the school."
    )
    excuse_by: Annotated[tuple[Selector, ...], Field(min_length=1)] = Field(
        description="Who may excuse a school, open a further roll call or move a cut-off; seen from the unit."
    )
    chase: Annotated[tuple[ChaseStep, ...], Field(min_length=1)]
    contradiction: Contradiction
    spread: Duration = Field(
        default=timedelta(minutes=1), description="Over how long the messages of one step to schools are spread."
    )
    closes_after: Duration = Field(
        default=timedelta(hours=8),
        description="How long after the cut-off it closes, and a late answer is chased no more.",
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (OSError, ValueError, KeyError) as error:
                raise ValueError(f"{name!r} is no time zone of the tz database, such as Asia/Shanghai") from error
        return name

    def period(self, day: date) -> SpecialPeriod | None:
        """Return the special period that ``day`` is in."""
        return next((one for one in self.special_periods if one.holds(day)), None)

    def calls_on(self, day: date) -> tuple[Call, ...]:
        """Return the roll calls of ``day``, whether or not any school is asked on it."""
        found = self.period(day)
        return self.calls if found is None else found.calls

    def rule_for(self, lineage: tuple[str, ...]) -> Days:
        """Return the rule of a school. ``lineage``: its id, and those of the units above it, the nearest first."""
        for unit in lineage:
            for rule in self.schools:
                if unit in rule.units:
                    return rule
        return self

    def asks(self, rule: Days, day: date) -> bool:
        """Return whether a school under ``rule`` is asked on ``day``."""
        found = self.period(day)
        return (found is not None and found.days == "every_day") or rule.asks_on(day, self.calendar)
