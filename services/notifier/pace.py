"""How fast messages may go: so many a second to a provider, so many a minute to one recipient.

Virtual scheduling, as in ITU-T I.371 (the "generic cell rate algorithm"): one number remembers when the next may go.
Nothing waits in here: who asks is told how long, so the queue can give the next turn to whatever is most urgent then.
"""

from collections.abc import Callable

BURST_SECONDS = 0.1
"""So much of a second's messages may go at once, at least one: a timer is late by a little, and loses no turn."""

MINUTE = 60.0


class Pace:
    """At most ``per_second`` turns a second; None is no limit. ``now`` is monotonic seconds."""

    def __init__(self, per_second: float | None, now: Callable[[], float]) -> None:
        self._interval = 0.0 if per_second is None else 1.0 / per_second
        self._slack = 0.0 if per_second is None else max(0.0, per_second * BURST_SECONDS - 1.0) * self._interval
        self._now = now
        self._next = 0.0

    @property
    def wait(self) -> float:
        """Return the seconds until the next turn."""
        return max(0.0, self._next - self._slack - self._now())

    def take(self) -> None:
        """Take a turn."""
        self._next = max(self._next, self._now()) + self._interval


class RecipientPace:
    """At most ``per_minute`` messages a minute to each recipient; as many may come at once after a quiet minute."""

    def __init__(self, per_minute: float, now: Callable[[], float]) -> None:
        self._interval = MINUTE / per_minute
        self._now = now
        self._next: dict[str, float] = {}
        self._swept_at = 0.0

    def take(self, recipient: str) -> float:
        """Give the recipient's next turn away; return the seconds until it comes."""
        now = self._now()
        self._sweep(now)
        at = max(self._next.get(recipient, now), now)
        self._next[recipient] = at + self._interval
        return max(0.0, at - (MINUTE - self._interval) - now)

    def _sweep(self, now: float) -> None:
        """Forget, once a minute, whoever heard nothing for long."""
        if now - self._swept_at > MINUTE:
            self._swept_at = now
            self._next = {recipient: at for recipient, at in self._next.items() if at > now}
