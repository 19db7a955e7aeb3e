"""How long to wait before the next try: doubling, with jitter, so that a provider that comes back is not stormed."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pace of retries, in real time whatever the demo clock's speed: it spares networks, not people.

    The defaults give up after about seven minutes. By then the chain has gone on to other people and channels, and
    an answer to an alert that old would mislead.
    """

    first: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(seconds=60)
    tries: int = 12
    tries_for_contact: int = 3
    """Tries for a contact the directory does not know: its record may be a few seconds behind the request."""

    lookups: int = 3
    """Unanswered questions about one outcome, after which the message is sent again: better twice than never."""

    def wait(self, tries: int, rng: Random, at_least: timedelta | None = None) -> timedelta:
        """Return the wait after try number ``tries`` (from 1): half to all of the doubled step, or as told."""
        doublings = min(max(tries - 1, 0), 16)
        step = min(self.longest, self.first * (1 << doublings))
        return max(step * rng.uniform(0.5, 1.0), at_least or timedelta())
