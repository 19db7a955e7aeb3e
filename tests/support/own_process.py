"""Runs a test server as a process of its own, beside processes that a test kills::

async with own_process("tests.support.smtp_sink", "--log", str(log)) as server:
    server.port                       # from the line it prints once it listens
    server.send_signal(signal.SIGUSR1)
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0


@dataclass(frozen=True)
class OwnProcess:
    """A running server and where it listens."""

    port: int
    process: asyncio.subprocess.Process

    def send_signal(self, number: int) -> None:
        """Send a signal to the server."""
        self.process.send_signal(number)


@asynccontextmanager
async def own_process(module: str, *arguments: str) -> AsyncIterator[OwnProcess]:
    """Start `python -m module`, wait until it says it listens, and kill it at the end.

    Raises RuntimeError when it ends, or says nothing for 20 s; its own error is on stderr.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = b""
        with suppress(TimeoutError):
            line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        if not line:
            raise RuntimeError(f"{module} did not start with {arguments}: see its error above")
        yield OwnProcess(int(line.decode().rpartition(":")[2]), process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
