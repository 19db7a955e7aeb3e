"""A roll call of today for a running stack: its hours are those of the next minutes on the stack's own clock."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from escalation_policies.roll_call.loader import SCHEDULES

ZONE = ZoneInfo("Asia/Shanghai")
CALLS = '- {call: daily, opens: "14:00", cut_off: "16:00"}'


def schedule_of_today(folder: Path, now: datetime, *, minutes: int, remind: int, step: int) -> tuple[Path, datetime]:
    """Write a schedule whose roll call is open already, for so many ``minutes``; return its folder and its cut-off.

    The reminder goes out ``remind`` minutes before the cut-off, the district is told one ``step`` after it, the bureau
    another later.
    """
    opens = (now - timedelta(minutes=2)).astimezone(ZONE).replace(microsecond=0)
    cut_off = opens + timedelta(minutes=2 + minutes)
    hours = f'- {{call: daily, opens: "{opens:%H:%M:%S}", cut_off: "{cut_off:%H:%M:%S}"}}'
    text = (SCHEDULES / "daily.yaml").read_text(encoding="utf-8")
    changes = {
        CALLS: hours,
        "calendar: cn": "calendar: cn\ndays: every_day",
        "before: 30m": f"before: {remind}m\n    channels: [sms, email]",
        "after: 15m": f"after: {step}m",
        "after: 30m": f"after: {2 * step}m",
        "closes_after: 8h": f"closes_after: {4 * step}m",
        "spread: 1m": "spread: 30s",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    folder.mkdir()
    (folder / "today.yaml").write_text(text, encoding="utf-8")
    return folder, cut_off
