"""The deadlines of one partition in memory: which of those that have come are taken next.

When a mass comes due at one moment, firing it takes many units of work. What comes due meanwhile is not made to wait
until all of it is done: it has half of each unit, so a deadline that is on time stays so, and the mass is done hardly
later.
"""

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import datetime

Deadline = tuple[datetime, str]
"""When a case is due, and its id."""


class Deadlines:
    """What is to come, and what has come and was not taken when it did. An entry that went stale does no harm."""

    def __init__(self, found: Iterable[Deadline] = ()) -> None:
        self._to_come: list[Deadline] = []
        self.extend(found)
        self._left: deque[str] = deque()

    def extend(self, found: Iterable[Deadline]) -> None:
        """Add what the store has."""
        self._to_come.extend(found)
        heapq.heapify(self._to_come)

    def put(self, due: datetime, case_id: str) -> None:
        """Add one."""
        heapq.heappush(self._to_come, (due, case_id))

    def is_due(self, now: datetime) -> bool:
        """Return whether anything has come."""
        return bool(self._left) or self._has_come(now)

    @property
    def next_at(self) -> datetime | None:
        """Return when the next is due; what was left has come already."""
        return self._to_come[0][0] if self._to_come else None

    def take(self, now: datetime, most: int) -> list[str]:
        """Take out cases that are due, each once: first what came since the last time, and of that at most half."""
        cases: dict[str, None] = {}
        fresh = most if not self._left else max(1, most // 2)
        while self._has_come(now) and len(cases) < fresh:
            cases[heapq.heappop(self._to_come)[1]] = None
        while self._has_come(now):
            self._left.append(heapq.heappop(self._to_come)[1])
        while self._left and len(cases) < most:
            cases[self._left.popleft()] = None
        return list(cases)

    def _has_come(self, now: datetime) -> bool:
        return bool(self._to_come) and self._to_come[0][0] <= now
