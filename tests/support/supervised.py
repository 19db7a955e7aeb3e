"""Small services for a supervisor to run, a supervisor to signal and kill, and what both leave behind."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from services.cli.child_process import Child

ROOT = Path(__file__).resolve().parents[2]

# A service for these tests: notes its start and its end in one shared file, and waits. It starts a child of its own.
SERVICE = """
import os, signal, subprocess, sys, time
name, journal, stubborn = sys.argv[1], sys.argv[2], sys.argv[3]
def note(what):
    with open(journal, "a") as file:
        file.write(f"{name} {what} {os.getpid()}\\n")
def end(*_):
    note("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if stubborn == "stubborn" else end)
own = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
with open(journal, "a") as file:
    file.write(f"{name} grandchild {own.pid}\\n")
note("started")
print("hello from", name, flush=True)
while True:
    time.sleep(0.05)
"""

# `tocsin up` in small: a supervisor as a process of its own, so that it can be signalled and killed.
SUPERVISING = """
import asyncio, sys
from tests.support.supervised import service
from services.cli.supervisor import Supervisor
from pathlib import Path
async def main():
    journal = Path(sys.argv[1])
    supervisor = Supervisor([service(name, journal, sys.argv[2]) for name in ("one", "two")], stop_within=5)
    return await supervisor.run()
sys.exit(asyncio.run(main()))
"""


def service(name: str, journal: Path, manner: str = "polite") -> Child:
    """A child that is ready when its start stands in the journal."""

    async def started() -> bool:
        return any(line.startswith(f"{name} started") for line in lines(journal))

    return Child(name, [sys.executable, "-I", "-S", "-c", SERVICE, name, str(journal), manner], os.environ, started)


def lines(journal: Path) -> list[str]:
    """What the services have noted so far."""
    return journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []


def pids(journal: Path, what: str) -> list[int]:
    """The process ids noted with a word, in order."""
    return [int(line.split()[2]) for line in lines(journal) if line.split()[1] == what]


def eventually(question: Callable[[], bool], within_seconds: float = 15.0) -> bool:
    """Ask until yes, or until the time is over."""
    deadline = time.monotonic() + within_seconds
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not collected yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def supervising(journal: Path, manner: str = "polite") -> Iterator[subprocess.Popen[str]]:
    """A supervisor with two running services, as a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISING, str(journal), manner],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert eventually(lambda: len(pids(journal, "started")) == 2), process.stdout
        yield process
    finally:
        process.kill()
        process.communicate()
