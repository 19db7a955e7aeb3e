"""What is said of a petition counts the same in whatever order it is carried: what came too late stays so."""

import pytest

from events.petition import PetitionAccepted, PetitionDeclined, PetitionResolved, ReviewAsked
from tests.unit.test_machine_petition import accepted, filed
from tests.unit.test_machine_petition_lateness import late


def test_review_asked_too_late_for_an_answer_that_came_to_be_known_after_it_stays_too_late() -> None:
    """Answered on day 15, asked on day 50, and only then the answer is known: its 30 days were over."""
    scenario = accepted()
    scenario.pass_days(41)
    scenario.happen(ReviewAsked)
    scenario.pass_days(5)
    late(scenario, PetitionResolved, 40, by="principal", answer="paid back")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.resolved_at is not None
    assert scenario.opened.petition.review_asked_at is None


def test_review_asked_in_time_for_a_refusal_that_was_none_is_too_late_for_the_answer() -> None:
    """Refused on day 8 and accepted on day 4 after all; answered on day 5, and only its own 30 days count."""
    scenario = filed()
    scenario.pass_days(8)
    scenario.say(PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(1)
    late(scenario, PetitionAccepted, 5, by="deputy")
    scenario.pass_days(29)  # 9 October, which the refusal would have had as its last day
    scenario.happen(ReviewAsked)
    scenario.pass_days(1)
    late(scenario, PetitionResolved, 34, by="deputy", answer="paid back")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.review_asked_at is None


@pytest.mark.parametrize("notices", [(None, "A"), ("A", "B")])
def test_of_two_acceptances_of_one_moment_the_same_counts_in_either_order(notices: tuple[str | None, str]) -> None:
    """What the petitioner is told hangs on nobody's network."""
    for order in (notices, notices[::-1]):
        scenario = filed()
        for notice in order:
            scenario.say(PetitionAccepted, "principal", notice=notice)
        assert scenario.opened.petition is not None
        assert scenario.opened.petition.notice == notices[0]
