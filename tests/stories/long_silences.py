"""Nobody answers for weeks: old rounds are folded, and what happened in that time is still heard."""

from events import incident as facts
from events.petition import PetitionAccepted, PetitionResolved, PetitionWithdrawn
from tests.stories.book import story
from tests.stories.petitions import filed
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import DAY, Scenario, shipped


def _fire(days: float) -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 16)))
    scenario.file()
    scenario.pass_days(days)
    return scenario


@story
def fire_of_which_the_first_word_comes_after_weeks() -> Scenario:
    scenario = _fire(20)
    scenario.say(facts.UpdateFiled, "principal", summary="all out", carried_late_minutes=16 * DAY)
    scenario.say(facts.UpdateFiled, "principal", summary="all home", carried_late_minutes=16 * DAY)
    scenario.pass_days(1)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire", carried_late_minutes=18 * DAY)
    scenario.pass_days(1)
    return scenario


@story
def top_that_had_answered_in_a_round_folded_long_ago() -> Scenario:
    scenario = _fire(1)
    for by in ("bureau", "township"):
        scenario.acknowledge(by, carried_late_minutes=DAY - 62)
    scenario.pass_days(1)
    return scenario


@story
def district_that_had_answered_before_all_that_was_folded() -> Scenario:
    scenario = _fire(1)
    scenario.acknowledge("director", carried_late_minutes=DAY - 20)
    scenario.acknowledge("principal", carried_late_minutes=DAY - 14)
    scenario.pass_days(1)
    return scenario


@story
def updates_that_came_late_each_time() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 1)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    for _ in range(15):
        scenario.pass_days(1.5)
        scenario.say(facts.UpdateFiled, "principal", summary="no change")
    scenario.say(facts.UpdateFiled, "principal", summary="no change then", carried_late_minutes=19 * DAY)
    return scenario


@story
def final_report_from_before_a_reopening_and_a_long_silence() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 1)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    for by in ("bureau", "township"):
        scenario.acknowledge(by)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_days(1)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_days(17)
    scenario.say(facts.FinalReportFiled, "principal", summary="it was out", carried_late_minutes=17.5 * DAY)
    scenario.pass_days(1)
    return scenario


@story
def hazard_gone_for_months_before_it_is_known() -> Scenario:
    scenario = Scenario(library(with_rounds(shipped().for_kind("hazard"), 2)))
    scenario.file(kind="hazard")
    scenario.pass_days(130)
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph", carried_late_minutes=100 * DAY)
    return scenario


@story
def petition_accepted_in_a_round_folded_long_ago() -> Scenario:
    scenario = filed()
    scenario.pass_days(90)
    scenario.say(PetitionAccepted, "principal", carried_late_minutes=60 * DAY)
    scenario.pass_days(1)
    scenario.say(PetitionResolved, "principal", answer="paid back", carried_late_minutes=20 * DAY)
    scenario.pass_days(40)
    return scenario


@story
def petition_taken_back_in_a_round_folded_long_ago() -> Scenario:
    scenario = filed()
    scenario.pass_days(90)
    scenario.happen(PetitionWithdrawn, carried_late_minutes=60 * DAY)
    scenario.pass_days(1)
    return scenario
