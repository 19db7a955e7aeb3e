"""The machine that everything runs on: its wall clock, which somebody may set, and the database's, the same."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.runtime.clock import Clock, wall_now
from services.runtime.tables import to_micros
from tests.simulation.virtual_time import VirtualLoop

BOOT = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)


@dataclass(frozen=True)
class SimClock(Clock):
    """The services' clock, told by the simulated machine."""

    wall: Callable[[], datetime] = wall_now

    def now(self) -> datetime:
        """Return the present of the services."""
        return self.at(self.wall())


class Machine:
    """Wall time runs with the loop's, except when it is set forward or back."""

    def __init__(self, loop: VirtualLoop, speed: float) -> None:
        self._loop = loop
        self._set = timedelta()
        self._database_set = timedelta()
        self._stopped: datetime | None = None
        self.clock = SimClock(speed, BOOT, BOOT, self.told)

    def wall(self) -> datetime:
        """Return the machine's time of day."""
        return BOOT + timedelta(seconds=self._loop.time()) + self._set

    def told(self) -> datetime:
        """Return the time of day that the services are told."""
        return self._stopped or self.wall()

    def stop(self) -> None:
        """Let the services' time stand still until it is set: an open case would make new work for ever."""
        self._stopped = self._stopped or self.wall()

    def now_micros(self) -> int:
        """Return the database's own clock in microseconds."""
        return to_micros(self.wall() + self._database_set)

    def set_by(self, seconds: float) -> None:
        """Set the clock forward, or back."""
        if self._stopped is not None:
            self._set += self._stopped - self.wall()
            self._stopped = None
        self._set += timedelta(seconds=seconds)

    def set_database_by(self, seconds: float) -> None:
        """Set the database server's clock alone."""
        self._database_set += timedelta(seconds=seconds)


def real(case_time: timedelta, speed: float) -> float:
    """Return how many seconds of the loop a span of the services' time takes."""
    return case_time.total_seconds() / speed
