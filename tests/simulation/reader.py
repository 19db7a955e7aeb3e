"""What stands for the Faust app: brings records to the real worker, sometimes twice, late, or with one passed over."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from random import Random

from aiokafka.errors import KafkaConnectionError

from services.runtime.consumption import Record
from tests.simulation.bus import SimBus
from tests.simulation.group import Group
from tests.simulation.virtual_time import LIFE

Where = tuple[str, int]
NAP_SECONDS = 1.0


class SimApp:
    """One app: a member of a group from its start to its end."""

    def __init__(
        self,
        bus: SimBus,
        rng: Random,
        group: Group,
        instance: str,
        topics: list[str],
        seek: Callable[[set[Where]], Awaitable[Mapping[Where, int]]],
        put: Callable[[Record], Awaitable[None]],
    ) -> None:
        self._bus = bus
        self._rng = rng
        self._group = group
        self._topics = topics
        self._seek = seek
        self._put = put
        self._life = LIFE.get()
        self._pumping: asyncio.Task[None] | None = None
        self.instance = instance
        self.crashed = False
        self.crash_reason: BaseException | None = None

    def beats(self) -> bool:
        """Return whether the member's heart still beats."""
        running = self._pumping is not None and not self._pumping.done()
        return running and (self._life is None or (self._life.alive and not self._life.frozen))

    async def start(self) -> None:
        await asyncio.sleep(self._rng.uniform(0.01, 0.3))
        if self._bus.away:
            raise KafkaConnectionError("the simulated broker is away")
        self._group.join(self)
        self._pumping = asyncio.create_task(self._pump())

    async def stop(self) -> None:
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.gather(self._pumping, return_exceptions=True)
            self._group.leave(self)

    async def _pump(self) -> None:
        try:
            while True:
                generation = self._group.generation
                share = self._group.share(self)
                if not self._group.has(self):
                    self._group.join(self)
                places = {(topic, number) for topic in self._topics for number in share}
                positions = dict(await self._seek(places)) if share else {}
                while self._group.generation == generation:
                    if not await self._deliver(positions):
                        await self._nap()
        except Exception as error:  # noqa: BLE001 - as Faust: the app is crashed, the process lives on
            self.crashed, self.crash_reason = True, error

    async def _deliver(self, positions: dict[Where, int]) -> bool:
        """Bring what there is, partition by partition in any order; return whether there was anything."""
        if self._bus.away:
            return False
        if self._rng.random() < self._bus.trouble / 50:
            raise RuntimeError("the simulated stream engine crashed")
        brought = False
        for where in self._rng.sample(sorted(positions), len(positions)):
            if positions[where] > self._bus.end(*where):
                positions[where] = 0  # out of range: read from the earliest
            start = self._stumble(positions[where])
            for offset, stored in list(self._bus.read(*where, start, self._rng.randint(1, 20))):
                positions[where] = offset + 1
                brought = True
                await self._put(Record(*where, offset, stored.key, stored.headers, stored.value))
        return brought

    def _stumble(self, position: int) -> int:
        draw = self._rng.random()
        if draw < self._bus.trouble / 20:
            return max(0, position - self._rng.randint(1, 4))
        return position + 1 if draw > 1 - self._bus.trouble / 100 else position

    async def _nap(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._bus.arrived.wait(), NAP_SECONDS)
