"""Each promise about roll calls is seen to be checked: a part that is broken on purpose is found within a few lives."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.simulation import roll_sabotage as broken
from tests.simulation.noticing import IMPATIENCE_SECONDS, must_notice
from tests.simulation.world import simulate

SEEDS = (36, 70, 2, 33, 8, 44, 57, 52, 54, 12, 80, 50)
"""Lives with roll calls, the quick ones first."""
PARTS: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], Sequence[int], str]] = {
    "nobody is found missing": (broken.finds_nobody_missing, (36,), "found missing are"),
    "answers are not heard before a step": (broken.hears_nobody_out, (54, 6), "was on the bus since"),
    "a summary is told twice": (broken.tells_twice, (36,), "under two ids"),
    "the stand-in is forgotten": (broken.forgets_the_stand_in, (36,), "missing#.* was told to"),
    "the summary is of another sheet": (broken.tells_the_wrong_sheet, (44, 2), "was told|the summary|closed with"),
    "late steps do not say how late": (broken.is_late_in_silence, (57, 80), "minutes late"),
    "roll calls stay open": (broken.never_closes, (36,), "steps of roll calls"),
    "a roll call closes while schools wait": (broken.closes_before_all_are_chased, (12, 11), "was not taken"),
    "the second roll call of a day is not opened": (broken.opens_the_first_alone, (2, 44), "and did not"),
    "every zero is believed": (broken.believes_every_zero, (70, 8), "in spite of"),
    "a cut-off does not move": (broken.moves_no_cut_off, (2,), "was not taken|of a cut-off"),
    "nobody is excused": (broken.excuses_nobody, (36, 44), "is excused, and was told|the sheet of"),
    "an answer is not stored": (broken.thanks_for_answers, (36,), "was accepted at"),
}
"""How each is broken, the seeds to try first, and what the fault says."""


@pytest.mark.parametrize("part", PARTS)
def test_a_broken_part_of_the_roll_calls_is_found(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A roll call that forgets, or tells too much, too late or else, breaks a promise, and the fault says so."""
    sabotage, seeds, found = PARTS[part]
    sabotage(monkeypatch)
    must_notice(found, (simulate(seed, patience=IMPATIENCE_SECONDS).faults for seed in dict.fromkeys((*seeds, *SEEDS))))


def test_a_service_that_reads_slowly_breaks_no_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps wait for the answers on the bus, however slowly they are read: above, they did not wait."""
    broken.reads_slowly(monkeypatch)
    assert simulate(SEEDS[0]).faults == []
