"""The chain does what it should."""

from typing import Any

from events import incident as facts
from tests.stories.book import story
from tests.support.policy_variants import county, library, with_both_in_the_district, with_receipt, with_rounds
from tests.support.scenario import DAY, Scenario

ANSWERS = facts.ReviewAnswers(cause="a wire", accountability="warned", measures="rewired", education="a lesson")


def reported(**fields: Any) -> Scenario:
    """Return an incident that every level accepted and passed on within minutes."""
    scenario = Scenario()
    scenario.file(**fields)
    scenario.pass_minutes(2)
    scenario.acknowledge("principal")
    scenario.pass_minutes(2)
    scenario.report_upward("principal", casualties=facts.Casualties(injured=2))
    scenario.pass_minutes(1)
    scenario.acknowledge("director")
    scenario.pass_minutes(1)
    scenario.report_upward("director")
    scenario.pass_minutes(1)
    scenario.acknowledge("township")
    scenario.pass_minutes(1)
    scenario.acknowledge("bureau")
    return scenario


@story
def fire_from_report_to_end() -> Scenario:
    scenario = reported(place="the kitchen", summary="smoke", occurred_at=None)
    scenario.pass_minutes(120)
    scenario.say(facts.UpdateFiled, "principal", summary="it is out", casualties=facts.Casualties(injured=3))
    scenario.say(facts.UpdateFiled, "principal", summary="all are home")
    scenario.pass_days(1.5)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire", cause="age")
    scenario.say(facts.IncidentClosed, "principal", review=ANSWERS, reason="rewired")
    scenario.pass_days(3)
    return scenario


@story
def gravest_fire_needs_the_four_answers() -> Scenario:
    scenario = reported(severity="I")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal", review=facts.ReviewAnswers(cause="a wire"))
    scenario.say(facts.IncidentClosed, "principal", review=ANSWERS)
    return scenario


@story
def answers_at_the_very_deadline() -> Scenario:
    """In time is in time, to the last moment; the reminders of that moment are overtaken."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(14)
    scenario.sleep_minutes(1)
    scenario.acknowledge("principal")
    scenario.sleep_minutes(20)
    scenario.report_upward("principal")
    scenario.sleep_minutes(10)
    scenario.acknowledge("director")
    scenario.sleep_minutes(DAY - 10)
    scenario.say(facts.UpdateFiled, "principal", summary="all is quiet")
    return scenario


@story
def answers_after_the_deadline() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("principal")
    scenario.pass_minutes(20)
    scenario.report_upward("principal", measures="all out")
    scenario.pass_minutes(1)
    scenario.acknowledge("director")
    scenario.acknowledge("director")
    scenario.pass_minutes(30)
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.acknowledge("bureau")
    scenario.pass_days(2)
    scenario.say(facts.UpdateFiled, "principal", summary="at last")
    scenario.pass_days(2)
    return scenario


@story
def reports_that_no_clock_waits_for() -> Scenario:
    """The director reports unasked, the principal twice, the bureau to nobody; strangers say what does not count."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("passer-by")
    scenario.acknowledge("passer-by")
    scenario.say(facts.IncidentDeclined, "passer-by")
    scenario.report_upward("principal")
    scenario.pass_minutes(1)
    scenario.report_upward("principal", casualties=facts.Casualties(dead=1))
    scenario.report_upward("director")
    scenario.report_upward("bureau")
    scenario.report_upward("director", carried_late_minutes=0.5)
    scenario.pass_minutes(9)
    scenario.report_upward("director")
    return scenario


@story
def poisoning_whose_reports_have_gaps() -> Scenario:
    scenario = Scenario()
    scenario.file(kind="food-poisoning", severity="III")
    scenario.say(facts.UpwardReportFiled, "principal", summary="they are ill")
    scenario.say(facts.UpdateFiled, "principal", summary="they are better")
    scenario.say(facts.IncidentAmended, "principal", casualties=facts.Casualties(injured=12), place="canteen")
    scenario.say(facts.IncidentAmended, "principal")
    scenario.say(facts.UpdateFiled, "principal", summary="they are well", trend="falling", measures="closed")
    scenario.say(facts.FinalReportFiled, "principal", summary="over")
    scenario.say(facts.FinalReportFiled, "principal", summary="over", cause="a canteen", aftermath="all are well")
    scenario.say(facts.IncidentClosed, "principal")
    return scenario


@story
def all_in_the_district_must_answer() -> Scenario:
    scenario = Scenario(library(with_rounds(with_both_in_the_district(county(), "all"), 2)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(4)
    scenario.acknowledge("township")
    scenario.say(facts.IncidentDeclined, "director", reason="at sea")
    scenario.pass_minutes(3)
    scenario.acknowledge("district-deputy")
    scenario.pass_minutes(40)
    return scenario


@story
def any_in_the_district_may_answer() -> Scenario:
    policy = with_receipt(with_both_in_the_district(county(), "any"), "government_and_bureau", "any")
    scenario = Scenario(library(with_rounds(policy, 2)))
    scenario.file(severity="III")
    scenario.pass_minutes(11)
    scenario.acknowledge("district-deputy")
    scenario.acknowledge("township")
    scenario.pass_minutes(15)
    scenario.report_upward("township")
    scenario.acknowledge("duty-officer")
    scenario.pass_minutes(60)
    return scenario
