"""Posts are vacant, and people cannot be reached."""

from events import incident as facts
from tests.stories.book import story
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import STAFF, Scenario, Staff
from tests.support.unreachable import Unreachable


def _without(*questions: str) -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.staff.answers = {q: () if q.startswith(questions) else people for q, people in STAFF.items()}
    return scenario


@story
def school_without_principal() -> Scenario:
    scenario = _without("role:principal")
    scenario.file()
    scenario.pass_minutes(10)
    scenario.acknowledge("duty-leader")
    scenario.pass_minutes(30)
    return scenario


@story
def school_without_anybody() -> Scenario:
    scenario = _without("role:principal", "role:deputy_principal", "on_duty:school_leader")
    scenario.file()
    scenario.pass_minutes(20)
    scenario.acknowledge("director")
    scenario.pass_minutes(30)
    return scenario


@story
def school_and_district_without_anybody() -> Scenario:
    scenario = _without("role:principal", "role:dep", "on_duty:school", "role:district")
    scenario.file()
    scenario.pass_minutes(60)
    return scenario


@story
def district_and_top_without_anybody() -> Scenario:
    scenario = _without("role:district", "role:township", "role:bureau", "on_duty:duty_officer")
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(60)
    return scenario


@story
def nobody_anywhere() -> Scenario:
    scenario = _without("role:", "on_duty:")
    scenario.file()
    scenario.pass_minutes(60)
    return scenario


@story
def half_of_the_top_is_vacant() -> Scenario:
    scenario = _without("role:bureau_leader")
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.pass_minutes(5)
    scenario.acknowledge("duty-officer")
    scenario.pass_minutes(10)
    return scenario


@story
def people_who_cannot_be_reached() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)), Unreachable("principal", "director", "colleague"))
    scenario.file()
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    scenario.say(facts.IncidentDeclined, "duty-leader")
    scenario.pass_minutes(60)
    return scenario


@story
def everybody_leaves_in_between() -> Scenario:
    """Told, and gone before the next step: corrections, information and reminders find nobody."""
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file()
    scenario.pass_minutes(26)
    scenario.staff.answers = {}
    scenario.staff.others = set()
    scenario.acknowledge("principal", carried_late_minutes=12)
    scenario.report_upward("principal")
    scenario.say(facts.IncidentWithdrawn, "teacher")
    scenario.pass_minutes(100)
    return scenario


@story
def others_hold_the_posts_now() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)), Staff())
    scenario.file()
    scenario.pass_minutes(16)
    scenario.staff.answers["role:district_director@parent"] = ("new-director",)
    scenario.staff.answers["role:principal@self"] = ("new-principal",)
    scenario.acknowledge("new-principal")
    scenario.pass_minutes(5)
    scenario.acknowledge("director")
    scenario.acknowledge("new-director")
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="a toaster")
    scenario.pass_minutes(40)
    return scenario
