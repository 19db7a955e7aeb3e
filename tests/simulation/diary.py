"""Everything that happens in a run, line by line: its hash says whether two runs were the same."""

import hashlib
import sys
from collections import Counter, deque
from typing import Any

import structlog

from tests.simulation.virtual_time import LIFE, VirtualLoop

TAIL = 60


class Diary:
    """The run's log. ``keep`` holds every line, otherwise the last few."""

    def __init__(self, loop: VirtualLoop, *, keep: bool) -> None:
        self._loop = loop
        self._hash = hashlib.sha256()
        self.counts: Counter[str] = Counter()
        """How often each thing happened that a run is asked about."""
        self.logged: dict[str, list[float]] = {}
        """When the product logged what, by the loop's time."""
        self.lines: deque[str] = deque(maxlen=None if keep else TAIL)

    def write(self, *words: object) -> None:
        """Write one line: when, who, what."""
        life = LIFE.get()
        line = f"{self._loop.time():11.6f} {life.name if life else '-'} {' '.join(map(str, words))}"
        self._hash.update(line.encode())
        self.lines.append(line)

    def count(self, what: str, *words: object) -> None:
        """Write one line, and count what happened."""
        self.counts[what] += 1
        self.write(what, *words)

    @property
    def digest(self) -> str:
        """Return the hash of everything written so far."""
        return self._hash.hexdigest()

    def from_structlog(self, _logger: Any, _level: str, event: Any) -> Any:
        """Take what the product logs: a structlog processor that ends the chain."""
        self.logged.setdefault(event["event"], []).append(self._loop.time())
        named = {key: value for key, value in event.items() if key not in {"event", "exc_info", "error"}}
        error = [repr(sys.exc_info()[1])] if event.get("exc_info") else []
        self.write("log", event["event"], *error, *(f"{key}={named[key]}" for key in sorted(named)))
        raise structlog.DropEvent
