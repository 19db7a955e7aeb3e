"""What the supervisor makes of its children: readiness, restarts and their output."""

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

from services.cli.child_process import Child
from services.cli.supervisor import Supervisor
from tests.support.ports import free_port
from tests.support.supervised import lines, service


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
