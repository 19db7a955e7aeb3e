"""A sheet, or an overview of several, as a file for spreadsheets, and as a page to be printed and pinned up."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from escalation_policies.roll_call.overview import BureauPart, Overview
from escalation_policies.roll_call.sheet import Line, Sheet
from events.roll_call import Counts
from services.runtime.local_time import zone_of

HEADER = (
    "district_id",
    "district",
    "school_id",
    "school",
    "standing",
    "answer",
    "answered_at",
    "late_seconds",
    "corrected_late",
    "contradicted",
    "nothing_filed",
    "excuse",
    "note",
    "versions",
)
OVERVIEW_HEADER = ("bureau_id", "bureau", "date", "call", "cut_off", "exercise", *Counts.model_fields, "nothing_filed")
_BYTE_ORDER_MARK = "\ufeff"
"""Without it, spreadsheets take the file for another alphabet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run as a formula, whoever typed it."""


def written(sheet: Sheet) -> str:
    """Return the sheet as CSV (RFC 4180) in UTF-8 with a byte order mark; times are local, with their offset."""
    zone = zone_of(sheet.timezone)
    return _csv(HEADER, (_values(line, zone) for line in sheet.lines))


def written_overview(overview: Overview) -> str:
    """Return an overview as such a file: a bureau a row, its times its own."""
    return _csv(OVERVIEW_HEADER, map(_numbers, overview.bureaus))


def printable(sheet: Sheet) -> str:
    """Return the sheet as a page of HTML without a script, to be read and printed."""
    zone = zone_of(sheet.timezone)

    def local(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%m-%d %H:%M}" if moment is not None else ""

    return _environment().get_template("sheet.html.j2").render(s=sheet, local=local)


def printable_overview(overview: Overview) -> str:
    """Return an overview as a page of HTML without a script."""

    def local(part: BureauPart) -> str:
        found = _cut_off(part)
        return f"{found:%m-%d %H:%M}" if found is not None else ""

    return _environment().get_template("overview.html.j2").render(o=overview, local=local)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = io.StringIO(newline="")
    lines.write(_BYTE_ORDER_MARK)
    writer = csv.writer(lines)
    writer.writerow(header)
    for row in rows:
        writer.writerow(map(_harmless, row))
    return lines.getvalue()


def _numbers(part: BureauPart) -> tuple[str, ...]:
    counts = part.counts.model_dump() if part.counts is not None else dict.fromkeys(Counts.model_fields, "")
    return (
        part.bureau_id,
        part.bureau_name,
        part.date.isoformat(),
        part.call or "",
        local.isoformat(timespec="seconds") if (local := _cut_off(part)) is not None else "",
        "yes" if part.exercise else "",
        *(str(number) for number in counts.values()),
        str(part.nothing_filed),
    )


def _cut_off(part: BureauPart) -> datetime | None:
    return part.cut_off.astimezone(zone_of(part.timezone or "")) if part.cut_off is not None else None


def _values(line: Line, zone: ZoneInfo) -> tuple[str, ...]:
    at = line.answered_at.astimezone(zone).isoformat(timespec="seconds") if line.answered_at is not None else ""
    return (
        line.district_id,
        line.district_name,
        line.school_id,
        line.school_name,
        line.standing,
        line.answer or "",
        at,
        str(line.late_seconds) if line.late_seconds is not None else "",
        "yes" if line.corrected_late else "",
        "yes" if line.contradicted else "",
        "yes" if line.nothing_filed else "",
        line.excuse or "",
        line.note or "",
        str(line.versions),
    )


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
