"""It is night, and what can wait is held until the morning; what there is no reason for any more is called back."""

from events import incident as facts
from events.petition import PetitionAccepted, PetitionWithdrawn
from tests.stories.book import story
from tests.support.county import County
from tests.support.scenario import Scenario


def _night(kind: str) -> Scenario:
    """Return a case filed at ten in the evening in Shanghai."""
    scenario = Scenario()
    scenario.sleep_minutes(12 * 60)
    if kind.startswith("petition"):
        scenario.petition(kind, severity="IV")
    else:
        scenario.file(kind=kind, severity="IV", owner="colleague")
    return scenario


@story
def petition_answered_in_the_night() -> Scenario:
    scenario = _night("petition")
    scenario.pass_minutes(30)
    scenario.acknowledge("principal")
    scenario.say(PetitionAccepted, "principal")
    scenario.pass_days(1)
    return scenario


@story
def petition_taken_back_in_the_night() -> Scenario:
    scenario = _night("petition")
    scenario.pass_minutes(30)
    scenario.happen(PetitionWithdrawn)
    scenario.pass_days(1)
    return scenario


@story
def hazard_closed_in_the_night() -> Scenario:
    scenario = _night("hazard")
    scenario.say(facts.IncidentDeclined, "principal")
    scenario.pass_minutes(30)
    scenario.acknowledge("deputy")
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="it is mended")
    scenario.pass_minutes(30)
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph")
    scenario.pass_days(1)
    return scenario


@story
def grade_raised_in_the_night() -> Scenario:
    """Now people are woken; what is held already goes out in the morning."""
    scenario = _night("hazard")
    scenario.pass_minutes(30)
    scenario.say(facts.SeverityChanged, "teacher", severity="I", reason="it leans")
    scenario.pass_minutes(20)
    return scenario


@story
def principal_comes_to_be_concerned_in_the_night() -> Scenario:
    scenario = _night("hazard")
    scenario.directory = County()
    scenario.pass_minutes(30)
    report = facts.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="hazard",
        severity="IV", concerns=("principal",),
    )  # fmt: skip
    scenario.happen(facts.ReportJoined, report=report)
    scenario.pass_days(1)
    return scenario


@story
def silence_over_a_night() -> Scenario:
    scenario = _night("petition")
    scenario.pass_days(2)
    return scenario
