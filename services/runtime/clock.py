"""The clock every service shares: wall time for facts, monotonic for durations, and the demo's speed.

At ``TOCSIN_SPEED`` N, time runs N times faster from an origin kept in the database, so services started apart agree.
Leases and network limits stay in real time: they guard machines, not people.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def wall_now() -> datetime:
    """Return the machine's own time, aware and UTC. Only clocks and leases may ask for it."""
    return datetime.fromtimestamp(time.time(), UTC)


@dataclass(frozen=True)
class Clock:
    """Tells the service's time. ``real_origin`` maps to ``origin``; from there it runs ``speed`` times faster."""

    speed: float = 1.0
    real_origin: datetime = _EPOCH
    origin: datetime = _EPOCH

    def now(self) -> datetime:
        """Return the present, aware and UTC."""
        return self.at(wall_now())

    def at(self, real: datetime) -> datetime:
        """Return this clock's reading at a moment of the machine's time."""
        if self.speed == 1.0:
            return self.origin + (real - self.real_origin)
        return self.origin + timedelta(seconds=(real - self.real_origin).total_seconds() * self.speed)

    def real_seconds(self, duration: timedelta) -> float:
        """Return how many real seconds ``duration`` of this clock takes; never negative."""
        return max(0.0, duration.total_seconds() / self.speed)

    async def sleep_until(self, moment: datetime) -> None:
        """Sleep until this clock reads ``moment``, waking at least once a second to notice a changed machine clock."""
        while (left := self.real_seconds(moment - self.now())) > 0:  # noqa: ASYNC110 - time itself has no Event
            await asyncio.sleep(min(left, 1.0))
