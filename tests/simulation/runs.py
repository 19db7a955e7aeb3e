"""Many seeds on every core, and what came of them."""

import time
from collections.abc import Iterable
from multiprocessing import get_context

from tests.simulation.world import Outcome, simulate

SHOWN = 20
"""Lines of the diary that are printed of a run that failed."""


def tell(outcome: Outcome) -> None:
    """Print what became of one run."""
    print(
        f"seed {outcome.seed}: {'FAILED' if outcome.faults else 'ok'}, {outcome.cases} cases, "
        f"{outcome.case_hours:.0f} case-hours, {outcome.records} records, {outcome.crashes} crashes, "
        f"{outcome.seconds:.2f} s, log {outcome.digest[:16]}"
    )
    for fault in outcome.faults:
        print(f"  {fault}")
    if outcome.faults:
        print(f"  replay: python -m tests.simulation --seed {outcome.seed} --verbose")


def run_many(seeds: Iterable[int], processes: int) -> int:
    """Run the seeds; print each failure with its seed, and the sums. Return 1 if anything failed."""
    began = time.perf_counter()
    runs, failed, hours, records, crashes, cases = 0, list[int](), 0.0, 0, 0, 0
    with get_context("spawn").Pool(processes) as pool:
        for outcome in pool.imap_unordered(simulate, seeds):
            runs += 1
            hours += outcome.case_hours
            records += outcome.records
            crashes += outcome.crashes
            cases += outcome.cases
            if outcome.faults:
                failed.append(outcome.seed)
                tell(outcome)
    seconds = time.perf_counter() - began
    print(
        f"{runs} runs, {cases} cases, {hours:,.0f} case-hours, {records:,} records, {crashes:,} crashes, "
        f"{len(failed)} failed, {seconds:.0f} s, {runs / seconds:.2f} runs/s"
    )
    if failed:
        print("failed seeds: " + " ".join(map(str, sorted(failed))))
    return 1 if failed else 0
