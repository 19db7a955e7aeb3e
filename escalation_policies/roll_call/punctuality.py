"""A month of roll calls by school: how often in time, and since when without a miss.

In directory order, and without the number of cases: a list that ranks schools by what they report would teach them to
report less.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pydantic import Field

from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.school_day import Standing
from events.base import Frozen


class Month(Frozen):
    """One school's month. A day on which it was excused or not asked counts for nothing."""

    school_id: str
    school_name: str
    district_id: str
    district_name: str
    asked: int = Field(description="Roll calls that are over and asked it.")
    in_time: int
    late: int
    missing: int
    excused: int
    streak: int = Field(description="How many roll calls in a row it has answered in time, up to the latest.")


def months_of(schools: Iterable[School], standings: Mapping[str, Sequence[tuple[date, Standing]]]) -> tuple[Month, ...]:
    """Return the month of each school. ``standings``: by school id, in the order of time; what awaits is left out."""
    return tuple(_month(school, [one for _, one in standings.get(school.unit_id, ())]) for school in schools)


def _month(school: School, standings: Sequence[Standing]) -> Month:
    over = [one for one in standings if one != "awaited"]
    return Month(
        school_id=school.unit_id,
        school_name=school.name,
        district_id=school.district_id,
        district_name=school.district_name,
        asked=len(over),
        in_time=over.count("confirmed"),
        late=over.count("late"),
        missing=over.count("missing"),
        excused=over.count("excused"),
        streak=_streak(over),
    )


def _streak(standings: Sequence[Standing]) -> int:
    count = 0
    for one in reversed(standings):
        if one == "excused":
            continue
        if one != "confirmed":
            break
        count += 1
    return count
