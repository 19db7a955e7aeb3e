"""The day's sheet: how every school of a roll call stands. What people are told of a roll call is read from it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from pydantic import Field

from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.school_day import SchoolDay, Standing, is_corrected_late, standing
from events.base import Frozen, Utc
from events.roll_call import Answer, Counts


class Line(Frozen):
    """One school."""

    school_id: str
    school_name: str
    district_id: str
    district_name: str
    standing: Standing
    answer: Answer | None = None
    answered_at: Utc | None = Field(default=None, description="When it first answered.")
    late_seconds: int | None = None
    corrected_late: bool = Field(default=False, description="In time, and said otherwise after the cut-off.")
    contradicted: bool = False
    nothing_filed: bool = Field(
        default=False, description="It says that there were cases, and none is on file: one may still have to be filed."
    )
    note: str | None = None
    excuse: str | None = None
    versions: int = Field(default=0, description="How many answers are kept, those that do not count included.")


class DistrictPart(Frozen):
    """One district, and how its schools stand."""

    district_id: str
    district_name: str
    counts: Counts


class Sheet(Frozen):
    """A roll call at one moment, in directory order."""

    roll_call_id: str
    bureau_id: str
    bureau_name: str
    title: str
    date: date
    call: str
    timezone: str
    opens_at: Utc
    cut_off: Utc
    closes_at: Utc
    closed: bool
    exercise: bool
    as_of: Utc
    counts: Counts
    districts: tuple[DistrictPart, ...]
    lines: tuple[Line, ...]


def sheet_of(call: RollCall, schools: Sequence[School], days: Mapping[str, SchoolDay], now: datetime) -> Sheet:
    """Return the sheet. ``schools``: those that are asked; ``days``: what is known of some of them, by school id."""
    lines = tuple(line_of(call, school, days.get(school.unit_id), now) for school in schools)
    return Sheet(
        roll_call_id=call.roll_call_id,
        bureau_id=call.window.bureau_id,
        bureau_name=call.bureau_name,
        title=call.schedule.title,
        date=call.window.date,
        call=call.window.call,
        timezone=call.window.timezone,
        opens_at=call.window.opens_at,
        cut_off=call.cut_off,
        closes_at=call.window.closes_at,
        closed=call.closed_at is not None,
        exercise=call.exercise,
        as_of=now,
        counts=counts_of(lines),
        districts=tuple(_districts(lines)),
        lines=lines,
    )


def line_of(call: RollCall, school: School, day: SchoolDay | None, now: datetime) -> Line:
    """Return the line of one school. ``day`` is None for one of which nothing is known yet."""
    first, answer = (day.first, day.answer) if day is not None else (None, None)
    late = (first.received_at - call.cut_off).total_seconds() if first is not None else 0
    return Line(
        school_id=school.unit_id,
        school_name=school.name,
        district_id=school.district_id,
        district_name=school.district_name,
        standing=standing(day, call, now),
        answer=answer.status if answer is not None else None,
        answered_at=first.received_at if first is not None else None,
        late_seconds=int(late) if late > 0 else None,
        corrected_late=is_corrected_late(day, call),
        contradicted=bool(day is not None and day.contradicting),
        nothing_filed=day is not None and day.is_nothing_filed,
        note=answer.note if answer is not None else None,
        excuse=day.excuse.reason if day is not None and day.excuse is not None else None,
        versions=len(day.versions) if day is not None else 0,
    )


def counts_of(lines: Iterable[Line]) -> Counts:
    """Return how many schools stand how."""
    found: Counter[str] = Counter()
    for line in lines:
        found["expected"] += 1
        found[line.standing] += 1
        found["with_cases"] += line.answer == "with_cases"
        found["contradicted"] += line.contradicted
    return Counts(**{name: found[name] for name in Counts.model_fields})


def _districts(lines: Sequence[Line]) -> Iterator[DistrictPart]:
    by_district: dict[str, list[Line]] = {}
    for line in lines:
        by_district.setdefault(line.district_id, []).append(line)
    for district_id, own in by_district.items():
        yield DistrictPart(district_id=district_id, district_name=own[0].district_name, counts=counts_of(own))
