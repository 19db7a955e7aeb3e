"""The days that law counts in: calendar days, working days, and where each of them ends.

A term runs from the day after the one that starts it and ends with the last second of its last day; a term in calendar
days whose last day is a holiday ends with the next working day (民法典 arts 201–203). Holidays and make-up days are
announced year by year (国务院办公厅), so they are data (``calendars/*.yaml``), frozen into a case with its policy.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from events.base import Frozen

SATURDAY = 5
_DAY = timedelta(days=1)
_LONGEST_BREAK = 60
"""Days in a row without a working day beyond which a calendar is wrong rather than generous."""


class Term(Frozen):
    """A statutory span: ``{days: 15}`` or ``{working_days: 5}``."""

    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    working_days: Annotated[int, Field(ge=1, le=1000)] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.days is None) == (self.working_days is None):
            raise ValueError("give exactly one of `days` and `working_days`")
        return self

    def __str__(self) -> str:
        return f"{self.days} days" if self.days is not None else f"{self.working_days} working days"


class Calendar(Frozen):
    """Which days are working days. Without lists: Monday to Friday."""

    id: str = "weekdays"
    timezone: str = "Asia/Shanghai"
    holidays: tuple[date, ...] = Field(default=(), description="Weekdays that are free.")
    working: tuple[date, ...] = Field(default=(), description="Saturdays and Sundays that are worked (调休).")
    known_until: date | None = Field(
        default=None, description="Last day of the announced holidays; later days are counted by weekday alone."
    )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            _zone(name)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError(f"{name!r} is no time zone of the tz database, such as Asia/Shanghai") from error
        return name

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if both := sorted(set(self.holidays) & set(self.working)):
            raise ValueError(f"both a holiday and worked: {', '.join(map(str, both))}")
        return self

    def is_working(self, day: date) -> bool:
        """Return whether ``day`` is a working day."""
        if day in self.working:
            return True
        return day.weekday() < SATURDAY and day not in self.holidays

    def local_day(self, moment: datetime) -> date:
        """Return the day it is at ``moment`` where the calendar holds."""
        return moment.astimezone(_zone(self.timezone)).date()

    def end_of(self, day: date) -> datetime:
        """Return the instant at which ``day`` is over."""
        return datetime.combine(day + _DAY, time(), tzinfo=_zone(self.timezone)).astimezone(UTC)

    def end(self, term: Term, started_at: datetime) -> datetime:
        """Return when ``term`` is over, counted from the day after ``started_at``."""
        day = self.local_day(started_at)
        if term.days is not None:
            return self.end_of(self._working_from(day + timedelta(days=term.days)))
        for _ in range(term.working_days or 0):
            day = self._working_from(day + _DAY)
        return self.end_of(day)

    def _working_from(self, day: date) -> date:
        for ahead in range(_LONGEST_BREAK):
            if self.is_working(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise ValueError(f"no working day within {_LONGEST_BREAK} days of {day}: the calendar {self.id!r} is wrong")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
