"""Where a petition lies: objections route it upward, the petitioner alone takes it back, and on site minutes count."""

from typing import Any

import pytest

from events import incident as facts
from events.base import CaseFact
from events.petition import ObjectionRaised, PetitionAccepted, PetitionResolved, PetitionWithdrawn
from tests.support.policy_variants import library
from tests.support.scenario import DAY, Scenario, shipped
from tests.unit.test_machine_petition import ACCEPTANCE, accepted, deadline, filed, midnight


def test_objection_routes_upward_and_the_petitioners_clock_goes_on() -> None:
    """Wrongly routed: the district has it now, and still only until the 15th day after the filing."""
    scenario = filed()
    scenario.pass_days(4)
    scenario.say(ObjectionRaised, "principal", reason="the district decides on enrolment")
    assert scenario.status(ACCEPTANCE) == "cancelled"
    assert deadline(scenario, "acceptance@district") == midnight("2026-09-17")
    assert (4 * DAY, "director") in scenario.told(template="petition_alert")
    scenario.say(PetitionAccepted, "director")
    assert "resolution@district" in scenario.opened.deadlines()


def test_objection_after_5_working_days_is_withheld() -> None:
    """The 8th of September is the fifth working day; at its end the petition stays."""
    scenario = filed()
    scenario.pass_days(7.6)
    scenario.say(ObjectionRaised, "principal", reason="not ours")
    assert ACCEPTANCE in scenario.opened.deadlines()
    assert "the time to object is over" in scenario.reasons("action-withheld")[-1]


def test_objection_in_time_carried_after_the_term_is_heard() -> None:
    """Said on the fourth day, carried on the tenth: its own time counts."""
    scenario = filed()
    scenario.pass_days(10)
    scenario.say(ObjectionRaised, "principal", reason="not ours", carried_late_minutes=6 * DAY)
    assert deadline(scenario, "acceptance@district") == midnight("2026-09-17")


def test_objection_carried_after_the_breach_takes_the_chase_along() -> None:
    """Said on day 3, carried on day 16: the next office is chased on the day on which this one would have been."""
    scenario = filed()
    scenario.pass_days(16)
    chased = scenario.opened.deadlines()["acceptance@school#1"]
    scenario.say(ObjectionRaised, "principal", reason="not ours", carried_late_minutes=13 * DAY)
    assert deadline(scenario, "acceptance@district") == chased


def test_office_that_took_it_over_owes_the_answer_even_when_all_was_carried_late() -> None:
    """Handed over on day 3, accepted on day 15 by the new office, both known after the breach: the answer is theirs."""
    scenario = filed()
    scenario.pass_days(16)
    scenario.say(ObjectionRaised, "principal", reason="not ours", carried_late_minutes=13 * DAY)
    scenario.pass_days(10)
    scenario.say(PetitionAccepted, "director", carried_late_minutes=11 * DAY)
    assert [key for key in scenario.opened.deadlines() if key.startswith("resolution")] == ["resolution@district"]


def test_objection_that_comes_twice_moves_the_petition_once() -> None:
    """The copy finds it with another office."""
    scenario = filed()
    for _ in range(2):
        scenario.say(ObjectionRaised, "principal", reason="not ours")
    assert [key for key in scenario.opened.deadlines() if key.startswith("acceptance")] == ["acceptance@district"]


def test_petitioner_takes_it_back_and_everything_stops() -> None:
    """Everybody who was told hears so, and the case is closed."""
    scenario = filed()
    scenario.pass_days(20)
    scenario.happen(PetitionWithdrawn)
    assert (scenario.opened.status, scenario.opened.next_due_at) == ("closed", None)
    assert {who for _, who in scenario.told(template="petition_update")} >= {"principal", "director"}


@pytest.mark.parametrize(
    ("fact", "fields"),
    [(facts.IncidentClosed, {}), (facts.IncidentWithdrawn, {}), (facts.IncidentReopened, {"reason": "so"})],
)
def test_office_cannot_end_a_petition(fact: type[CaseFact], fields: dict[str, Any]) -> None:
    """It ends with its answer, or by the petitioner: there is no word by which the chain is rid of it."""
    scenario = accepted()
    before = scenario.opened.deadlines()
    scenario.say(fact, "principal", **fields)
    assert scenario.opened.deadlines() == before
    assert scenario.entries[-1].kind == "action-withheld"


def test_stranger_decides_nothing() -> None:
    """Who is not on the chain accepts, answers and objects in vain."""
    scenario = filed()
    scenario.say(PetitionAccepted, "passer-by")
    scenario.say(PetitionResolved, "passer-by", answer="no")
    scenario.say(ObjectionRaised, "passer-by", reason="no")
    assert scenario.status(ACCEPTANCE) == "running"


def test_petition_on_site_runs_the_clocks_of_an_incident_too() -> None:
    """People at the gate: minutes for the principal and the report upward, and the law's days beside them."""
    scenario = Scenario()
    scenario.petition("petition-on-site", headcount=30, place="gate")
    assert set(scenario.opened.deadlines()) == {"report_to_principal@school", ACCEPTANCE}
    scenario.pass_minutes(10)
    assert (10, "director") in scenario.told(template="petition_unreached")
    scenario.acknowledge("principal")
    scenario.report_upward("principal")
    assert "follow_up@school" in scenario.opened.deadlines()
    assert scenario.opened.headcount == 30


def test_messages_never_carry_what_was_told_nor_by_whom() -> None:
    """Receipt, kind, place and deadline; whatever the chain writes into its reports stays out of them."""
    scenario = Scenario()
    scenario.petition("petition-on-site", place="gate")
    scenario.report_upward("principal")
    scenario.say(facts.UpdateFiled, "principal", summary="a father of class 3")
    scenario.pass_days(100)
    assert {(r.summary, r.note) for r in scenario.requests} == {(None, None)}
    assert {r.family for r in scenario.requests} == {"petition"}
    assert all(r.receipt and r.template.startswith("petition_") for r in scenario.requests)


def test_overdue_petition_of_the_top_is_told_to_the_top_again() -> None:
    """Nobody is above the petition office: it is told itself, with the fallback, each time."""
    scenario = filed()
    scenario.say(ObjectionRaised, "principal", reason="not ours")
    scenario.say(ObjectionRaised, "director", reason="not ours either")
    scenario.acknowledge("petition-officer")
    scenario.pass_days(40)
    told = [who for _, who in scenario.told(template="petition_overdue")]
    assert told.count("petition-officer") == told.count("township") > 2
    assert [key for key in scenario.opened.deadlines() if key.startswith("upward_receipt")] == []


def test_policy_without_a_term_to_object_lets_nobody_object() -> None:
    """The petition is filed all the same, and stays where it is."""
    policy = shipped().for_kind("petition").model_copy(update={"objection": None})
    scenario = Scenario(library(policy))
    scenario.petition()
    scenario.say(ObjectionRaised, "principal", reason="not ours")
    assert "the time to object is over" in scenario.reasons("action-withheld")[-1]
