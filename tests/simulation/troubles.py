"""The troubles of a run, each at its own rate, from the seed's draw; ``heal`` ends all of them."""

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from events.topics import TopicName
from services.runtime.database import Database
from services.runtime.live_directory import write_entries
from tests.simulation.bus import PREFIX
from tests.simulation.carrier import Carrier
from tests.simulation.county import County
from tests.simulation.plan import Plan
from tests.simulation.post import Post
from tests.simulation.provider import MOODS
from tests.simulation.workers import Surroundings, Worker

_CONFIRMED: Sequence[TopicName] = ("incidents", "petitions", "notifications")
"""Topics whose records our services confirm: what these lose is published again; others only after a wipe."""


def confirmed(plan: Plan) -> Sequence[TopicName]:
    """Return the topics of a life that may lose anything."""
    return (*_CONFIRMED, "zero-reports") if plan.roll_callers else _CONFIRMED


MOST_HOURS = 6.0
SLOW = 60.0
"""Up to this speed the machine's own clock jumps by hours, too."""


class Troubles:
    """Makes trouble while the run lasts."""

    def __init__(
        self,
        plan: Plan,
        around: Surroundings,
        county: County,
        workers: Sequence[Worker],
        office: Database,
        carrier: Carrier,
        post: Post,
    ) -> None:
        self._plan = plan
        self._carrier = carrier
        self._post = post
        self._around = around
        self._rng = Random(around.rng.random())
        self._county = county
        self._workers = workers
        self._office = office
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Start every trouble of the plan."""
        plan, around = self._plan, self._around
        around.bus.trouble, around.bus.slow = plan.client_trouble, plan.slow_records
        for provider in around.providers.values():
            provider.moods = tuple(self._rng.sample(MOODS, self._rng.randint(1, len(MOODS))))
            provider.badness = plan.provider_badness
        self._carrier.losses, self._carrier.tells = plan.losses_on_the_way, plan.receipts
        self._post.losses = plan.bounces
        for rate, trouble in (
            (plan.freezes, self._freeze), (plan.stops, self._stop),
            (plan.outages, self._outage), (plan.wipes, self._wipe), (plan.cuts, self._cut), (plan.losses, self._lose),
            (plan.doubles, self._double), (plan.swaps, self._swap), (plan.garbage, self._garbage),
            (plan.clock_jumps, self._jump), (plan.directory_changes, self._directory),
            (plan.policy_changes, self._policy),
        ):  # fmt: skip
            if rate > 0:
                self._tasks.append(asyncio.create_task(self._repeat(rate, trouble)))

    async def _repeat(self, rate: float, trouble: Callable[[], object]) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(rate))
            result = trouble()
            if asyncio.iscoroutine(result):
                await result

    async def heal(self) -> None:
        """End all troubles: everything runs, and everybody behaves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        around = self._around
        around.bus.trouble = around.bus.slow = 0.0
        around.bus.away = False
        around.bus.create_missing()
        around.reaper.rest()
        for provider in around.providers.values():
            provider.badness = 0.0
        self._carrier.losses = self._post.losses = 0.0
        for worker in self._workers:
            worker.wake()
            worker.start()
        around.diary.write("healed")

    def revive(self) -> None:
        """Start again what has ended: the supervisor's part."""
        for worker in self._workers:
            worker.start()

    async def _freeze(self) -> None:
        worker = self._rng.choice(self._workers)
        worker.freeze()
        await asyncio.sleep(self._rng.uniform(0.5, 15))
        worker.wake()

    def _stop(self) -> None:
        self._rng.choice(self._workers).terminate()

    async def _outage(self) -> None:
        self._around.bus.away = True
        self._around.diary.count("bus away")
        await asyncio.sleep(self._rng.uniform(0.2, 6))
        self._around.bus.away = False
        self._around.diary.write("bus back")

    def _wipe(self) -> None:
        self._around.bus.wipe()

    def _place(self) -> tuple[str, int]:
        topic = PREFIX + self._rng.choice(confirmed(self._plan))
        logs = self._around.bus.topics[topic].logs if topic in self._around.bus.topics else []
        filled = [number for number, log in enumerate(logs) if log]
        return topic, self._rng.choice(filled) if filled else 0

    def _cut(self) -> None:
        self._around.bus.cut_back(*self._place(), self._rng.randint(1, 5))

    def _lose(self) -> None:
        self._around.bus.lose_one(*self._place())

    def _double(self) -> None:
        self._around.bus.double_one(*self._place())

    def _swap(self) -> None:
        self._around.bus.reorder(*self._place())

    def _garbage(self) -> None:
        self.strew([self._place()])

    def strew(self, places: Sequence[tuple[str, int]]) -> None:
        """Write a record that nobody can read to each place."""
        for topic, number in places:
            if topic in self._around.bus.topics:
                self._around.bus.append(topic, number, b"junk", [("ce_id", b"junk")], b"\xff not json")

    def _jump(self) -> None:
        """Set the machine's clock by a moment, or by hours; where a second is long, by hours of the services' time."""
        hours = MOST_HOURS * 3600 / (self._plan.speed if self._plan.speed > SLOW else 1.0)
        seconds = self._rng.choice([0.05, 0.5, 3, 20, hours, hours]) * self._rng.uniform(0.2, 1)
        way = self._rng.choice([-1, 1])
        self._around.machine.set_by(way * seconds)
        self._around.diary.count("clock set forward" if way > 0 else "clock set back", f"{seconds:.6f}")

    async def _directory(self) -> None:
        self._around.diary.count("directory changed", self._county.change())
        await self.write_directory()

    async def write_directory(self) -> None:
        """Write the county to the store, as the directory service would."""
        async with self._office.writing() as connection:
            await write_entries(connection, self._county.units, self._county.people.values())

    def _policy(self) -> None:
        self._around.policies = 1 - self._around.policies
        self._around.diary.count("policies changed", self._around.policies)
        for worker in self._workers:
            if worker.service == "escalation":
                worker.terminate()
