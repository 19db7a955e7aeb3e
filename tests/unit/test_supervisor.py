"""The supervisor of `tocsin up`, with real child processes: order, restarts, stop, and no orphans."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from services.cli.child_process import Child
from services.cli.supervisor import Supervisor
from tests.support.ports import free_port

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
from tests.unit.test_supervisor import service
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


def test_children_start_in_order_and_end_in_reverse_when_interrupted(tmp_path: Path) -> None:
    """One Ctrl-C ends the last child first, waits for it, and the exit code is 0."""
    journal = tmp_path / "journal"
    with supervising(journal) as process:
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0, output
    order = [line.rsplit(" ", 1)[0] for line in lines(journal) if "grandchild" not in line]
    assert order == ["one started", "two started", "two ended", "one ended"]
    assert "   one | hello from one\n" in output


def test_nothing_lingers_after_an_ordered_stop(tmp_path: Path) -> None:
    """What a service has started itself, and did not end, goes with it."""
    journal = tmp_path / "journal"
    with supervising(journal) as process:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    everybody = pids(journal, "started") + pids(journal, "grandchild")
    assert len(everybody) == 4
    assert eventually(lambda: not any(alive(pid) for pid in everybody), 5)


def test_no_child_lingers_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """kill -9 of the supervisor ends the children and their own children within seconds."""
    journal = tmp_path / "journal"
    with supervising(journal) as process:
        process.kill()
        process.wait()
        assert eventually(lambda: len(pids(journal, "ended")) == 2, 5), "they are asked politely first"
        everybody = pids(journal, "started") + pids(journal, "grandchild")
        assert eventually(lambda: not any(alive(pid) for pid in everybody), 10)


def test_a_child_that_ignores_sigterm_does_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    """After kill -9 of the supervisor a service that does not end when asked is ended by force."""
    journal = tmp_path / "journal"
    with supervising(journal, "stubborn") as process:
        process.kill()
        process.wait()
        assert eventually(lambda: not any(alive(pid) for pid in pids(journal, "started")), 10)


def test_no_child_lingers_when_guardian_and_supervisor_are_killed(tmp_path: Path) -> None:
    """A guardian that is killed is replaced, so the children still end with the supervisor."""
    journal = tmp_path / "journal"
    with supervising(journal) as process:
        services = pids(journal, "started")
        guardian = next(child for child in psutil.Process(process.pid).children() if child.pid not in services)
        guardian.kill()
        assert eventually(lambda: len(psutil.Process(process.pid).children()) == 3)
        time.sleep(0.3)  # the new guardian must have begun to read its pipe
        process.kill()
        process.wait()
        everybody = services + pids(journal, "grandchild")
        assert eventually(lambda: not any(alive(pid) for pid in everybody), 10)


def test_a_second_interrupt_kills_children_that_do_not_end(tmp_path: Path) -> None:
    """Services that ignore SIGTERM delay the first Ctrl-C, and are killed at once by the second."""
    journal = tmp_path / "journal"
    with supervising(journal, "stubborn") as process:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert time.monotonic() - began < 3
    assert process.returncode == 130
    assert not any(alive(pid) for pid in pids(journal, "started"))


def test_a_child_killed_by_force_is_started_again(tmp_path: Path) -> None:
    """kill -9 of a service brings a new one, and the loss is printed."""
    journal = tmp_path / "journal"
    with supervising(journal) as process:
        os.kill(pids(journal, "started")[0], signal.SIGKILL)
        assert eventually(lambda: len(pids(journal, "started")) == 3)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert lines(journal)[-1].startswith("one ended")
    assert "one | [was ended by SIGKILL; starting it again in 0.2 s]" in output


async def printed(out: io.StringIO, text: str) -> None:
    """Wait until a text has been printed; fails after half a minute."""
    async with asyncio.timeout(30):
        while text not in out.getvalue():  # noqa: ASYNC110 - printing sets no Event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[Awaitable[int]]:
    """A supervisor inside the test, ended with it."""
    task = asyncio.create_task(supervisor.run())
    try:
        yield task
    finally:
        supervisor.stop()
        await task


async def test_a_child_that_is_never_ready_ends_all_with_an_error(tmp_path: Path) -> None:
    """The next child is not started, the first is ended, the exit code is 1 and the child is named."""
    journal, out = tmp_path / "journal", io.StringIO()
    slow = service("one", journal)

    async def never() -> bool:
        return False

    slow = Child("one", slow.argv, slow.env, never, ready_within=0.5)
    code = await Supervisor([slow, service("two", journal)], out=out).run()
    assert code == 1
    assert "one was not ready within 0.5 s" in out.getvalue()
    assert not any(line.startswith("two") for line in lines(journal))


async def test_readiness_by_url_waits_for_the_page(tmp_path: Path) -> None:
    """A URL is asked until it answers 2xx; an error page and a refused connection are "not yet"."""
    server = (
        "import http.server, sys, time\n"
        "time.sleep(0.3)\n"
        "class Page(http.server.BaseHTTPRequestHandler):\n"
        "    asked = 0\n"
        "    def do_GET(self):\n"
        "        Page.asked += 1\n"
        "        self.send_response(200 if Page.asked > 2 else 503)\n"
        "        self.end_headers()\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Page).serve_forever()\n"
    )
    port, out, all_ready = free_port(), io.StringIO(), asyncio.Event()
    child = Child("web", [sys.executable, "-c", server, str(port)], os.environ, f"http://127.0.0.1:{port}/health/ready")
    async with running(Supervisor([child], out=out, on_ready=all_ready.set)):
        async with asyncio.timeout(15):
            await all_ready.wait()
    assert out.getvalue().count(" 503 ") == 2


async def test_a_child_that_keeps_ending_is_reported_loudly_and_retried(tmp_path: Path) -> None:
    """The pauses grow, and after the fifth end within a minute the text says that something is wrong."""
    out = io.StringIO()
    child = Child("broken", [sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"], os.environ)
    async with running(Supervisor([child], out=out)):
        await printed(out, "SOMETHING IS WRONG")
    text = out.getvalue()
    pauses = [line.split()[-2] for line in text.splitlines() if "starting it again in" in line]
    assert pauses == ["0.2", "0.4", "0.8", "1.6", "3.2"]
    assert "exit code 3: 6 times within 60 s" in text


async def test_a_program_that_does_not_exist_is_reported_and_retried() -> None:
    """A command that cannot be started is not a crash of the supervisor."""
    out = io.StringIO()
    async with running(Supervisor([Child("ghost", ["/nonexistent/program"], os.environ)], out=out)):
        await printed(out, "0.4 s")
    assert "could not be started" in out.getvalue()


async def test_output_is_passed_on_without_loss() -> None:
    """A line of 200 kB, bytes that are not UTF-8, square brackets, JSON and an unended last line all arrive."""
    out = io.StringIO()
    program = (
        "import sys, time\n"
        "sys.stdout.buffer.write(b'x' * 200_000 + b'\\n' + b'bad \\xff byte\\n' + b'{\"event\": \"[red]a\"}\\nlast')\n"
        "sys.stdout.flush()\n"
        "time.sleep(60)\n"
    )
    async with running(Supervisor([Child("talker", [sys.executable, "-I", "-S", "-c", program], os.environ)], out=out)):
        await printed(out, '"event"')
    said = [line.removeprefix("talker | ") for line in out.getvalue().splitlines() if line.startswith("talker")]
    assert said == ["x" * 200_000, "bad \\xff byte", '{"event": "[red]a"}', "last"]
