"""``python -m tests.simulation``: many seeds in parallel, or one seed told line by line.

Environment: SIM_RUNS (2000) and SIM_FIRST (1), the number of seeds and the first of them.
"""

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
    parser.add_argument("--runs", type=int, default=int(os.environ.get("SIM_RUNS", "2000")))
    parser.add_argument("--first", type=int, default=int(os.environ.get("SIM_FIRST", "1")))
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = simulate(asked.seed, keep=asked.verbose)
        if asked.verbose:
            print("\n".join(outcome.lines))
        tell(outcome)
        return 1 if outcome.faults else 0
    return run_many(range(asked.first, asked.first + asked.runs), asked.processes)


if __name__ == "__main__":
    sys.exit(main())
