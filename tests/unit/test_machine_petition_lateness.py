"""Petitions, and the times of the facts: what happened in time counts, however late and in whatever order it came."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import permutations

import pytest

from events.base import CaseFact
from events.incident import UpdateFiled
from events.petition import (
    ExtensionGranted,
    PetitionAccepted,
    PetitionDeclined,
    PetitionResolved,
    PetitionWithdrawn,
    ReviewAnswered,
    ReviewAsked,
)
from tests.support.scenario import DAY, START, Scenario
from tests.unit.test_machine_petition import ACCEPTANCE, RESOLUTION, REVIEW, REVIEW_REQUEST, accepted, filed, resolved


def late(scenario: Scenario, fact: type[CaseFact], days: float, **fields: str) -> None:
    """Carry a fact ``days`` after it happened."""
    scenario.happen(fact, carried_late_minutes=days * DAY, **fields)


def test_acceptance_in_time_carried_late_withdraws_the_breach_and_the_chase() -> None:
    """Accepted on the 14th day, carried on the 25th: no breach, no chase, and who heard of it hears that."""
    scenario = filed()
    scenario.pass_days(25)
    late(scenario, PetitionAccepted, 11, by="principal")
    assert scenario.status(ACCEPTANCE) == "satisfied"
    assert [key for key in scenario.opened.deadlines() if not key.startswith("resolution")] == []
    assert "director" in {who for _, who in scenario.told(template="petition_correction")}
    clock = scenario.opened.clock(RESOLUTION)
    assert clock is not None
    assert clock.started_at == START + timedelta(days=14)


def test_review_asked_in_time_carried_after_the_end_opens_the_petition_again() -> None:
    """The petitioner asked within 30 days: that the record came later takes no right away."""
    scenario = resolved()
    scenario.pass_days(45)
    assert len(scenario.reasons("case-completed")) == 1
    late(scenario, ReviewAsked, 20)
    assert scenario.opened.status == "open"
    assert REVIEW in scenario.opened.deadlines()
    assert len(scenario.reasons("reopened")) == 1


def test_acceptance_before_a_refusal_carried_after_it_stands() -> None:
    """Accepted on day 4, refused on day 6, carried in the other order: it is accepted."""
    scenario = filed()
    scenario.pass_days(6)
    scenario.say(PetitionDeclined, "principal", reason="not ours")
    late(scenario, PetitionAccepted, 2, by="deputy")
    assert scenario.status(REVIEW_REQUEST) == "cancelled"
    assert set(scenario.opened.deadlines()) == {RESOLUTION}


def test_acceptance_before_a_refusal_opens_a_petition_that_ended_with_it() -> None:
    """Even when the time for review of the refusal is over."""
    scenario = filed()
    scenario.pass_days(6)
    scenario.say(PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(50)
    assert len(scenario.reasons("case-completed")) == 1
    late(scenario, PetitionAccepted, 52, by="deputy")
    assert scenario.opened.status == "open"
    assert RESOLUTION in scenario.opened.deadlines()
    scenario.say(PetitionResolved, "principal", answer="paid back")
    assert any(key.startswith("review_request") for key in scenario.opened.deadlines())


def test_refusal_carried_after_an_acceptance_is_withheld() -> None:
    """The petitioner was told that it is accepted, and relies on it."""
    scenario = accepted()
    late(scenario, PetitionDeclined, 2, by="deputy", reason="not ours")
    assert RESOLUTION in scenario.opened.deadlines()


def test_acceptance_carried_while_the_refusal_is_reviewed_is_withheld() -> None:
    """The petitioner has asked the level above: it answers."""
    scenario = filed()
    scenario.pass_days(6)
    scenario.say(PetitionDeclined, "principal", reason="not ours")
    scenario.happen(ReviewAsked)
    late(scenario, PetitionAccepted, 2, by="deputy")
    assert REVIEW in scenario.opened.deadlines()


def test_answer_in_time_carried_late_withdraws_the_breach() -> None:
    """Answered on the 59th day, carried on the 70th."""
    scenario = accepted()
    scenario.pass_days(70)
    assert scenario.status(RESOLUTION) == "breached"
    late(scenario, PetitionResolved, 11, by="principal", answer="paid back")
    assert scenario.status(RESOLUTION) == "satisfied"
    assert set(scenario.opened.deadlines()) == {REVIEW_REQUEST}


def test_extension_in_time_carried_late_withdraws_the_breach() -> None:
    """Prolonged on the 55th day, carried on the 70th: the time to answer runs on."""
    scenario = accepted()
    scenario.pass_days(70)
    late(scenario, ExtensionGranted, 15, by="principal", reason="an expert was asked")
    assert (scenario.status(RESOLUTION), len(scenario.kinds("breach-withdrawn"))) == ("cancelled", 1)
    ((key, deadline),) = [(k, d) for k, d in scenario.opened.deadlines().items() if k.startswith("resolution")]
    assert (key, (deadline - START).days) == ("resolution@school#3", 99)


def test_extension_carried_after_the_prolonged_time_leaves_a_true_breach() -> None:
    """Even 90 days are over when it comes: the breach is that of the later day, and is chased."""
    scenario = accepted()
    scenario.pass_days(120)
    late(scenario, ExtensionGranted, 65, by="principal", reason="an expert was asked")
    scenario.pass_days(1)
    breaches = [e for e in scenario.entries if e.kind == "breach-recorded" and (e.clock or "").startswith("resolution")]
    assert (breaches[-1].received_at - START).days == 99
    assert any(key.startswith("resolution") for key in scenario.opened.deadlines())


def test_earlier_acceptance_carried_after_a_later_one_moves_the_time_to_answer() -> None:
    """Accepted by telephone on day 4 and by letter on day 9: the 60 days run from day 4."""
    scenario = accepted(9)
    late(scenario, PetitionAccepted, 5, by="deputy")
    clock = scenario.opened.clock(RESOLUTION)
    assert clock is not None
    assert clock.started_at == START + timedelta(days=4)


def test_time_to_answer_that_is_over_by_an_earlier_acceptance_is_a_breach() -> None:
    """On day 67 it comes to be known that it was accepted on day 4: the 60 days are over, and that is not passed by."""
    scenario = accepted(9)
    scenario.pass_days(58)
    late(scenario, PetitionAccepted, 63, by="deputy")
    scenario.pass_minutes(1)
    assert scenario.status(RESOLUTION) == "breached"


def test_withdrawal_carried_late_takes_back_what_was_breached_since() -> None:
    """Taken back on day 10, carried on day 20: nobody breached a petition that was none any more."""
    scenario = filed()
    scenario.pass_days(20)
    assert scenario.status(ACCEPTANCE) == "breached"
    late(scenario, PetitionWithdrawn, 10)
    assert scenario.status(ACCEPTANCE) == "cancelled"
    assert "director" in {who for _, who in scenario.told(template="petition_correction")}
    assert scenario.opened.closed_at == START + timedelta(days=10)


def test_acceptance_in_time_carried_after_the_withdrawal_withdraws_the_breach() -> None:
    """A closed petition's record is set right, and no clock starts in it."""
    scenario = filed()
    scenario.pass_days(20)
    scenario.happen(PetitionWithdrawn)
    late(scenario, PetitionAccepted, 8, by="principal")
    assert (scenario.status(ACCEPTANCE), scenario.opened.status) == ("satisfied", "closed")
    assert scenario.opened.next_due_at is None


def test_update_in_time_carried_after_the_withdrawal_starts_no_further_round() -> None:
    """People at the gate, reported at once; taken back on day 2. Nobody owes the update that would be next."""
    scenario = Scenario()
    scenario.petition("petition-on-site", severity="IV")
    scenario.report_upward("principal")
    scenario.pass_days(2)
    scenario.happen(PetitionWithdrawn)
    late(scenario, UpdateFiled, 1.5, by="principal", summary="talks in the hall")
    assert scenario.status("follow_up@school") == "satisfied"
    assert scenario.opened.next_due_at is None
    (withheld,) = (entry for entry in scenario.entries if "no clock starts in a closed case" in entry.reason)
    assert withheld.reason.endswith("(the next update or the final report is due)")
    assert (withheld.kind, withheld.level, withheld.received_at) == (
        "action-withheld",
        "school",
        START + timedelta(days=0.5),
    )


def test_later_answer_never_shortens_the_promised_time_for_review() -> None:
    """An answer of an earlier day comes to be known: the petitioner keeps the date they were told."""
    scenario = resolved()
    promised = scenario.opened.deadlines()[REVIEW_REQUEST]
    late(scenario, PetitionResolved, 20, by="deputy", answer="paid back")
    scenario.pass_days((promised - scenario.now).total_seconds() / 86400)
    scenario.happen(ReviewAsked)
    assert len(scenario.kinds("review-asked")) == 1


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_change_nothing(copies: int) -> None:
    """Whatever comes again finds it known."""
    scenario = accepted()
    once = scenario.opened.deadlines()
    for _ in range(copies):
        scenario.say(PetitionAccepted, "principal", notice="we look into it")
    assert scenario.opened.deadlines() == once
    assert len(scenario.kinds("petition-accepted")) == 1


def life(*steps: tuple[type[CaseFact], float, dict[str, str]]) -> list[Callable[[Scenario], None]]:
    """Return ways to carry facts on day 120, each with its own day."""
    return [lambda s, step=step: late(s, step[0], 120 - step[1], **step[2]) for step in steps]  # type: ignore[misc]


FACTS = life(
    (PetitionAccepted, 9, {"by": "principal"}),
    (ExtensionGranted, 60, {"by": "principal", "reason": "an expert"}),
    (PetitionResolved, 80, {"by": "principal", "answer": "paid back"}),
    (ReviewAsked, 85, {}),
    (ReviewAnswered, 100, {"by": "director", "answer": "right"}),
)


@pytest.mark.parametrize("order", list(permutations(range(5))), ids=str)
def test_order_of_carrying_does_not_matter(order: Sequence[int]) -> None:
    """Five facts in any of their 120 orders tell one petition."""
    scenario = Scenario()
    scenario.petition()
    scenario.acknowledge("director")
    scenario.pass_days(16)
    scenario.acknowledge("director")
    scenario.sleep_minutes(104 * DAY)
    for index in order:
        FACTS[index](scenario)
    state = scenario.opened.petition
    assert state is not None
    times = (state.accepted_at, state.extended_at, state.resolved_at, state.review_asked_at, state.review_answered_at)
    assert times == tuple(START + timedelta(days=day) for day in (9, 60, 80, 85, 100))
    assert (scenario.opened.status, scenario.opened.next_due_at) == ("closed", None)
