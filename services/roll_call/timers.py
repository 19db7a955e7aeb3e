"""The timers of roll calls: opens them, takes the steps that are due, and follows what other workers change."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial

import structlog

from services.roll_call.caught_up import CaughtUp
from services.roll_call.opening import Opening
from services.roll_call.plan import Place, Plan
from services.roll_call.steps import Steps
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.errors import StaleEpoch
from services.runtime.keeper import Keeper
from services.runtime.open_calls import OpenCalls
from services.runtime.outages import through_outages
from services.runtime.roll_call_rows import RollCallRows

log = structlog.get_logger(__name__)
BATCH = 30
"""Places in one unit of work: large enough to share the commit, small enough to keep the rest on time. What they ask
for reaches the notifier in one piece, and an alert may stand behind it."""
REST = 4.0
"""After each unit of work so many times as long as it took: a processor, the database's write lock and the notifier are
shared with whoever files an incident in that second. Chases are bulk and go out over minutes anyway (ADR 0016)."""
LONGEST_REST_SECONDS = 0.2
LONGEST_SLEEP_SECONDS = 1.0
"""How often the roll calls of other workers are looked at."""


class Timers:
    """The steps of this worker's partitions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        calls: OpenCalls,
        plan: Plan,
        opening: Opening,
        steps: Steps,
        caught_up: CaughtUp,
        keeper: Keeper,
        partition_of: Callable[[str], int] = lambda name: int(name.rsplit("/", 1)[1]),
    ) -> None:
        self._database = database
        self._clock = clock
        self._calls = calls
        self._plan = plan
        self._opening = opening
        self._steps = steps
        self._caught_up = caught_up
        self._keeper = keeper
        self._partition_of = partition_of
        self._known: set[int] = set()
        self._heard_until: datetime | None = None
        self._waiting: dict[Place, datetime] = {}
        """What other workers hold up: looked at again in the next round, a second later at most."""
        self._turn_over = asyncio.Event()

    def look_again(self) -> None:
        """Plan anew what was just changed by an officer, without waiting for the next look."""
        self._plan.woken.set()

    def claimed(self, name: str) -> None:
        """Take up a partition at the next look."""
        self._plan.woken.set()
        self._known.discard(self._partition_of(name))
        self._heard_until = None

    def lost(self, name: str) -> None:
        """Forget the steps of a partition that belongs to somebody else now."""
        partition = self._partition_of(name)
        self._known.discard(partition)
        self._plan.drop(lambda place: place.partition == partition)
        self._waiting = {place: at for place, at in self._waiting.items() if place.partition != partition}

    async def give_way(self) -> None:
        """Let steps that are due go first, after one unit of records: a mass of either has every second turn.

        Not before the answers that came in time are heard: then records go first.
        """
        due = self._plan.next_at()
        if due is not None and self._is_heard(due):
            self._plan.woken.set()
            await self._turn_over.wait()

    async def run(self) -> None:
        """Open, look and take steps, for ever."""
        while True:
            self._plan.woken.clear()
            await self.once()
            await self._sleep()

    async def once(self) -> None:
        """See what changed, open what is due, and take every step that is."""
        self._plan.put_back(self._waiting)
        self._waiting = {}
        await through_outages(self._look, "roll calls wait for the database")
        await through_outages(self._open, "roll calls open when the database is back")
        await self._take_all()

    async def _look(self) -> None:
        """See what other workers changed, and take up partitions that are ours now."""
        changed, closed = await self._calls.refresh()
        gone = frozenset(closed)
        if gone:
            self._plan.drop(lambda place: place.roll_call_id in gone)
        owned = {self._partition_of(name) for name in self._keeper.owned}
        for partition in owned - self._known:
            await self._load(partition)
        for call in changed:
            for partition in owned & self._known:
                self._plan.put(call, partition)
        self._known = owned

    async def _load(self, partition: int) -> None:
        calls = self._calls.open
        async with self._database.reading() as connection:
            parts = await RollCallRows(connection).parts(partition, [call.roll_call_id for call in calls])
        for call in calls:
            self._plan.put(call, partition, parts.get(call.roll_call_id))

    async def _open(self) -> None:
        try:
            opened = await self._opening.open_due(self._keeper.owned)
        except StaleEpoch as error:
            await self._drop(error.names)
            return
        if opened:
            await self._look()

    async def _take_all(self) -> None:
        real = asyncio.get_running_loop()
        while due := self._plan.due(self._clock.now(), BATCH):
            await self._hear_first(due)
            begun = real.time()
            try:
                waiting = await through_outages(partial(self._steps.take, due), "steps wait for the database")
            except StaleEpoch as error:
                for place, at in due.items():
                    self._plan.again(place, at)
                await self._drop(error.names)
            else:
                self._waiting.update({place: due[place] for place in waiting})
            self._end_turn()
            await asyncio.sleep(min(REST * (real.time() - begun), LONGEST_REST_SECONDS))

        self._end_turn()  # a step that records gave way to may be gone: its roll call was closed, its partition lost

    def _end_turn(self) -> None:
        self._turn_over.set()
        self._turn_over = asyncio.Event()

    async def _hear_first(self, due: Mapping[Place, datetime]) -> None:
        """Wait, once for each moment that is due, until every answer that came before is heard."""
        latest = max(due.values())
        if not self._is_heard(latest):
            until = self._clock.now()
            self._end_turn()  # records that gave way are among those that are waited for
            await self._caught_up.wait()
            self._heard_until = until

    def _is_heard(self, due: datetime) -> bool:
        """Return whether a step is due, and every answer that came before it is heard.

        A clock that was set back since says no to both: what was heard until a time that is to come is not all there
        will be, and nobody waits for a step that is not due yet.
        """
        return self._heard_until is not None and due <= self._heard_until <= self._clock.now()

    async def _drop(self, names: Collection[str]) -> None:
        for name in names:
            await self._keeper.drop(name)

    async def _sleep(self) -> None:
        now = self._clock.now()
        found = [at for at in (self._plan.next_at(), self._opening.next_at(now)) if at is not None]
        wait = self._clock.real_seconds(min(found) - now) if found else LONGEST_SLEEP_SECONDS
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._plan.woken.wait(), min(wait, LONGEST_SLEEP_SECONDS))
