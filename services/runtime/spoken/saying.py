"""How names, moments and codes are said aloud, by whoever's clock and language."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from events.notification import NotificationRequested

PART_LIMIT = 60
"""Longest name, place or receipt, in characters: about ten seconds of speech."""

_FALLBACK_ZONE = "Asia/Shanghai"


def said(text: str | None) -> str | None:
    """Return a name as it is said: on one line, and not for ever."""
    return " ".join(text.split())[:PART_LIMIT] if text else None


def spelled(code: str) -> str:
    """Return signs to be said one by one, with a breath where the writing has a dash."""
    return ", ".join(" ".join(group) for group in code[:PART_LIMIT].replace(" ", "-").split("-") if group)


def deadline_said(request: NotificationRequested) -> str | None:
    """Return the deadline by the recipient's own clock, with the day when it is not the day of the report."""
    if request.deadline is None:
        return None
    zone = _zone(request.timezone)
    local, started = request.deadline.astimezone(zone), request.started_at.astimezone(zone)
    other_day = local.date() != started.date()
    return _zh(local, other_day=other_day) if request.language == "zh" else _en(local, other_day=other_day)


def _zh(local: datetime, *, other_day: bool) -> str:
    day = f"{local.month}月{local.day}日" if other_day else ""
    return f"{day}{local.hour}点{local.minute:02}分"


def _en(local: datetime, *, other_day: bool) -> str:
    day = f"{local.day} {local:%B}, " if other_day else ""
    return f"{day}{local:%H:%M}"


@cache
def _zone(name: str) -> ZoneInfo:
    """Return the time zone; an unknown one must not stop a call, and the whole of China keeps one time."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found is a KeyError, a path or nonsense one of the others
        return ZoneInfo(_FALLBACK_ZONE)
