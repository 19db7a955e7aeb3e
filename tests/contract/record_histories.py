"""Record the histories of the book's lives: ``python -m tests.contract.record_histories`` (see ``history_files``).

What is on record is never overwritten: a life that is decided otherwise now is refused. ``--states`` writes the states
at the end anew, from the recorded journals. ``--anew`` records everything anew, for histories that were never released.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from escalation_policies.machine import replay
from tests.contract import lives_of_incidents, lives_of_messages, lives_of_petitions
from tests.contract.history_book import LIVES, Life
from tests.contract.history_files import HISTORIES, history_of, names, read_history, write_history, write_state

__all__ = ["CHAPTERS", "record", "record_states"]
CHAPTERS = (lives_of_incidents, lives_of_messages, lives_of_petitions)


def record(lives: Iterable[Life], folder: Path = HISTORIES) -> tuple[list[str], list[str]]:
    """Record what is not on record yet; return (recorded, refused): names that lack a file, and that would change."""
    recorded, refused = [], []
    known = names(folder)
    for life in lives:
        history = history_of(life.lived().decisions)
        if life.recorded_as not in known:
            write_history(life.recorded_as, history, folder)
            recorded.append(life.recorded_as)
            continue
        before = read_history(life.recorded_as, folder)
        if (before.journal, before.effects) != (history.journal, history.effects):
            refused.append(life.recorded_as)
    return recorded, refused


def record_states(folder: Path = HISTORIES) -> list[str]:
    """Write the state at the end of each recorded journal anew where its shape changed; return whose did."""
    changed = []
    for name in names(folder):
        history = read_history(name, folder)
        state = history_of(replay(history.entries)).state
        if state != history.state:
            write_state(name, state, folder)
            changed.append(name)
    return changed


def main() -> None:
    """Record, and say what was done; exit with 1 when something was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--states", action="store_true", help="write the states at the end anew, from the journals")
    parser.add_argument("--anew", action="store_true", help="throw away every history first: none was released yet")
    chosen = parser.parse_args()
    if chosen.anew:
        for file in HISTORIES.glob("*.json*"):
            file.unlink()
    recorded, refused = record(LIVES.values())
    for name in recorded:
        print(f"recorded {name}")
    for name in record_states() if chosen.states else ():
        print(f"wrote the state of {name} anew")
    for name in refused:
        print(f"REFUSED {name}: the core decides otherwise now than was recorded")
    print(f"{len(names())} histories are on record in {HISTORIES.name}/")
    if refused:
        raise SystemExit("Journals like these are in use: see tests/contract/history_files.py for what to do.")


if __name__ == "__main__":
    main()
