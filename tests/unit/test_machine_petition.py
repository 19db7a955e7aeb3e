"""信访工作条例 2022: accepted or declined in 15 days, answered in 60, reviewed in 30, at the cost of the office."""

from datetime import UTC, datetime, timedelta

import pytest

from events.petition import (
    ExtensionGranted,
    PetitionAccepted,
    PetitionDeclined,
    PetitionResolved,
    ReviewAnswered,
    ReviewAsked,
)
from tests.support.policy_variants import library
from tests.support.scenario import Scenario, shipped

ACCEPTANCE = "acceptance@school"
RESOLUTION = "resolution@school"
REVIEW_REQUEST = "review_request@school"
REVIEW = "review@district"
OFFICES = ["principal", "deputy", "director", "district-deputy", "petition-officer", "bureau"]


def filed(kind: str = "petition") -> Scenario:
    """Return a petition of 1 September 2026, 10:00 in Shanghai, whose school has confirmed that it has it."""
    scenario = Scenario()
    scenario.petition(kind)
    scenario.acknowledge("principal")
    return scenario


def accepted(after_days: float = 9) -> Scenario:
    scenario = filed()
    scenario.pass_days(after_days)
    scenario.say(PetitionAccepted, "principal", notice="we look into it")
    return scenario


def resolved() -> Scenario:
    """Return a petition answered on the 50th day after it was accepted."""
    scenario = accepted()
    scenario.pass_days(50)
    scenario.say(PetitionResolved, "principal", answer="the fee is paid back")
    return scenario


def deadline(scenario: Scenario, key: str) -> datetime:
    return scenario.opened.deadlines()[key]


def midnight(day: str) -> datetime:
    """Return the end of the day before ``day`` in Shanghai."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=8)


def test_office_has_15_days_to_accept_or_decline() -> None:
    """From the day after the filing; a reminder at half and at four fifths, and nothing else until then."""
    scenario = filed()
    assert deadline(scenario, ACCEPTANCE) == midnight("2026-09-17")
    scenario.pass_days(15)
    assert [r.template for r in scenario.requests if r.clock == ACCEPTANCE and r.channel == "sms"] == [
        "petition_duty",  # half: the principal
        "petition_duty",  # four fifths: the principal and who stands in
        "petition_duty",
    ]
    assert scenario.kinds("breach-recorded") == []


def test_acceptance_starts_60_days_to_answer() -> None:
    """Counted from the acceptance, whenever it was."""
    scenario = accepted(9)
    assert scenario.status(ACCEPTANCE) == "satisfied"
    assert deadline(scenario, RESOLUTION) == midnight("2026-11-10")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.notice == "we look into it"


def test_refusal_is_told_with_its_reason_and_leaves_30_days_to_ask_for_review() -> None:
    """Declined is an answer: no time to answer runs, the remedy does."""
    scenario = filed()
    scenario.pass_days(5)
    scenario.say(PetitionDeclined, "principal", reason="not ours; the labour office is responsible")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.notice == "not ours; the labour office is responsible"
    assert set(scenario.opened.deadlines()) == {REVIEW_REQUEST}
    assert deadline(scenario, REVIEW_REQUEST) == midnight("2026-10-09")  # the 6th is within the holiday


def test_silence_is_told_upward_and_again_and_again() -> None:
    """Overdue at the end of 16 September; then the district hears every three working days until it is done."""
    scenario = filed()
    scenario.pass_days(31)
    told = [at for at, who in scenario.told(template="petition_overdue") if who == "director"]
    days = [datetime(2026, 9, 1, 2, tzinfo=UTC) + timedelta(minutes=at) for at in told]
    assert days == [midnight(day) for day in ("2026-09-17", "2026-09-22", "2026-09-29")]  # the 25th is a holiday
    assert deadline(scenario, "acceptance@school#3") == midnight("2026-10-10")


def test_overdue_is_chased_where_nobody_answers_for_as_long_as_it_takes() -> None:
    """Half a year later the office still owes an answer, and a clock still runs for it."""
    scenario = filed()
    scenario.acknowledge("principal")
    scenario.pass_days(200)
    assert any(key.startswith(ACCEPTANCE) for key in scenario.opened.deadlines())


def test_late_acceptance_ends_the_chase_and_leaves_the_breach() -> None:
    """Accepted on the 20th day: late, but from there the 60 days run and nobody is chased any more."""
    scenario = accepted(20)
    assert scenario.status(ACCEPTANCE) == "breached"
    assert [key for key in scenario.opened.deadlines() if key.startswith("acceptance")] == []
    assert RESOLUTION in scenario.opened.deadlines()


def test_unanswered_petition_is_told_upward_when_60_days_are_over() -> None:
    """The office that accepted and says nothing is overdue, and chased."""
    scenario = accepted()
    scenario.pass_days(70)
    assert scenario.status(RESOLUTION) == "breached"
    assert "director" in {who for _, who in scenario.told(template="petition_overdue")}


def test_time_to_answer_is_prolonged_once_by_30_days() -> None:
    """With a reason; a second time is withheld."""
    scenario = accepted()
    scenario.pass_days(40)
    scenario.say(ExtensionGranted, "principal", reason="an expert was asked")
    assert deadline(scenario, RESOLUTION) == midnight("2026-12-10")
    scenario.say(ExtensionGranted, "principal", reason="once more")
    assert deadline(scenario, RESOLUTION) == midnight("2026-12-10")
    assert "once is the law" in scenario.reasons("action-withheld")[-1]


@pytest.mark.parametrize("days", [0, 70])
def test_nothing_is_prolonged_before_it_is_accepted_or_after_it_was_due(days: float) -> None:
    """An extension is no way to be late."""
    scenario = accepted() if days else filed()
    scenario.pass_days(days)
    before = scenario.opened.deadlines()
    scenario.say(ExtensionGranted, "principal", reason="more time")
    assert scenario.opened.deadlines() == before
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.extended_at is None


def test_answer_leaves_30_days_to_ask_for_review_and_silence_completes() -> None:
    """Who does not ask has their answer: the petition is complete, and that is no breach."""
    scenario = resolved()
    assert set(scenario.opened.deadlines()) == {REVIEW_REQUEST}
    scenario.pass_days(40)
    assert (scenario.opened.status, scenario.opened.next_due_at) == ("closed", None)
    assert scenario.kinds("breach-recorded") == []
    assert scenario.reasons("case-completed") == ["the time to ask for review is over"]


def test_answer_without_acceptance_accepts() -> None:
    """Whoever answers has taken it up."""
    scenario = filed()
    scenario.pass_days(3)
    scenario.say(PetitionResolved, "principal", answer="paid back")
    assert scenario.status(ACCEPTANCE) == "satisfied"
    assert set(scenario.opened.deadlines()) == {REVIEW_REQUEST}


def test_review_is_answered_by_the_level_above_within_30_days() -> None:
    """Nobody reviews their own answer; the review's answer ends the petition."""
    scenario = resolved()
    scenario.pass_days(10)
    scenario.happen(ReviewAsked)
    assert {who for _, who in scenario.told(template="petition_review")} == {"director"}
    assert set(scenario.opened.deadlines()) == {REVIEW, "upward_receipt@district"}
    scenario.pass_days(20)
    scenario.say(ReviewAnswered, "director", answer="the school was right")
    assert (scenario.opened.status, scenario.status(REVIEW)) == ("closed", "satisfied")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.review_answer == "the school was right"


def test_unanswered_review_is_told_upward_and_chased() -> None:
    """The level that reviews has its own clock, and its own silence."""
    scenario = resolved()
    scenario.happen(ReviewAsked)
    scenario.acknowledge("director")
    scenario.pass_days(60)
    told = [who for _, who in scenario.told(template="petition_overdue")]
    assert told.count("petition-officer") > 1


def test_review_asked_too_late_is_withheld() -> None:
    """The remedy has its time, too."""
    scenario = resolved()
    scenario.pass_days(45)
    scenario.happen(ReviewAsked)
    assert scenario.opened.status == "closed"
    assert scenario.kinds("review-asked") == []


def test_review_of_what_is_not_answered_is_withheld() -> None:
    """Nothing is there yet to look at again."""
    scenario = accepted()
    scenario.happen(ReviewAsked)
    assert RESOLUTION in scenario.opened.deadlines()
    assert scenario.kinds("review-asked") == []


def test_policy_without_an_extension_grants_none() -> None:
    """Where the rules of a place know none, nobody prolongs their own time."""
    policy = shipped().for_kind("petition")
    assert policy.clocks.resolution is not None
    resolution = policy.clocks.resolution.model_copy(update={"extension": None})
    clocks = policy.clocks.model_copy(update={"resolution": resolution})
    scenario = Scenario(library(policy.model_copy(update={"clocks": clocks})))
    scenario.petition()
    scenario.say(PetitionAccepted, "principal")
    scenario.say(ExtensionGranted, "principal", reason="an expert was asked")
    assert scenario.opened.petition is not None
    assert scenario.opened.petition.extended_at is None
