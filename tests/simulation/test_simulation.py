"""The simulation itself: seeds that pass, a seed that repeats itself, and broken parts that are found.

``make sim`` runs thousands of seeds; these are a few seconds of it.
"""

import re
from collections.abc import Iterator

import pytest

from tests.simulation.memory import Sabotage
from tests.simulation.world import simulate

SEEDS = (1, 2, 3, 4)
MOST_SEEDS = 4
"""How many seeds a broken part may hide from: the troubles that show it are absent from about half of the runs."""


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


def _every(nth: int, statement: str) -> Sabotage:
    """Leave out every ``nth`` statement that begins like this."""
    turns: Iterator[int] = iter(range(1, 10**9))

    def broken(asked: str) -> str | None:
        return None if asked.startswith(statement) and next(turns) % nth == 0 else asked

    return broken


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        pytest.param(_every(7, "INSERT INTO outbox"), "never handled|are nowhere", id="the outbox loses a row"),
        pytest.param(_every(5, "INSERT INTO journal"), "entries, last position", id="the journal loses an entry"),
    ],
)
def test_a_broken_part_is_found(sabotage: Sabotage, found: str) -> None:
    """A part that is broken on purpose breaks a promise within a few seeds, and the fault says which."""
    for seed in range(2, 2 + MOST_SEEDS):
        faults = simulate(seed, sabotage=sabotage).faults
        if faults:
            assert re.search(found, faults[0]), faults
            return
    pytest.fail(f"{MOST_SEEDS} seeds, and nobody noticed")
