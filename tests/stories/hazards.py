"""Hazards: an owner, a date, and an end only with evidence."""

from datetime import timedelta

from events import incident as facts
from tests.stories.book import story
from tests.support.policy_variants import library, with_rounds
from tests.support.scenario import Scenario, shipped
from tests.support.unreachable import Unreachable


def _hazard(staff: Unreachable | None = None) -> Scenario:
    return Scenario(library(with_rounds(shipped().for_kind("hazard"), 2)), staff)


@story
def hazard_that_is_mended_in_time() -> Scenario:
    scenario = _hazard()
    scenario.file(kind="hazard", owner="colleague", due_at=scenario.now + timedelta(days=10))
    scenario.acknowledge("colleague")
    scenario.pass_days(8)
    scenario.say(facts.IncidentClosed, "principal")
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph")
    return scenario


@story
def hazard_that_stays() -> Scenario:
    """Overdue at every level in turn; struck off at last, opened again, and once more."""
    scenario = _hazard()
    scenario.file(kind="hazard", owner="colleague", due_at=scenario.now + timedelta(days=2))
    scenario.acknowledge("principal")
    scenario.pass_days(3)
    scenario.acknowledge("director")
    scenario.pass_days(8)
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph")
    scenario.say(facts.IncidentReopened, "director", reason="it is back")
    scenario.pass_days(5)
    scenario.say(facts.IncidentClosed, "principal", evidence="another photograph")
    return scenario


@story
def hazard_mended_in_time_and_told_late() -> Scenario:
    scenario = _hazard()
    scenario.file(kind="hazard", due_at=scenario.now - timedelta(days=2), severity="III")
    scenario.pass_days(1)
    scenario.file(kind="hazard")
    scenario.pass_days(4)
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph", carried_late_minutes=4.99 * 1440)
    return scenario


@story
def hazard_whose_owner_cannot_be_reached() -> Scenario:
    scenario = _hazard(Unreachable("colleague", "principal", "bureau", "duty-officer", "second-officer"))
    scenario.file(kind="hazard", owner="colleague")
    scenario.pass_days(20)
    return scenario


@story
def hazard_at_the_top_alone() -> Scenario:
    """Nobody at the school or in the district: the bureau owes the date, and is told of its own delay."""
    scenario = _hazard()
    scenario.staff.answers = {q: p for q, p in scenario.staff.answers.items() if "bureau" in q}
    scenario.file(kind="hazard", owner="nobody", severity="I")
    scenario.pass_days(10)
    scenario.acknowledge("bureau")
    scenario.pass_days(10)
    scenario.staff.answers = {}
    scenario.pass_days(10)
    return scenario


@story
def hazard_reported_at_night() -> Scenario:
    """It is 22:10 in Shanghai: nobody is woken, and nobody owes an answer before the morning."""
    scenario = _hazard()
    scenario.sleep_minutes(12 * 60 + 10)
    scenario.file(kind="hazard", severity="III")
    scenario.pass_minutes(60)
    scenario.say(facts.SeverityChanged, "teacher", severity="I")
    scenario.pass_days(2)
    return scenario
