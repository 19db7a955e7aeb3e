"""What a server's ``Retry-After`` asks for (RFC 9110 §10.2.3): seconds, or a date."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST = timedelta(minutes=10)
"""No alert waits longer, whatever a server asks."""


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long to wait from ``now`` (real time); None for nonsense: that leaves the pace to our own backoff."""
    if value is None:
        return None
    value = value.strip()
    if value.isdecimal():
        # So many digits are more than the longest, and more than a timedelta takes.
        return LONGEST if len(value) > len("600") else min(timedelta(seconds=int(value)), LONGEST)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(aware - now, timedelta()), LONGEST)
