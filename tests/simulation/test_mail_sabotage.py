"""Each promise about emails is seen to be checked: a part that is broken on purpose is found within a few lives."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from tests.simulation import mail_sabotage as broken
from tests.simulation.noticing import IMPATIENCE_SECONDS, must_notice
from tests.simulation.world import simulate

SEEDS = range(1, 51)
"""A change of the product moves every death to another moment: when the first seeds show nothing, there are others."""
PARTS: Mapping[str, tuple[Callable[[pytest.MonkeyPatch], None], Sequence[int], str]] = {
    "bounces are taken and dropped": (
        broken.takes_bounces_and_drops_them,
        (46, 43, 79),
        "counts as|told that it is lost",
    ),
    "any return address is believed": (broken.believes_any_return_address, (79, 43), "return address was believed"),
    "a true bounce is refused": (broken.knows_no_capitals, (811, 79), "a true bounce was refused"),
    "a dead mailbox is not flagged": (broken.flags_nobody, (811, 79, 43), "and it is not flagged"),
    "another's mailbox is flagged": (broken.flags_whomever_it_sent_to, (43, 37), "no server said so of its mailbox"),
    "who is not reached is waited for": (broken.waits_for_who_is_not_reached, (1238, 1819), "nobody else was told"),
    "a look is an answer": (broken.takes_a_look_for_an_answer, (85, 43), "that nobody pressed"),
    "any link is believed": (broken.believes_any_link, (43, 52), "forged link was believed|nobody pressed"),
    "links live for ever": (
        broken.lets_links_live_for_ever,
        (18, 59, 104),
        "none of .'expired'. was seen|nobody pressed",
    ),
    "a press is not stored": (broken.thanks_for_presses, (91,), "was answered, and is not in|no roll call has heard"),
    "every press of a link counts": (broken.takes_every_press, (91, 85), "one link gave two answers"),
}
"""How each is broken, the seeds to try first, and what the fault says."""


@pytest.mark.parametrize("part", PARTS)
def test_a_broken_part_of_the_mail_is_found(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever forgets an email that came back, or takes for an answer what is none, breaks a promise."""
    sabotage, seeds, found = PARTS[part]
    sabotage(monkeypatch)
    must_notice(found, (simulate(seed, patience=IMPATIENCE_SECONDS).faults for seed in dict.fromkeys((*seeds, *SEEDS))))
