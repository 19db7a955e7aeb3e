"""Many seeds, on as many cores as wished, and what came of them."""

import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context

from tests.simulation.outcome import Outcome
from tests.simulation.reaper import UNIT_OF_WORK
from tests.simulation.world import simulate

LEAST_SHOWN = 5
"""How many of the awaits at which fewest processes died are told."""
RUNS_A_PROCESS = 200
"""After so many runs a process is replaced by a fresh one, whose memory is not in pieces."""


def tell(outcome: Outcome) -> None:
    """Print what became of one run."""
    print(
        f"seed {outcome.seed}: {'FAILED' if outcome.faults else 'ok'}, {outcome.cases} cases, "
        f"{outcome.case_hours:.0f} case-hours, {outcome.roll_calls} roll calls, "
        f"{outcome.records} records, {outcome.crashes} crashes, {outcome.seconds:.2f} s, log {outcome.digest[:16]}"
    )
    for fault in outcome.faults:
        print(f"  {fault}")
    if outcome.faults:
        print(f"  replay: python -m tests.simulation --seed {outcome.seed} --verbose", flush=True)


def run_many(seeds: Sequence[int], jobs: int) -> int:
    """Run the seeds; print each failure with its seed, and the sums. Return 1 if anything failed."""
    began = time.perf_counter()
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    failed: list[int] = []
    hours, sums = 0.0, Counter[str]()
    counts, passed, died = Counter[str](), Counter[str](), Counter[str]()
    with get_context("spawn").Pool(jobs, maxtasksperchild=RUNS_A_PROCESS) as pool:
        for outcome in pool.imap_unordered(simulate, seeds):
            hours += outcome.case_hours
            sums.update(runs=1, cases=outcome.cases, calls=outcome.roll_calls, records=outcome.records)
            for total, one in ((counts, outcome.counts), (passed, outcome.passed), (died, outcome.died)):
                total.update(one)
            if outcome.faults:
                failed.append(outcome.seed)
                tell(outcome)
    seconds = time.perf_counter() - began
    print(
        f"{sums['runs']:,} runs, {sums['cases']:,} cases, {hours:,.0f} case-hours, {sums['calls']:,} roll calls, "
        f"{sums['records']:,} records, {len(failed)} failed, {seconds:.0f} s, {sums['runs'] / seconds:.2f} runs/s"
    )
    print("troubles: " + ", ".join(f"{what} {count:,}" for what, count in counts.most_common()))
    _tell_places(passed, died)
    if failed:
        print("failed seeds: " + " ".join(map(str, sorted(failed))))
    return 1 if failed else 0


def _tell_places(passed: Counter[str], died: Counter[str]) -> None:
    """Print how many of the awaits were died at, and which were not."""
    units = {place for place in passed if UNIT_OF_WORK.match(place)}
    print(
        f"processes died at {len(died)} of the {len(passed)} awaits they came to, "
        f"and at {len(units & died.keys())} of the {len(units)} in units of work"
    )
    for place in sorted(units, key=lambda one: (died[one], one))[:LEAST_SHOWN]:
        print(f"  {died[place]} at {place}, passed {passed[place]} times")
