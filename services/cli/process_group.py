"""The process group of all children, which ends with the supervisor (see guardian)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_GUARDIAN = Path(__file__).with_name("guardian.py")
_GUARDIAN_PATIENCE_SECONDS = 3.0


@dataclass(frozen=True)
class StartedProcess:
    """A process, what it prints, and the transport to close when nobody reads that any more."""

    process: Process
    output: asyncio.StreamReader
    reading: asyncio.ReadTransport


class ProcessGroup:
    """Starts processes in one group, apart from the terminal's: a Ctrl-C reaches the supervisor only.

    Needs the standard asyncio event loop (uvloop cannot start a process in a given group).
    """

    def __init__(self) -> None:
        """Nothing runs yet; the group is made with the first process."""
        self._guardian: Process | None = None
        self._id = 0
        self._closed = False
        self._lock = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None

    async def start(self, argv: Sequence[str], env: Mapping[str, str]) -> StartedProcess:
        """Start a process in the group; its stdout and stderr come together through one pipe, it reads nothing.

        Raises OSError when the program cannot be started.
        """
        await self._ensure_guardian()
        # A pipe of our own: with asyncio's, Process.wait() would also wait for all who inherited it (Python 3.11).
        read_end, write_end = os.pipe()
        output = asyncio.StreamReader()
        reading, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(read_end, "rb", buffering=0)
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *argv, env=dict(env), stdin=DEVNULL, stdout=write_end, stderr=STDOUT, process_group=self._id
            )
        except BaseException:
            reading.close()
            raise
        finally:
            os.close(write_end)
        return StartedProcess(process, output, reading)

    async def kill(self) -> None:
        """End everything in the group at once (SIGKILL), the children's own children and the guardian included."""
        self._closed = True
        if self._watch is not None:
            self._watch.cancel()
        if self._guardian is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._id, signal.SIGKILL)
            await self._guardian.wait()

    async def _ensure_guardian(self) -> None:
        """Start the guardian, again if somebody killed it: no child may run without one."""
        async with self._lock:
            if self._closed or (self._guardian is not None and self._guardian.returncode is None):
                return
            try:
                guardian = await self._start_guardian(self._id)
            except PermissionError:
                # Nobody is left in the old group, so the kernel has forgotten it: begin a new one.
                guardian = await self._start_guardian(0)
                self._id = 0
            self._guardian = guardian
            self._id = self._id or guardian.pid
            self._watch = asyncio.create_task(self._guard_again_after(guardian), name="guardian-watch")

    async def _guard_again_after(self, guardian: Process) -> None:
        await guardian.wait()
        await self._ensure_guardian()

    async def _start_guardian(self, group: int) -> Process:
        guardian = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(_GUARDIAN), str(_GUARDIAN_PATIENCE_SECONDS),
            stdin=PIPE, stdout=PIPE, process_group=group,
        )  # fmt: skip
        if guardian.stdout is not None:
            # It ignores SIGTERM from here on, so an ordered stop of the group cannot take it away first.
            await guardian.stdout.readline()
        return guardian
