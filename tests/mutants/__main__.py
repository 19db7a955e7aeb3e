"""``python -m tests.mutants [LIKE]``: break the core in small ways, and ask of each whether a test notices.

Run from the root of the project, in the environment that ``make mutants`` makes.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.results import FOLDER, Result, freshen, read
from tests.mutants.table import PAGE, explained

ALL = "*"
STOPPED = 130
"""As a shell says of what Ctrl-C ended."""


def main(like: str = ALL) -> int:
    """Try what was not tried, or all that is ``like`` this again; 1 when a mutant lives that nobody explained."""
    os.environ.pop("MUTANT_UNDER_TEST", None)
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another run is at work in {FOLDER}/: wait for its end, or stop it; what it knows is kept")
            return 1
        return _run(like)


def _run(like: str) -> int:
    freshen()
    command = [str(Path(sys.executable).with_name("mutmut")), "run"]
    if jobs := os.environ.get("MUTANTS_JOBS"):
        command += ["--max-children", jobs]
    try:
        done = subprocess.run([*command, *([] if like == ALL else [like])], check=False)
    except KeyboardInterrupt:
        print("\nstopped: run this again, and it goes on where it was")
        return STOPPED
    if done.returncode:
        print("mutmut did not come to its end: mend what it says above, and run this again; what it knows is kept")
        return done.returncode
    return _judge(read(like), whole=like == ALL)


def _judge(results: Sequence[Result], *, whole: bool) -> int:
    """Hold what lives against the table; say what is missing there, and what is there for nothing."""
    table = explained(PAGE.read_text(encoding="utf-8"))
    living = [(result.change, result.name) for result in results if result.is_noticed is False]
    unexplained = sorted((what, name) for what, name in living if what not in table)
    idle = sorted(table.keys() - {what for what, _ in living}) if whole else []
    untried = sum(result.is_noticed is None for result in results)
    noticed = sum(result.is_noticed is True for result in results)
    print(
        f"\n{len(results):,} mutants: {noticed:,} noticed, {len(living) - len(unexplained)} explained, "
        f"{len(unexplained)} that no test notices, {untried:,} not tried"
    )
    for what, name in unexplained:
        print(f"  {name}\n    {what.row('?')}")
    if untried:
        print("run this again: it goes on where it was")
        return 1
    for what in idle:
        print(f"  a row of docs/mutants.md is of no use, its mutant is noticed or gone:\n    {what.row('…')}")
    if unexplained:
        print("write a test that fails for each, or explain in docs/mutants.md why nobody can notice it")
    return 1 if unexplained or idle else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
