"""Each promise's check is seen to fail: a part that is broken on purpose is found within a few seeds."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.simulation import sabotage
from tests.simulation.memory import Sabotage
from tests.simulation.noticing import IMPATIENCE_SECONDS, must_notice
from tests.simulation.world import simulate

SEEDS = (39, 37, 3, 1, 10, 8, 2, 4, 6, 9, 7, 12)
"""The first seeds of all: the troubles that show a broken part are absent from about half of the runs."""
MORE_SEEDS = range(13, 50)
"""A change of the product moves every death to another moment: when the first seeds show nothing, there are others."""
BROKEN_STATEMENTS: Mapping[str, tuple[Callable[[], Sabotage], str]] = {
    "the outbox loses a row": (lambda: sabotage.loses_one_in(7, "INSERT INTO outbox"), "never handled|are nowhere"),
    "the journal loses an entry": (lambda: sabotage.loses_one_in(5, "INSERT INTO journal"), "entries, last position"),
    "the inbox forgets": (sabotage.forgets_the_inbox, "never handled|has not handled it"),
    "a claim finds no deadlines": (sabotage.loses_deadlines, "deadlines to fire"),
    "deadlines are not stored": (sabotage.stores_no_deadlines, "status='running'|nobody noticed"),
    "the fence is open": (sabotage.claims_without_fence, "fencing"),
    "the relay passes over rows": (sabotage.passes_over_rows, "records to publish"),
    "the relay drops what the bus has": (sabotage.trusts_the_bus, "are nowhere|never handled"),
    "the reconciler sleeps": (sabotage.sleeps_over_lost_rows, "records to confirm"),
    "the notifier loses a request": (lambda: sabotage.loses_one_in(5, "INSERT INTO notifications"), "are nowhere"),
    "an early answer is not kept": (lambda: sabotage.loses_one_in(1, "INSERT INTO waiting_facts"), "left no trace"),
}
BROKEN_CODE: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], Sequence[int], float | None, str]] = {
    "the timers forget": (sabotage.forgets_new_deadlines, (4, 5, 6, 10, 11), None, "deadlines to fire"),
    "silence is taken for success": (sabotage.takes_silence_for_success, (42, 3, 6, 9), None, "and nobody took it"),
    "the offset goes ahead of the commit": (
        sabotage.advances_before_it_commits, (35, 28), 10.0, "has not handled it|never handled",
    ),
    "the notifier forgets an intent": (sabotage.sends_without_intent, (334, 371, 150), 5.0, "nobody had to doubt"),
    "a lost message is told to nobody": (sabotage.hears_of_losses_alone, (811, 79, 43), None, "its case never heard"),
    "a message is given up in silence": (sabotage.fails_in_silence, (3, 24, 37), None, "its case never heard"),
    "a message is late in silence": (sabotage.is_late_in_silence, (76, 64), None, "late, and its case never heard"),
    "a receipt is written over": (sabotage.writes_over_receipts, (811, 595, 79), None, "two contents|was delivered"),
    "an answer by SMS is not stored": (sabotage.thanks_for_answers, (13, 37, 63), None, "was answered, and is not in"),
}  # fmt: skip
"""How each is broken, the seeds to try first, deaths in a second in place of the plan's, and what the fault says."""


@pytest.mark.parametrize("part", BROKEN_STATEMENTS)
def test_a_part_whose_statements_are_broken_is_found(part: str) -> None:
    """A statement that is lost or says something else breaks a promise, and the fault says which."""
    broken, found = BROKEN_STATEMENTS[part]
    must_notice(
        found, (simulate(seed, sabotage=broken(), patience=IMPATIENCE_SECONDS).faults for seed in (*SEEDS, *MORE_SEEDS))
    )


@pytest.mark.parametrize("part", BROKEN_CODE)
def test_a_part_whose_code_is_broken_is_found(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that does something too early, or not at all, breaks a promise, and the fault says which."""
    broken, seeds, deaths, found = BROKEN_CODE[part]
    broken(monkeypatch)
    must_notice(
        found,
        (simulate(seed, deaths=deaths, patience=IMPATIENCE_SECONDS).faults for seed in (*seeds, *SEEDS, *MORE_SEEDS)),
    )
