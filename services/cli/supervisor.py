"""Runs the services of `tocsin up`: starts them in order, keeps them running, and ends them in reverse order."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from services.cli.child_process import Child, ChildProcess
from services.cli.line_printer import LinePrinter
from services.cli.process_group import ProcessGroup
from services.cli.readiness import became_ready

EXIT_CLEAN = 0
EXIT_NOT_READY = 1
EXIT_KILLED = 130
"""As shells report a program ended by Ctrl-C (128 + SIGINT)."""

_OWN_NAME = "tocsin"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs named children in one process group.

    Each child is ready before the next is started. A child that ends unexpectedly is started again after 0.2 s, then
    0.4 s and so on up to 5 s; after more than 5 ends within a minute this is said loudly, and it is tried every 5 s.
    When the supervisor itself dies, also by kill -9, its children end with it (see guardian).
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        out: TextIO | None = None,
        stop_within: float = 10.0,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """`stop_within` is the time in seconds that each child gets to end; `on_ready` is called when all are ready."""
        self._printer = LinePrinter([*(child.name for child in children), _OWN_NAME], out or sys.stdout)
        self._group = ProcessGroup()
        self._children = [ChildProcess(child, self._group, self._printer) for child in children]
        self._stop_within = stop_within
        self._on_ready = on_ready
        self._stop_asked = asyncio.Event()
        self._kill_asked = asyncio.Event()

    def stop(self) -> None:
        """Ask for an ordered stop, as the first Ctrl-C does; the second time everything is killed at once."""
        if self._stop_asked.is_set():
            self._kill_asked.set()
        else:
            self._say("stopping (Ctrl-C again kills everything at once)")
            self._stop_asked.set()

    async def run(self) -> int:
        """Run until SIGINT, SIGTERM, SIGHUP or `stop`, and return the exit code: 0 after an ordered stop.

        1 when a child was not ready in time; 130 when the second Ctrl-C killed everything. Call it from the main thread
        under the standard asyncio event loop.
        """
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.stop)
        try:
            starting = asyncio.create_task(self._start_all(), name="supervisor-start")
            asked = asyncio.create_task(self._stop_asked.wait(), name="supervisor-stop")
            await asyncio.wait([starting, asked], return_when=asyncio.FIRST_COMPLETED)
            all_ready = not starting.done() or await starting
            if all_ready:
                await asked
            for task in (starting, asked):
                task.cancel()
            await asyncio.gather(starting, asked, return_exceptions=True)
            return await self._stop_all(EXIT_CLEAN if all_ready else EXIT_NOT_READY)
        finally:
            await self._group.kill()
            for number in _SIGNALS:
                loop.remove_signal_handler(number)

    async def _start_all(self) -> bool:
        for process in self._children:
            child = process.child
            process.start()
            if child.ready is not None and not await became_ready(child.ready, child.ready_within):
                self._say(f"{child.name} was not ready within {child.ready_within:g} s; see its lines above", loud=True)
                return False
        self._on_ready()
        return True

    async def _stop_all(self, code: int) -> int:
        stopping = asyncio.create_task(self._stop_in_reverse(), name="supervisor-stop-all")
        killing = asyncio.create_task(self._kill_asked.wait(), name="supervisor-kill")
        await asyncio.wait([stopping, killing], return_when=asyncio.FIRST_COMPLETED)
        killing.cancel()
        if stopping.done():
            await stopping
            return code
        self._say("killing everything", loud=True)
        await self._group.kill()
        await stopping
        return EXIT_KILLED

    async def _stop_in_reverse(self) -> None:
        for process in self._children:
            # All at once: one that dies because another is gone already must not come back.
            process.retire()
        for process in reversed(self._children):
            await process.stop(self._stop_within)

    def _say(self, text: str, *, loud: bool = False) -> None:
        self._printer.line(_OWN_NAME, text, loud=loud)
