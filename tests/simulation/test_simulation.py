"""The simulation itself: seeds that pass, a seed that repeats itself, deaths at every await of a unit of work.

``make sim`` runs thousands of seeds; these are a few seconds of it. ``test_sabotage`` has what it must find.
"""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.world import simulate

SEEDS = (3, 12, 70, 43)
"""All but the first have roll calls; in the life of the last, emails come back and links are pressed."""
DEADLY_SEEDS = (36, 70, 2, 44, 52, 54, 12, 33, 8, 17, 9)
DEATHS_A_SECOND = 10.0

AWAITS = tuple(
    f"{service}: {call}"
    for service, calls in {
        "intake": (
            "BEGIN IMMEDIATE", "INSERT idempotency", "INSERT outbox", "COMMIT of idempotency",
            "after COMMIT of idempotency", "UPDATE outbox", "COMMIT of outbox", "after COMMIT of outbox",
            "UPDATE notifications", "COMMIT of notifications", "after COMMIT of notifications",
        ),
        "escalation": (
            "SELECT consumed", "SELECT inbox", "SELECT cases", "BEGIN IMMEDIATE", "SELECT ownership", "INSERT cases",
            "INSERT journal", "UPDATE ownership", "INSERT outbox", "INSERT inbox", "INSERT consumed",
            "COMMIT of cases", "after COMMIT of cases", "UPDATE outbox", "COMMIT of outbox", "after COMMIT of outbox",
        ),
        "notifier": (
            "SELECT consumed", "SELECT inbox", "BEGIN IMMEDIATE", "SELECT ownership", "INSERT notifications",
            "INSERT inbox", "INSERT consumed", "UPDATE notifications", "INSERT outbox",
            "COMMIT of notifications", "after COMMIT of notifications",
        ),
        "roll_call": (
            "SELECT consumed", "SELECT inbox", "SELECT remembered", "SELECT roll_calls", "SELECT roll_call_parts",
            "SELECT school_days", "BEGIN IMMEDIATE", "SELECT ownership", "INSERT school_days", "INSERT roll_calls",
            "INSERT roll_call_parts", "INSERT remembered", "INSERT outbox", "INSERT inbox", "INSERT consumed",
            "COMMIT of roll_calls", "after COMMIT of roll_calls", "COMMIT of roll_call_parts",
            "after COMMIT of roll_call_parts", "COMMIT of school_days", "after COMMIT of school_days",
            "UPDATE outbox", "COMMIT of outbox", "after COMMIT of outbox",
        ),
    }.items()
    for call in calls
)  # fmt: skip
"""Every call of the units of work: what is read, the fence, each write, and before and after the commit."""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_holds_after_a_life_full_of_faults(seed: int) -> None:
    """Crashes, freezes, lost and doubled records, outages and lies: once healed, every promise is kept."""
    outcome = simulate(seed)
    assert outcome.faults == []
    assert outcome.cases > 0


def test_a_death_at_any_await_of_a_unit_of_work_breaks_no_promise() -> None:
    """Within a few lives some process has died at each call of each unit of work, and nothing came of it."""
    wanted = set(AWAITS)
    for seed in DEADLY_SEEDS:
        outcome = simulate(seed, deaths=DEATHS_A_SECOND, deaths_at=wanted)
        assert outcome.faults == [], f"seed {seed}, deaths at {sorted(wanted)}"
        wanted -= outcome.died.keys()
        if not wanted:
            return
    pytest.fail(f"nobody died at {sorted(wanted)}")


def test_a_seed_lives_the_same_life_twice() -> None:
    """The log of everything that happened has the same hash, so a failure can be replayed; another seed differs."""
    once, again, other = simulate(70), simulate(70), simulate(36)
    assert once.digest == again.digest
    assert (once.records, once.died, once.case_hours) == (again.records, again.died, again.case_hours)
    assert once.digest != other.digest


def test_a_seed_lives_the_same_life_in_another_process() -> None:
    """Another process, with another order of sets, writes the same log: the printed command replays a failure."""
    told = [_in_a_process("36", order) for order in ("1", "2")]
    assert re.search(r"seed 36: ok, .* log [0-9a-f]{16}", told[0]), told[0]
    assert _log_of(told[0]) == _log_of(told[1])


def _in_a_process(seed: str, order_of_sets: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seed", seed]
    environment = {**os.environ, "PYTHONHASHSEED": order_of_sets}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def _log_of(told: str) -> str:
    return told.rsplit(" log ", 1)[1].strip()
