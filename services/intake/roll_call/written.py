"""A sheet as a file for spreadsheets, and as a page to be printed and pinned up."""

import csv
import io
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from escalation_policies.roll_call.sheet import Line, Sheet
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
    "excuse",
    "note",
    "versions",
)
_BYTE_ORDER_MARK = "\ufeff"
"""Without it, spreadsheets take the file for another alphabet."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would run as a formula, whoever typed it."""


def written(sheet: Sheet) -> str:
    """Return the sheet as CSV (RFC 4180) in UTF-8 with a byte order mark; times are local, with their offset."""
    lines = io.StringIO(newline="")
    lines.write(_BYTE_ORDER_MARK)
    writer = csv.writer(lines)
    writer.writerow(HEADER)
    zone = zone_of(sheet.timezone)
    for line in sheet.lines:
        writer.writerow(_harmless(value) for value in _values(line, zone))
    return lines.getvalue()


def printable(sheet: Sheet) -> str:
    """Return the sheet as a page of HTML without a script, to be read and printed."""
    zone = zone_of(sheet.timezone)

    def local(moment: datetime | None) -> str:
        return f"{moment.astimezone(zone):%m-%d %H:%M}" if moment is not None else ""

    return _environment().get_template("sheet.html.j2").render(s=sheet, local=local)


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
