"""The supervisor of `tocsin up` with real child processes, signalled and killed: order, restarts, and no orphans."""

import os
import signal
import time
from pathlib import Path

import psutil

from tests.support.supervised import alive, eventually, lines, pids, supervising


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
