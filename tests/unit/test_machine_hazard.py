"""What it takes to close a case (四不放过); hazards have an owner and a date, and end with evidence (销账)."""

from datetime import timedelta
from typing import Any

import pytest

from events import incident as facts
from tests.support.scenario import DAY, Scenario, minute
from tests.unit.test_machine_moves import ANSWERS, PRINCIPAL, filed


@pytest.mark.parametrize("lacking", sorted(ANSWERS))
def test_grave_case_is_closed_only_with_all_four_answers(lacking: str) -> None:
    """四不放过: each of the four is asked for by name."""
    scenario = filed(severity="I")
    scenario.report_upward("principal")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    rest = {name: text for name, text in ANSWERS.items() if name != lacking}
    scenario.say(facts.IncidentClosed, "principal", review=facts.ReviewAnswers(**rest))
    assert f"the review (四不放过) lacks {lacking}" in scenario.reasons("action-withheld")[-1]
    scenario.say(facts.IncidentClosed, "principal", review=facts.ReviewAnswers(**ANSWERS))
    assert scenario.opened.status == "closed"


def test_everything_missing_is_said_at_once() -> None:
    """One try shows the whole way to the end."""
    scenario = filed(severity="I")
    scenario.say(facts.IncidentClosed, "principal")
    reason = scenario.reasons("action-withheld")[-1]
    assert "终报" in reason
    assert "四不放过" in reason
    assert PRINCIPAL in reason


def test_report_with_gaps_counts_and_the_gaps_are_asked_for() -> None:
    """Public health wants the figures: a first report without them is taken at once, and they are to follow."""
    scenario = filed(kind="food-poisoning")
    scenario.report_upward("principal")
    assert scenario.status("report_upward@principal") == "satisfied"
    assert "still missing, to follow: casualties" in scenario.reasons("fact-noted")


def test_final_report_with_gaps_counts_as_none() -> None:
    """Without cause and aftermath it is no final report, and the next word is still due."""
    scenario = filed(kind="food-poisoning")
    scenario.report_upward("principal", casualties=facts.Casualties(injured=3))
    scenario.say(facts.FinalReportFiled, "principal", summary="over")
    assert scenario.opened.final_reported_at is None
    assert "it lacks cause, aftermath" in scenario.reasons("action-withheld")[-1]
    scenario.say(facts.FinalReportFiled, "principal", summary="over", cause="a canteen", aftermath="all are well")
    assert scenario.opened.final_reported_at is not None


def hazard(**fields: Any) -> Scenario:
    """Return a hazard owned by a colleague, due in ten days, that the principal has taken note of."""
    scenario = Scenario()
    due_at = scenario.now + timedelta(days=10)
    scenario.file(**{"kind": "hazard", "owner": "colleague", "due_at": due_at, **fields})
    scenario.acknowledge("principal")
    return scenario


def test_hazard_is_told_to_its_owner_and_due_on_its_date() -> None:
    """责任人 and 整改期限: the owner hears with the principal, and the date is the report's own."""
    scenario = hazard()
    assert {who for _, who in scenario.told()} == {"principal", "colleague"}
    assert minute(scenario.opened.deadlines()["rectification@principal"]) == 10 * DAY


def test_hazard_without_a_date_gets_the_grades_own() -> None:
    """IV: 15 days."""
    scenario = hazard(due_at=None)
    assert minute(scenario.opened.deadlines()["rectification@principal"]) == 15 * DAY


def test_overdue_hazard_climbs_and_is_chased_every_week() -> None:
    """挂牌督办: the district hears at the date, and each week until it is gone."""
    scenario = hazard()
    scenario.pass_days(30)
    told = [at / DAY for at, who in scenario.told(template="hazard_overdue") if who == "director"]
    assert told == [10, 17, 24]


def test_hazard_is_struck_off_only_with_evidence() -> None:
    """回复销账: words alone do not close it; done in time it is no breach."""
    scenario = hazard()
    scenario.pass_days(5)
    scenario.say(facts.IncidentClosed, "colleague")
    assert "the evidence that the hazard is gone (回复销账) is missing" in scenario.reasons("action-withheld")[-1]
    scenario.say(facts.IncidentClosed, "colleague", evidence="photograph 12")
    assert (scenario.opened.status, scenario.status("rectification@principal")) == ("closed", "satisfied")


def test_old_closing_carried_again_does_not_close_a_reopened_hazard() -> None:
    """A copy of the closing, evidence and all, comes after the reopening: it speaks of the time before it."""
    scenario = hazard()
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12")
    scenario.pass_days(2)
    scenario.say(facts.IncidentReopened, "director", reason="it is broken again")
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=2 * DAY)
    assert scenario.opened.status == "open"
    assert "rectification@principal#1" in scenario.opened.deadlines()


def test_evidence_in_time_carried_late_withdraws_the_breach() -> None:
    """Gone on day 9, carried on day 12: the district hears that it was in time."""
    scenario = hazard()
    scenario.pass_days(12)
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=3 * DAY)
    assert scenario.status("rectification@principal") == "satisfied"
    assert "director" in {who for _, who in scenario.told(template="incident_correction")}


def test_evidence_after_the_date_leaves_the_breach() -> None:
    """Late is late, and over."""
    scenario = hazard()
    scenario.pass_days(12)
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12")
    assert (scenario.opened.status, scenario.status("rectification@principal")) == ("closed", "breached")
    assert scenario.opened.next_due_at is None


def test_owner_who_cannot_be_reached_is_said_loudly() -> None:
    """A hazard whose owner nobody knows is the level's."""
    scenario = hazard(owner="nobody-known")
    assert any("who must remove the hazard" in reason for reason in scenario.reasons("nobody-found"))
