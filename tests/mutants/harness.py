"""A pytest plugin: what runs inside mutmut, which tests, in which order, and for how long at most.

A mutant may never end, or eat all memory. Wall time says nothing on a busy machine, so each test has so many seconds of
the processor: beyond them the process ends as it does at a limit of the system, and mutmut counts a mutant that was
noticed.
"""

import json
import os
import resource
import signal
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

import pytest

CONCERNED = (
    "test_calendar.py",
    "test_clockwork.py",
    "test_machine_*.py",
    "test_replay_asks_nobody.py",
    "test_stories.py",
    "test_transitions.py",
)
"""The unit tests of what is mutated; mutmut takes of these those that come through the broken function."""
STORIES = "test_stories.py"
MEASURING = ("takes_no_longer_than",)
"""Tests that look at a watch: on a busy machine they would notice what is not there."""
SECONDS_A_TEST = 20
"""Processor seconds of one test; the longest takes 2."""
MOST_BYTES = 3 << 30
"""Memory of one process; without a mutant it takes a tenth of this."""
STATS = Path("mutmut-stats.json")
"""What mutmut measured, as seen from its folder."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the unit tests that are not about the core, and need what is not installed here."""
    if collection_path.name.startswith("test_") and not any(fnmatch(collection_path.name, one) for one in CONCERNED):
        return True
    return None


def pytest_sessionstart() -> None:
    """Bound the memory of this process."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, most))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks at a watch, and begin with the shortest story: it notices most."""
    left_out = [item for item in items if any(word in item.name for word in MEASURING)]
    config.hook.pytest_deselected(items=left_out)
    durations = _durations()
    kept = (item for item in items if item not in left_out)
    items[:] = sorted(kept, key=lambda item: (STORIES not in item.nodeid, durations.get(item.nodeid, 0)))


def _durations() -> Mapping[str, float]:
    if not STATS.exists():
        return {}
    found: Mapping[str, float] = json.loads(STATS.read_text(encoding="utf-8"))["duration_by_test"]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Give each test its seconds of the processor."""
    signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, SECONDS_A_TEST)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_long(_number: int, _frame: object) -> None:
    os.kill(os.getpid(), signal.SIGXCPU)
