"""Time that only the simulation moves, and processes that die and freeze between any two of their steps.

The loop never waits: when nothing is ready it jumps to the next timer. Every callback that runs in a process's context
counts as one of its steps; a dead process takes no further step (as after kill -9, not even a ``finally``), and a
frozen one takes them all when it wakes (as after SIGSTOP and SIGCONT).
"""

import asyncio
import selectors
from collections.abc import Callable, Mapping
from contextvars import Context, ContextVar, copy_context
from typing import Any

from tests.simulation.reaper import Reaper

TICK_SECONDS = 1e-6
"""Time that passes in one turn of the loop: without it, a wait too short for the clock would never end."""
LIMIT = 6_000_000
"""Turns of the loop after which a run is taken for one that goes in circles."""


class Stuck(Exception):
    """Nothing would ever happen again, or nothing but the same."""


class Life:
    """One incarnation of a process, from its start to its death."""

    def __init__(self, name: str, reaper: Reaper | None = None) -> None:
        self.name = name
        self._service = name.split("-", maxsplit=1)[0]
        self._reaper = reaper
        self.alive = True
        self.frozen = False
        self.freeze_wanted = False
        self.on_death: Callable[[str], None] = lambda _: None
        self.holds_lock: Callable[[], bool] = lambda: False
        self.on_term: Callable[[], object] | None = None
        self._parked: list[tuple[Callable[..., object], tuple[Any, ...], Context]] = []

    def die(self, where: str) -> None:
        """End at once."""
        if self.alive:
            self.alive = False
            self.on_death(where)

    def step(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context) -> None:
        """Take a step, unless dead or frozen. Nobody freezes while the file's one write lock is theirs."""
        if self.alive and self.freeze_wanted and not self.holds_lock():
            self.frozen = True
        if self.frozen or not self.alive:
            self._parked.append((callback, args, context))
            return
        if self._reaper is not None and (where := self._reaper.at_step(callback)) is not None:
            self._parked.append((callback, args, context))
            self.die(where)
            return
        callback(*args)

    async def call(self, what: str) -> None:
        """Be at a call to the database: a moment at which others may run, and at which this process may die."""
        if self.alive and self._reaper is not None:
            where = self._reaper.at_call(self._service, what)
            if where is not None:
                self.die(where)
                await asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)

    def wake(self, loop: asyncio.AbstractEventLoop) -> None:
        """Go on after a freeze, with everything that came meanwhile. After the run the dead do so, too, to end."""
        self.freeze_wanted = self.frozen = False
        parked, self._parked = self._parked, []
        for callback, args, context in parked:
            loop.call_soon(callback, *args, context=context)


LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)
"""Whose code runs now; None is the world outside of every process."""
OUTSIDE = Context()
"""The world's own context: what is scheduled in it outlives the process that caused it."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps."""

    def __init__(self) -> None:
        self._now = 0.0
        self.turns = 0
        super().__init__(_Patience(self))
        self._kept: set[asyncio.Future[Any]] = set()
        self.set_task_factory(self._keep)

    def _keep(self, _loop: object, coroutine: Any, **options: Any) -> asyncio.Future[Any]:
        """Hold on to every task: a dead process's would be collected, and its ``finally`` would run."""
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=self, **options)
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)
        return task

    def time(self) -> float:
        """Return the virtual monotonic seconds."""
        return self._now

    def jump(self, seconds: float | None) -> None:
        """Let time pass at once."""
        self.turns += 1
        if seconds is None:
            raise Stuck("nobody waits for anything: nothing would ever happen again")
        if self.turns > LIMIT:
            raise Stuck(f"{LIMIT} turns of the loop and no end")
        self._now += max(seconds, TICK_SECONDS)

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        """Schedule, as a step of the process in whose context it runs."""
        context = copy_context() if context is None else context
        life = context.get(LIFE)
        if life is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(life.step, callback, args, context, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        """Schedule for later, as a step of the process in whose context it runs."""
        context = copy_context() if context is None else context
        life = context.get(LIFE)
        if life is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, life.step, callback, args, context, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Do at once what would be done in a thread: nobody could say when it ends."""
        del executor
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for it is to hear of it
            done.set_exception(error)
        return done

    def add_signal_handler(self, sig: int, callback: Any, *args: Any) -> None:  # type: ignore[override]
        """Remember how the present process is asked to stop; no real signal is involved."""
        del sig, args
        if (life := LIFE.get()) is not None:
            life.on_term = callback


class _Patience(selectors.DefaultSelector):
    """A selector that never waits for files: it lets the loop's time jump instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.jump(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return super().get_map()
