"""A moment as people's own wall clock shows it."""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

_FALLBACK_ZONE = "Asia/Shanghai"


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone; an unknown one must not stop an alert, and the whole of China keeps one time."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # not found is a KeyError, a path or nonsense one of the others
        return ZoneInfo(_FALLBACK_ZONE)


def shown(moment: datetime, seen_from: datetime, zone: ZoneInfo, language: str) -> str:
    """Return the time of day, such as ``14:35``, with the day when it is not the day of ``seen_from``."""
    local = moment.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.date() == seen_from.astimezone(zone).date():
        return clock
    day = f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {local:%b} "
    return day + clock
