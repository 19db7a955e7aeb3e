"""What is due next, in memory: for each partition we own the next step of each open roll call."""

import asyncio
import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from escalation_policies.roll_call.call import RollCall
from services.runtime.home import home_partition
from services.runtime.roll_call_rows import Part


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A step to take: of a roll call, by a partition. ``whole``: what concerns districts, bureau and closing."""

    partition: int
    roll_call_id: str
    whole: bool


class Plan:
    """A heap of what is due; an entry that was put in anew makes its older one void."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, Place]] = []
        self._at: dict[Place, datetime] = {}
        self._parts: dict[tuple[int, str], Part] = {}
        self.woken = asyncio.Event()

    def part(self, partition: int, roll_call_id: str) -> Part:
        """Return how far a partition has come with a roll call."""
        return self._parts.get((partition, roll_call_id), Part())

    def put(self, call: RollCall, partition: int, part: Part | None = None) -> None:
        """Plan a partition's next steps of a roll call; ``part``: how far it has come, if that changed."""
        if part is not None:
            self._parts[partition, call.roll_call_id] = part
        taken = self.part(partition, call.roll_call_id).taken
        step = call.next_step(("school",), taken) if call.closed_at is None else None
        self._set(Place(partition, call.roll_call_id, whole=False), step.at if step is not None else None)
        if home_partition(call.window.bureau_id) == partition:
            due = call.next_of_bureau()
            self._set(Place(partition, call.roll_call_id, whole=True), due.at if due is not None else None)

    def drop(self, forgotten: Callable[[Place], bool]) -> None:
        """Forget places: of a partition that is somebody else's, or of a roll call that is closed."""
        for place in [place for place in self._at if forgotten(place)]:
            del self._at[place]
            self._parts.pop((place.partition, place.roll_call_id), None)

    def due(self, now: datetime, most: int) -> Mapping[Place, datetime]:
        """Take out what is due at ``now``, the earliest first, at most so many places."""
        found: dict[Place, datetime] = {}
        while self._heap and self._heap[0][0] <= now and len(found) < most:
            at, place = heapq.heappop(self._heap)
            if self._at.get(place) == at:
                del self._at[place]
                found[place] = at
        return found

    def again(self, place: Place, at: datetime) -> None:
        """Put back what was taken out and not done."""
        self._set(place, at)

    def put_back(self, waiting: Mapping[Place, datetime]) -> None:
        """Put back what had to wait for others; nobody is woken for it."""
        for place, at in waiting.items():
            if place not in self._at:
                self._push(place, at)

    def next_at(self) -> datetime | None:
        """Return when something is due next."""
        while self._heap and self._at.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _set(self, place: Place, at: datetime | None) -> None:
        if at is None:
            self._at.pop(place, None)
        elif self._at.get(place) != at:
            self._push(place, at)
            self.woken.set()

    def _push(self, place: Place, at: datetime) -> None:
        self._at[place] = at
        heapq.heappush(self._heap, (at, place))
