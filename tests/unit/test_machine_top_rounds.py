"""Rounds at the top: who has not answered is told again, each message once, and as often as the policy says."""

from collections import Counter

from escalation_policies.schema import Policy
from events import incident as facts
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import DAY, Scenario, shipped

TOP = "upward_receipt@government_and_bureau"


def at_the_top() -> Scenario:
    """Return a case that was told up to the top, with three rounds there."""
    scenario = Scenario(library(with_rounds(county(), 3)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    return scenario


def rounds(scenario: Scenario) -> list[str]:
    """Return the clocks for which the top was told again."""
    return list(dict.fromkeys(request.clock for request in scenario.requests if request.step == "told-again"))


def test_of_two_parallel_recipients_only_the_silent_one_is_told_again_and_once_a_round() -> None:
    """The bureau answered, the township did not: each round it gets one message by each channel, the others none."""
    scenario = at_the_top()
    scenario.acknowledge("bureau")
    scenario.pass_days(2)
    told = Counter((r.person_id, r.channel, r.clock) for r in scenario.requests if r.step == "told-again")
    assert set(told.values()) == {1}
    assert {clock for person, _, clock in told if person == "township"} == {TOP + "#1", TOP + "#2", TOP + "#3"}
    assert "bureau" not in {person for person, _, _ in told}


def test_rounds_begin_anew_when_a_silence_was_called_off() -> None:
    """The district was in time after all, so the alarm at the top was none: the next true one has all its rounds."""
    scenario = Scenario(library(with_rounds(county(), 3)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(60)
    assert rounds(scenario) == [TOP + "#1", TOP + "#2", TOP + "#3"]
    scenario.acknowledge("director", carried_late_minutes=55)
    scenario.report_upward("director")
    scenario.pass_days(1)
    assert len(rounds(scenario)) == 3 + 3


def test_rounds_begin_anew_when_the_case_is_opened_again() -> None:
    """Three rounds in vain, closed, opened again: the top is asked anew, and told again as often."""
    scenario = at_the_top()
    scenario.pass_minutes(15)
    scenario.say(facts.FinalReportFiled, "principal", summary="over")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_days(1)
    scenario.say(facts.IncidentReopened, "principal", reason="it burns again")
    before = rounds(scenario)
    scenario.pass_days(1)
    assert len(rounds(scenario)) == len(before) + 3


def test_silence_that_is_chased_for_months_rings_all_rounds_once() -> None:
    """A hazard is overdue every week: the top is told each time, and alarmed every quarter of an hour only at first."""
    scenario = Scenario(library(with_rounds(hazard(), 3)))
    scenario.file(kind="hazard")
    scenario.pass_minutes(120 * DAY)
    assert len(rounds(scenario)) == 3


def hazard() -> Policy:
    """Return the library's policy for a hazard."""
    return shipped().for_kind("hazard")
