"""Service processes in the simulation: the real wiring of each, on a simulated loop, store file, bus and providers."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from services.escalation import main as escalation
from services.intake.app import open_rooms
from services.intake.deps import Deps, Rooms
from services.intake.journal_tail import JournalTail
from services.intake.main import LANES
from services.intake.seal import Seal
from services.notifier import main as notifier
from services.roll_call import main as roll_call
from services.runtime.answer_links import AnswerLinks
from services.runtime.bus_access import BusAccess
from services.runtime.keeper import Keeper
from services.runtime.outages import STORE_TROUBLE
from services.runtime.process import Process
from services.runtime.secret_key import seal_keys, secret_key
from services.runtime.settings import Settings
from services.runtime.tokens import TokenRows
from tests.simulation.bus import SimBus
from tests.simulation.county import libraries
from tests.simulation.diary import Diary
from tests.simulation.doors import SimAdmin, SimEngine, SimProducer
from tests.simulation.group import Group
from tests.simulation.machine import Machine
from tests.simulation.memory import Sabotage, SimDatabase
from tests.simulation.provider import Provider, SimChannel
from tests.simulation.reaper import Reaper
from tests.simulation.timetable import Timetable
from tests.simulation.virtual_time import LIFE, Life, VirtualLoop


@dataclass
class Surroundings:
    """What every process of a run shares."""

    loop: VirtualLoop
    rng: Random
    diary: Diary
    machine: Machine
    bus: SimBus
    groups: Mapping[str, Group]
    providers: Mapping[str, Provider]
    """By name, in the order in which those of one channel are tried."""
    path: Path
    settings: Settings
    sabotage: Sabotage | None
    reaper: Reaper
    reports_bug: Callable[[str], None]
    after_death: Callable[[], None]
    moment: Callable[[], int]
    """The services' time, in microseconds."""
    timetable: Timetable
    has_roll_calls: bool
    """Somebody serves the roll calls of the timetable."""
    policies: int = 0
    """Which library a process that starts now reads."""


class Worker:
    """One place for a process: it is started there, dies, freezes, and is started again."""

    def __init__(self, around: Surroundings, service: str, number: int) -> None:
        self._around = around
        self._settings = around.settings.model_copy(update={"worker_id": f"w{number}"})
        self._incarnations = 0
        self._ended: list[tuple[Life, SimDatabase]] = []
        self._made: list[Process] = []
        self.service = service
        self.name = f"{service}-w{number}"
        self.life: Life | None = None
        self.process: Process | None = None
        self.desk: tuple[Deps, Rooms] | None = None
        """What an intake answers from."""

    @property
    def runs(self) -> bool:
        """Return whether a process lives here."""
        return self.life is not None and self.life.alive

    def start(self) -> None:
        """Start a process, unless one lives here."""
        if self.runs:
            return
        self._incarnations += 1
        around = self._around
        life = self.life = Life(f"{self.name}.{self._incarnations}", around.reaper)
        database = SimDatabase(around.path, life, around.machine.now_micros, around.rng, around.sabotage, around.moment)
        self._ended.append((life, database))
        life.on_death = lambda where: self._died(life, database, where)
        context = copy_context()
        context.run(LIFE.set, life)
        around.diary.write("started", life.name)
        around.loop.create_task(self._run(life, database), context=context)

    def _died(self, life: Life, database: SimDatabase, where: str) -> None:
        self._around.diary.count("killed", life.name, "at", where)
        database.cut()
        self._around.after_death()
        self.process = self.desk = None
        self._silent()

    def _silent(self) -> None:
        if self.service in self._around.groups:
            self._around.groups[self.service].silent(self._instance)

    @property
    def _instance(self) -> str:
        return f"{self.service}-{self._settings.worker_id}"

    def freeze(self) -> None:
        """Stop the process where it is, at its next step outside of the file's write lock."""
        if self.life is not None and self.life.alive:
            self._around.diary.count("frozen", self.life.name)
            self.life.freeze_wanted = True
            self._around.loop.call_later(0.1, self._silent)

    def wake(self) -> None:
        """Let a frozen process go on."""
        if self.life is not None and self.life.freeze_wanted:
            self._around.diary.write("woken", self.life.name)
            self.life.wake(self._around.loop)

    def terminate(self) -> None:
        """Ask the process to stop, as SIGTERM does."""
        if self.life is not None and self.life.alive and self.life.on_term is not None:
            self._around.diary.count("terminated", self.life.name)
            self.life.on_term()

    async def _run(self, life: Life, database: SimDatabase) -> None:
        around = self._around
        access = BusAccess(
            SimAdmin(self._settings, around.bus),
            lambda: SimProducer(around.bus, around.rng),
            SimEngine(around.bus, around.rng, dict(around.groups), self._instance),
        )
        process = Process(self.service, self._settings, database, around.machine.clock, access)
        self._made.append(process)
        try:
            await process.directory.refresh()
            await self._prepare(process)
            self.process = process
            await process.run()
        except STORE_TROUBLE as error:
            around.diary.write("stopped by", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, a process must not end of it
            around.reports_bug(f"{life.name} stopped by itself: {error!r}")
        finally:
            if life.alive:
                self.process = self.desk = None
                life.alive = False
                database.cut()
                around.diary.write("ended", life.name)

    async def _prepare(self, process: Process) -> None:
        await _WIRING[self.service](self, process)

    async def _intake(self, process: Process) -> None:
        keeper = Keeper(process.ownership, LANES, self._settings.lease_seconds, only_with_mail=True)
        lane = f"{LANES}{self._settings.worker_id}"
        await keeper.claim(lane)
        process.keep(keeper)
        deps = Deps(
            settings=self._settings,
            clock=process.clock,
            store=process.store,
            tokens=TokenRows(process.database),
            directory=process.directory.snapshot,
            policies=libraries()[self._around.policies],
            seal=Seal(seal_keys(self._settings)),
            links=AnswerLinks(secret_key(self._settings), timedelta(hours=self._settings.answer_link_hours)),
            wake=process.relay.wake,
            new_id=lambda: f"{self._around.rng.getrandbits(128):032x}",
            lane=lane,
            monotonic=self._around.loop.time,
            schedules=self._around.timetable.schedules,
        )
        self.desk = (deps, open_rooms(deps, JournalTail(process.database)))
        process.add_shared()

    async def _escalation(self, process: Process) -> None:
        await escalation.prepare(process, libraries()[self._around.policies])

    async def _roll_call(self, process: Process) -> None:
        await roll_call.prepare(process, self._around.timetable.schedules)

    async def _notifier(self, process: Process) -> None:
        around, timeout = self._around, self._settings.provider_timeout_seconds
        channels: dict[str, list[SimChannel]] = {}
        for provider in around.providers.values():
            channels.setdefault(provider.channel, []).append(SimChannel(provider, around.rng, timeout))
        await notifier.prepare(process, channels, around.rng)

    def bury(self) -> None:
        """After the run, let whatever lived here come to its end: a dead process's tasks may still hold things."""
        for life, database in self._ended:
            life.alive = True
            life.wake(self._around.loop)
            database.cut()

    async def close(self) -> None:
        """Close what the processes that lived here had open, and the tasks they died too early to begin."""
        for process in self._made:
            for _, task in process._tasks:
                if inspect.getcoroutinestate(task) == inspect.CORO_CREATED:
                    task.close()
        for _, database in self._ended:
            await database.close()


_WIRING: Mapping[str, Callable[[Worker, Process], Awaitable[None]]] = {
    "intake": Worker._intake,
    "escalation": Worker._escalation,
    "notifier": Worker._notifier,
    "roll_call": Worker._roll_call,
}
