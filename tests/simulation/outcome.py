"""What a run begins with, and what became of it."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.simulation.memory import Sabotage
from tests.simulation.plan import Plan


@dataclass(frozen=True)
class Beginning:
    """What the world of a run is made of."""

    rng: Random
    later: Random
    """Dice of what came into the world later."""
    mail: Random
    """Dice of what befalls emails, and of who answers by their links."""
    plan: Plan
    folder: Path
    sabotage: Sabotage | None
    patience: float
    deaths_at: Collection[str]


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    digest: str
    faults: list[str]
    case_hours: float
    records: int
    cases: int
    roll_calls: int
    lines: list[str]
    counts: Counter[str]
    """How often each trouble came."""
    passed: Counter[str]
    """The awaits at which somebody might have died, while somebody was to die."""
    died: Counter[str]
    """The awaits at which processes died."""
    seed: int = 0
    seconds: float = 0.0

    @property
    def crashes(self) -> int:
        """Return how many processes died."""
        return self.counts["killed"]
