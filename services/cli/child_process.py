"""One supervised child: started, started again when it dies, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from services.cli.line_printer import LinePrinter
from services.cli.process_group import ProcessGroup, StartedProcess
from services.cli.readiness import Ready

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
MANY_EXITS = 5
WINDOW_SECONDS = 60.0
LAST_LINES_SECONDS = 0.3

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Child:
    """What to run: a name for people, the command, its whole environment, and how to see that it is ready."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Ready | None = None
    """None counts as ready at once."""
    ready_within: float = 30.0
    """Seconds."""


class ChildProcess:
    """Keeps one child running until it is told to stop."""

    def __init__(self, child: Child, group: ProcessGroup, printer: LinePrinter) -> None:
        """Nothing is started yet."""
        self.child = child
        self._group = group
        self._printer = printer
        self._process: Process | None = None
        self._retired = asyncio.Event()
        self._exits: deque[float] = deque()
        self._pumps: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep it running, inside the running event loop."""
        self._keeper = asyncio.create_task(self._keep_running(), name=f"keep-{self.child.name}")

    def retire(self) -> None:
        """Do not start it again from now on when it ends."""
        self._retired.set()

    async def stop(self, within_seconds: float) -> None:
        """End it by SIGTERM, or by SIGKILL after `within_seconds`, and wait until it is gone and its output printed."""
        self.retire()
        if self._keeper is None:
            return
        self._send(signal.SIGTERM)
        if self._process is None or self._process.returncode is not None:
            # It waits to be started again, and must not be.
            self._keeper.cancel()
        _, late = await asyncio.wait([self._keeper], timeout=within_seconds)
        if late:
            self._say(f"did not end within {within_seconds:g} s; killing it", loud=True)
            self._send(signal.SIGKILL)
            await asyncio.wait([self._keeper])
        for pump in tuple(self._pumps):
            pump.cancel()

    async def _keep_running(self) -> None:
        while not self._retired.is_set():
            outcome = await self._run_once()
            if self._retired.is_set():
                return
            await asyncio.sleep(self._pause_after(outcome))

    async def _run_once(self) -> str:
        """Run the child until it ends, and say in words how it ended."""
        try:
            started = await self._group.start(self.child.argv, self.child.env)
        except OSError as error:
            return f"could not be started ({error})"
        self._process = started.process
        pump = asyncio.create_task(self._print(started), name=f"print-{self.child.name}")
        self._pumps.add(pump)
        pump.add_done_callback(self._pumps.discard)
        if self._retired.is_set():
            # retire() came while the process was being made, and had nobody to tell.
            self._send(signal.SIGTERM)
        code = await started.process.wait()
        # Its last lines come before the news of its end; but a grandchild may hold the pipe open for longer.
        await asyncio.wait([pump], timeout=LAST_LINES_SECONDS)
        return _ending(code)

    async def _print(self, started: StartedProcess) -> None:
        try:
            await self._printer.pump(self.child.name, started.output)
        finally:
            started.reading.close()

    def _pause_after(self, outcome: str) -> float:
        """Note an unexpected end, tell it, and return how many seconds to wait before the next start."""
        now = asyncio.get_running_loop().time()
        self._exits.append(now)
        while self._exits[0] < now - WINDOW_SECONDS:
            self._exits.popleft()
        count = len(self._exits)
        log.error("child.exited", service=self.child.name, outcome=outcome, exits_in_a_minute=count)
        if count > MANY_EXITS:
            self._say(
                f"{outcome}: {count} times within {WINDOW_SECONDS:.0f} s. SOMETHING IS WRONG WITH IT; see its lines "
                f"above. Trying again every {LONGEST_PAUSE_SECONDS:.0f} s",
                loud=True,
            )
            return LONGEST_PAUSE_SECONDS
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (count - 1))
        self._say(f"{outcome}; starting it again in {pause:g} s", loud=True)
        return float(pause)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _say(self, text: str, *, loud: bool = False) -> None:
        self._printer.line(self.child.name, f"[{text}]", loud=loud)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended unexpectedly with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
