"""Whether a provider works at all: after several messages in a row that it did not take, others are asked first.

The pattern is Nygard's ("Release It!", 2nd ed., ch. 5). It steers, and silences nobody: where there is no other
provider an escalation is tried all the same (``lanes``). ADR 0012 says why it is not a library's.
"""

from collections.abc import Callable


class Breaker:
    """Opens after ``failures`` different messages in a row were not taken; then one probe each ``open_seconds``.

    Different ones, because a mailbox that is full for the fifth time says nothing of its server. ``now`` is monotonic
    seconds.
    """

    def __init__(self, failures: int, open_seconds: float, now: Callable[[], float]) -> None:
        self._limit = failures
        self._open_seconds = open_seconds
        self._now = now
        self._failed: set[str] = set()
        self._probe_at: float | None = None

    @property
    def is_closed(self) -> bool:
        """Return whether the provider is believed to work."""
        return self._probe_at is None

    @property
    def wait(self) -> float:
        """Return the seconds until a message may be tried: 0 when it is closed, or when a probe is due."""
        return 0.0 if self._probe_at is None else max(0.0, self._probe_at - self._now())

    def begin(self) -> None:
        """Note that a message is being tried: while it is open, that is the probe, and the next comes later."""
        if self._probe_at is not None:
            self._probe_at = self._now() + self._open_seconds

    def took(self) -> None:
        """Note that a message was taken, or refused for what it was: the provider works."""
        self._failed.clear()
        self._probe_at = None

    def failed(self, notification_id: str) -> bool:
        """Note a message that was not taken, or of which nobody knows; return whether that opened the breaker."""
        self._failed.add(notification_id)
        if self._probe_at is not None or len(self._failed) < self._limit:
            return False
        self._probe_at = self._now() + self._open_seconds
        return True
