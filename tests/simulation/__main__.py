"""``python -m tests.simulation``: many seeds, on as many cores as wished, or one seed told line by line."""

import argparse
import os
import sys

from tests.simulation.runs import run_many, tell
from tests.simulation.world import simulate


def main() -> int:
    """Run as asked; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this seed alone")
    parser.add_argument("--verbose", action="store_true", help="with --seed: print everything that happens")
    parser.add_argument("--runs", type=int, default=2000, help="how many seeds (2000)")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="SEED", help="the first of them (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time (one a core)")
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = simulate(asked.seed, keep=asked.verbose)
        if asked.verbose:
            print("\n".join(outcome.lines))
        tell(outcome)
        return 1 if outcome.faults else 0
    return run_many(range(asked.first, asked.first + asked.runs), asked.jobs)


if __name__ == "__main__":
    sys.exit(main())
