"""What every service process is made of, and how it starts and stops.

A service's ``main.py`` opens a ``Process``, adds its own tasks, and runs it: the first task that fails stops the
process with a non-zero code (the supervisor restarts it); SIGTERM and Ctrl-C stop it cleanly.
"""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

import structlog

from services.runtime.bus_access import BusAccess, kafka_access
from services.runtime.checkpoints import Checkpoints
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.errors import SettingsError
from services.runtime.http_server import serve_health
from services.runtime.keeper import Keeper
from services.runtime.live_directory import LiveDirectory
from services.runtime.logging import configure_logging
from services.runtime.outbox_rows import OutboxRows
from services.runtime.ownership import OwnershipRows
from services.runtime.read_ahead import ReadAhead
from services.runtime.reconciler import Reconciler
from services.runtime.relay import Relay
from services.runtime.remembered_facts import open_clock
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)
Task = Coroutine[Any, Any, None]
KEEPS_WHAT_IS_TOLD = frozenset({"intake", "directory"})
"""Services whose commits answer for something nobody could tell again; the others' work is done again (ADR 0007)."""
COLLECTIONS = (20_000, 10, 50)
"""How rarely garbage is looked for (``gc.set_threshold``): almost all of it goes without, for little is in cycles.
A unit of work makes some 20,000 objects, all in use until its end; with the interpreter's own 700 they are looked at
twenty times over, a tenth of its time. A full collection of a busy process takes 20-80 ms, and would come every
second; if it falls into a unit of work, SQLite's write lock is held meanwhile."""


class Process:
    """The shared parts of one service process. Use ``run_process``."""

    def __init__(
        self, service: str, settings: Settings, database: Database, clock: Clock, bus: BusAccess | None = None
    ) -> None:
        if settings.kafka_bootstrap_servers is None:
            raise SettingsError(["TOCSIN_KAFKA_BOOTSTRAP_SERVERS: needed by a single service (`tocsin up` sets it)"])
        self.service = service
        self.settings = settings
        self.bootstrap = settings.kafka_bootstrap_servers
        self.bus = bus or kafka_access(settings, self.bootstrap)
        self.database = database
        self.clock = clock
        self.store = Store(database)
        self.ownership = OwnershipRows(database, f"{service}-{settings.worker_id}", settings.lease_seconds)
        self.directory = LiveDirectory(database)
        self.watch = TopicWatch(settings, self.bus.admin)
        self.keepers: list[Keeper] = []
        read_ahead = ReadAhead(settings, database, self.watch)
        self.relay = Relay(settings, self.bus.new_producer, OutboxRows(database), self.watch, self.lanes, read_ahead)
        self.reconciler = Reconciler(settings, database, self.watch, self.lanes, self.relay.wake)
        self._ready: list[Callable[[], bool]] = []
        self._tasks: list[tuple[str, Task]] = []
        self.on_stop: list[Callable[[], Awaitable[None]]] = []

    def add(self, name: str, task: Task) -> None:
        """Run ``task`` for as long as the process lives; if it ends, the process ends."""
        self._tasks.append((name, task))

    def ready_when(self, condition: Callable[[], bool]) -> None:
        """Be ready (/health/ready) only while ``condition`` holds, too."""
        self._ready.append(condition)

    def is_ready(self) -> bool:
        """Tell whether every condition holds."""
        return all(condition() for condition in self._ready)

    def lanes(self) -> list[str]:
        """Return the outbox lanes that this process owns now."""
        return [lane for keeper in self.keepers for lane in keeper.lanes]

    def keep(self, keeper: Keeper) -> None:
        """Keep a claim alive while the process lives, and let go of it at the end."""
        self.keepers.append(keeper)
        self.add("keeper", keeper.run())
        self.on_stop.append(keeper.release)

    def add_shared(self) -> None:
        """Run the parts that every service needs."""
        self.add("topics", self.watch.run())
        self.add("directory", self.directory.run())
        self.add("relay", self.relay.run())
        self.add("reconciler", self.reconciler.run())
        if self.settings.health_port is not None:
            self.add("health", serve_health(self.settings.health_port, self.is_ready))

    async def run(self) -> None:
        """Run until told to stop, or until a task fails (its exception leaves here)."""
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        tasks = [asyncio.create_task(task, name=name) for name, task in self._tasks]
        stop = asyncio.create_task(stopping.wait(), name="stop")
        log.info("service.started", speed=self.settings.speed)
        try:
            done, _ = await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stop}:
                task.result()
                raise RuntimeError(f"task {task.get_name()} ended by itself")
        finally:
            await _end([*tasks, stop])
            for callback in reversed(self.on_stop):
                await callback()
            log.info("service.stopped")


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for garbage before the body, not in it, and never again at what is there after it.

    For a body that makes very much that stays: each look would hold up everybody, and find nothing.
    """
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


async def run_process(service: str, settings: Settings, prepare: Callable[[Process], Awaitable[None]]) -> None:
    """Open the shared parts, let ``prepare`` add the service's own, and run until stopped."""
    configure_logging(service, settings.log_format, settings.log_level)
    async with AsyncExitStack() as stack:
        database = Database(
            settings.database,
            idle_transaction_seconds=settings.lease_seconds,
            survives_power_cut=service in KEEPS_WHAT_IS_TOLD,
        )
        stack.push_async_callback(database.close)
        await database.migrate()
        process = Process(service, settings, database, await open_clock(database, settings.speed))
        stack.push_async_callback(process.watch.close)
        await process.directory.refresh()
        if database.file is not None:
            process.add("checkpoints", Checkpoints(database.file).run())
        await prepare(process)
        # What is loaded stays. Without this, each full collection looks at all of it, with every deadline waiting:
        # 120 ms, once a second while records flow.
        gc.freeze()
        process.directory.loading = uncollected
        gc.set_threshold(*COLLECTIONS)
        await process.run()
