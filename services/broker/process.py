"""A broker's own process: started so that Ctrl-C does not reach it, and so that it does not outlive its parent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_LAUNCHER = Path(__file__).with_name("die_with_parent.py")


def program_environment() -> dict[str, str]:
    """Return our environment with UTF-8 file names, which Java could not open in the C locale."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}


class BrokerProcess:
    """One running program with its output in a file.

    It gets a session of its own: the terminal's Ctrl-C must reach the services first, and the broker last. On Linux it
    gets SIGTERM when its parent dies (see die_with_parent); elsewhere it would live on, and has to be stopped by hand.
    """

    def __init__(self, argv: Sequence[str], output: Path) -> None:
        """Start it; `output` is overwritten, and its folder becomes the working directory."""
        self.output = output
        with output.open("wb") as sink:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=output.parent,
                env=program_environment(),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process id of the broker."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; else its exit code, negative for the signal that ended it."""
        return self._process.poll()

    async def stop(self, within_seconds: float) -> None:
        """End it by SIGTERM, or SIGKILL when that takes longer than `within_seconds`; nothing when it has ended."""
        self._send(signal.SIGTERM)
        if not await self._ended(within_seconds):
            await self.kill()

    async def kill(self) -> None:
        """End it at once, as a power cut to the process would (SIGKILL)."""
        self._send(signal.SIGKILL)
        await self._ended(float("inf"))

    def last_lines(self, count: int = 12) -> str:
        """Return the end of its output, to show to a person when it does not start."""
        with contextlib.suppress(OSError):
            return "\n".join(self.output.read_text(encoding="utf-8", errors="replace").splitlines()[-count:])
        return ""

    def _send(self, number: signal.Signals) -> None:
        if self.exit_code is None:
            self._process.send_signal(number)

    async def _ended(self, within_seconds: float) -> bool:
        waited = 0.0
        while self.exit_code is None and waited < within_seconds:
            await asyncio.sleep(0.02)
            waited += 0.02
        return self.exit_code is not None
