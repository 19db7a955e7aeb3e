"""One run: a seeded world lives for a while in trouble, is healed, settles, and is held to the promises."""

import asyncio
import shutil
import time
from collections.abc import Collection
from dataclasses import replace
from random import Random

from services.intake.bounces.listener import MAIL
from services.intake.twilio.status import MESSAGES
from services.intake.twilio.voice import CALLS
from services.runtime.tables import to_micros
from tests.simulation.bus import SimBus
from tests.simulation.carrier import Carrier
from tests.simulation.county import County
from tests.simulation.diary import Diary
from tests.simulation.group import Group
from tests.simulation.judgement import Witnesses, judge
from tests.simulation.machine import Machine
from tests.simulation.memory import Sabotage, SimDatabase
from tests.simulation.offsets import OffsetWitness
from tests.simulation.outcome import Beginning, Outcome
from tests.simulation.people import People
from tests.simulation.plan import draw_plan
from tests.simulation.post import Post
from tests.simulation.provider import Provider, Taken
from tests.simulation.reaper import Reaper
from tests.simulation.record import RollCallRecord
from tests.simulation.settlement import SETTLE_SECONDS, Settlement
from tests.simulation.stage import folder, logged_to, no_collector, settings, shared_dice, template
from tests.simulation.timetable import draw_timetable
from tests.simulation.troubles import Troubles
from tests.simulation.virtual_time import Life, Stuck, VirtualLoop
from tests.simulation.workers import Surroundings, Worker

BURIAL_SECONDS = 20.0
SPARE = "spare-sms"
PROVIDERS = {MESSAGES: "sms", SPARE: "sms", MAIL: "email", CALLS: "voice"}
"""The channel of each provider."""
LAST_CALLS = 3
"""How often a task is asked to end: one that cleans up may begin to wait again."""


def simulate(
    seed: int,
    *,
    sabotage: Sabotage | None = None,
    keep: bool = False,
    patience: float = SETTLE_SECONDS,
    deaths: float | None = None,
    deaths_at: Collection[str] = (),
) -> Outcome:
    """Run one seed. Never raises for what the run finds: the faults are in the outcome.

    ``patience``: how many seconds of the loop a healed world may take until nothing is under way any more;
    ``deaths``: how many processes die in a second, in place of the plan's; ``deaths_at``: at which awaits, once at each
    and nowhere else.
    """
    began = time.perf_counter()
    rng = Random(seed)
    later, mail = Random(f"{seed}, later"), Random(f"{seed}, mail")
    plan = draw_plan(rng, later, mail)
    plan = plan if deaths is None else replace(plan, crashes=deaths)
    with no_collector(), shared_dice(seed), folder() as made:
        lived = _lived(Beginning(rng, later, mail, plan, made, sabotage, patience, deaths_at), keep=keep)
    return replace(lived, seed=seed, seconds=time.perf_counter() - began)


def _lived(beginning: Beginning, *, keep: bool) -> Outcome:
    """Live one life; whatever it made is let go of at the return, and collected."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda _loop, _context: None)  # what a dead process never looked at
    diary = Diary(loop, keep=keep)
    with logged_to(diary):
        world = World(beginning, loop, diary)
        try:
            loop.run_until_complete(world.live())
        except Stuck as error:
            world.faults.append(f"stuck: {error}")
        digest = diary.digest
        world.bury()
        loop.close()
    return Outcome(
        digest=digest,
        faults=world.faults,
        case_hours=world.case_hours,
        records=world.around.bus.appended,
        cases=len(world.people.told.cases),
        roll_calls=world.roll_calls,
        lines=list(diary.lines),
        counts=diary.counts,
        passed=world.around.reaper.passed,
        died=world.around.reaper.died,
    )


class World:
    """Everything of one run."""

    def __init__(self, beginning: Beginning, loop: VirtualLoop, diary: Diary) -> None:
        self.plan = beginning.plan
        self.faults: list[str] = []
        self.case_hours = 0.0
        self.roll_calls = 0
        self._rng = rng = beginning.rng
        self._patience = beginning.patience
        made = beginning.folder
        shared = settings(self.plan.speed, self.plan.speed * self.plan.horizon, self.plan.link_hours, made)
        path = made / "tocsin.db"
        shutil.copyfile(template(), path)
        machine = Machine(loop, self.plan.speed)
        later = beginning.later

        def moment() -> int:
            return to_micros(machine.clock.now())

        names = ("escalation", "notifier", "roll_call")
        self.around = Surroundings(
            loop=loop,
            rng=rng,
            diary=diary,
            machine=machine,
            bus=SimBus(loop, rng, diary),
            groups={name: Group(name, loop, rng, diary, shared.session_timeout_seconds) for name in names},
            providers={
                name: Provider(name, channel, rng, diary, self.carry)
                for name, channel in PROVIDERS.items()
                if name != SPARE or self.plan.has_spare
            },
            path=path,
            settings=shared,
            sabotage=beginning.sabotage,
            reaper=Reaper(Random(rng.random()), self.plan.crashes, loop.time, beginning.deaths_at),
            reports_bug=self.faults.append,
            after_death=self._look,
            moment=moment,
            timetable=draw_timetable(later, self.plan),
            has_roll_calls=self.plan.roll_callers > 0,
        )
        self._offsets = OffsetWitness(self.around)
        topic = shared.topic
        self._record = RollCallRecord(loop, machine, topic("zero-reports"), topic("notifications"))
        self.around.bus.record = self._record if self.plan.roll_callers else None
        numbers = {
            "intake": self.plan.intakes,
            "escalation": self.plan.escalations,
            "notifier": self.plan.notifiers,
            "roll_call": self.plan.roll_callers,
        }
        self.workers = [
            Worker(self.around, name, turn) for name, count in numbers.items() for turn in range(1, count + 1)
        ]
        self.county = County(Random(rng.random()))
        intakes = [worker for worker in self.workers if worker.service == "intake"]
        mail = beginning.mail
        self.people = People(self.around, self.county, intakes, self.plan.phones, self.plan.replies, later, mail)
        self.people.pressing.share, self.people.pressing.looks = self.plan.presses, self.plan.scans
        self.post = Post(mail, self.around, intakes, self.people.hear)
        self.carrier = Carrier(Random(rng.random()), diary, intakes, self.people.hear, self.post)
        self._office = SimDatabase(path, Life("office"), machine.now_micros, rng, None, moment)
        self._troubles = Troubles(
            self.plan, self.around, self.county, self.workers, self._office, self.carrier, self.post
        )

    def _look(self) -> None:
        self._offsets.look()

    def carry(self, taken: Taken) -> None:
        """Bring a message on its way that a provider took."""
        self.carrier.carry(taken)

    async def live(self) -> None:
        """Live through the plan, and judge."""
        self.around.diary.write(self.plan)
        self.around.bus.create_missing()
        await self._troubles.write_directory()
        supervising = asyncio.create_task(self._supervise())
        reporting = [asyncio.create_task(self._report(number)) for number in range(self.plan.reports)]
        if self.plan.roll_callers:
            self.people.schools.begin(self.plan.seconds, self.plan.answers, self.plan.phones)
        self._troubles.begin()
        await asyncio.sleep(self.plan.seconds)
        await asyncio.gather(*reporting)
        supervising.cancel()
        self.around.machine.set_by(self.plan.last_jump_hours * 3600 / self.plan.speed)
        await self._troubles.heal()
        supervising = asyncio.create_task(self._supervise())
        await self.people.finish()
        await Settlement(
            self.around, self.plan, self._troubles, self.carrier, self._patience, self.faults.append
        ).reach()
        supervising.cancel()
        self._look()
        if self._offsets.contradiction is not None:
            self.faults.append(self._offsets.contradiction)
        witnesses = Witnesses(self.people, self.county, self.carrier, self.post, self._record)
        judged = await judge(self._office, self.around, self.plan, witnesses)
        self.faults += judged.faults
        self.case_hours, self.roll_calls = judged.case_hours, judged.roll_calls

    async def _supervise(self) -> None:
        while True:
            self._troubles.revive()
            await asyncio.sleep(self._rng.uniform(0.1, 1.5))

    async def _report(self, number: int) -> None:
        await asyncio.sleep(self._rng.uniform(0, self.plan.seconds))
        self.people.report(number)

    def bury(self) -> None:
        """Let everything come to its end; what dead processes held is let go."""
        loop = self.around.loop
        loop.turns = 0
        for worker in self.workers:
            worker.bury()
        for _ in range(LAST_CALLS):
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(_ended(asyncio.all_tasks(loop)))
            loop.run_until_complete(_ended(asyncio.all_tasks(loop)))  # what those left behind closes what they had
        for worker in self.workers:
            loop.run_until_complete(worker.close())
        loop.run_until_complete(self._office.close())


async def _ended(tasks: set[asyncio.Task[object]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=BURIAL_SECONDS)
