"""A day of several bureaus at one look: the numbers of each roll call, and the sum; the schools are on its sheet."""

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import Field

from escalation_policies.roll_call.sheet import Sheet
from events.base import Frozen, Utc
from events.roll_call import Counts


class BureauPart(Frozen):
    """One bureau's roll call, or that it has none that day."""

    bureau_id: str
    bureau_name: str
    date: date
    call: str | None = Field(default=None, description="Unset: the bureau has no such roll call that day.")
    title: str | None = None
    timezone: str | None = None
    cut_off: Utc | None = None
    closed: bool = False
    exercise: bool = False
    counts: Counts | None = None
    nothing_filed: int = Field(default=0, description="Schools that say there were cases, of which none is on file.")


class Overview(Frozen):
    """Bureaus in directory order: nobody is ranked."""

    as_of: Utc
    counts: Counts = Field(description="Of all of them; drills are left out.")
    bureaus: tuple[BureauPart, ...]


def part_of(sheet: Sheet) -> BureauPart:
    """Return the numbers of a sheet."""
    return BureauPart(
        bureau_id=sheet.bureau_id,
        bureau_name=sheet.bureau_name,
        date=sheet.date,
        call=sheet.call,
        title=sheet.title,
        timezone=sheet.timezone,
        cut_off=sheet.cut_off,
        closed=sheet.closed,
        exercise=sheet.exercise,
        counts=sheet.counts,
        nothing_filed=sum(line.nothing_filed for line in sheet.lines),
    )


def overview_of(parts: Iterable[BureauPart], now: datetime) -> Overview:
    """Return the bureaus with their sum."""
    bureaus = tuple(parts)
    counted = [part.counts for part in bureaus if part.counts is not None and not part.exercise]
    total = {name: sum(getattr(counts, name) for counts in counted) for name in Counts.model_fields}
    return Overview(as_of=now, counts=Counts(**total), bureaus=bureaus)
