"""The simulation itself: seeds that pass, a seed that repeats itself, and broken parts that are found.

``make sim`` runs thousands of seeds; these are a few seconds of it.
"""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.memory import Sabotage
from tests.simulation.sabotage import claims_without_fence, forgets_the_inbox, loses_deadlines, loses_one_in
from tests.simulation.world import simulate

SEEDS = (1, 2, 3, 4)
MOST_SEEDS = 4
"""How many seeds a broken part may hide from: the troubles that show it are absent from about half of the runs."""
IMPATIENCE_SECONDS = 24.0
"""A broken world never settles: enough of the loop's time to see that it does not."""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_holds_after_a_life_full_of_faults(seed: int) -> None:
    """Crashes, freezes, lost and doubled records, outages and lies: once healed, every promise is kept."""
    outcome = simulate(seed)
    assert outcome.faults == []
    assert outcome.cases > 0


def test_a_seed_lives_the_same_life_twice() -> None:
    """The log of everything that happened has the same hash, so a failure can be replayed; another seed differs."""
    once, again, other = simulate(4), simulate(4), simulate(2)
    assert once.digest == again.digest
    assert (once.records, once.crashes, once.case_hours) == (again.records, again.crashes, again.case_hours)
    assert once.digest != other.digest


def test_a_seed_lives_the_same_life_in_another_process() -> None:
    """Another process, with another order of sets, writes the same log: the printed command replays a failure."""
    told = [_in_a_process("12345", order) for order in ("1", "2")]
    assert re.search(r"seed 12345: ok, .* log [0-9a-f]{16}", told[0]), told[0]
    assert _log_of(told[0]) == _log_of(told[1])


def _in_a_process(seed: str, order_of_sets: str) -> str:
    command = [sys.executable, "-m", "tests.simulation", "--seed", seed]
    environment = {**os.environ, "PYTHONHASHSEED": order_of_sets}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout + done.stderr


def _log_of(told: str) -> str:
    return told.rsplit(" log ", 1)[1].strip()


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        pytest.param(loses_one_in(7, "INSERT INTO outbox"), "never handled|are nowhere", id="the outbox loses a row"),
        pytest.param(loses_one_in(5, "INSERT INTO journal"), "entries, last position", id="the journal loses an entry"),
        pytest.param(forgets_the_inbox(), "never handled|never settled", id="the inbox forgets"),
        pytest.param(loses_deadlines(), "deadlines to fire", id="a claim finds no deadlines"),
        pytest.param(claims_without_fence(), "fencing", id="the fence is open"),
    ],
)
def test_a_broken_part_is_found(sabotage: Sabotage, found: str) -> None:
    """A part that is broken on purpose breaks a promise within a few seeds, and the fault says which."""
    for seed in range(2, 2 + MOST_SEEDS):
        faults = simulate(seed, sabotage=sabotage, patience=IMPATIENCE_SECONDS).faults
        if faults:
            assert re.search(found, "\n".join(faults)), faults
            return
    pytest.fail(f"{MOST_SEEDS} seeds, and nobody noticed")
