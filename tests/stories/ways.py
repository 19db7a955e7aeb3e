"""Messages do not arrive: other ways are tried, then other people."""

from events import incident as facts
from events.notification import NotificationRequested
from events.unreached import Cause
from tests.stories.book import story
from tests.support.scenario import Scenario, Staff
from tests.unit.test_machine_unreached import fail
from tests.unit.test_machine_unreached import scenario as filed


def _lost(scenario: Scenario, *people: str) -> None:
    """Let every message to these people fail, and every one that is sent in its place."""
    done: set[str] = set()
    while waiting := [r for r in scenario.requests if r.person_id in people and r.notification_id not in done]:
        for request in waiting:
            done.add(request.notification_id)
            assert len(done) < 100, "one way after another, without an end"
            fail(scenario, request, "undelivered")


def _first(scenario: Scenario, person: str, channel: str) -> NotificationRequested:
    return next(r for r in scenario.requests if (r.person_id, r.channel) == (person, channel))


@story
def principal_whom_every_way_fails_in_turn() -> Scenario:
    scenario = filed()
    ways: tuple[tuple[str, Cause], ...] = (
        ("sms", "late"),
        ("sms", "failed"),
        ("email", "dead-contact"),
        ("voice", "undelivered"),
    )
    for channel, cause in ways:
        scenario.pass_minutes(0.5)
        fail(scenario, _first(scenario, "principal", channel), cause)
    scenario.pass_minutes(4)
    fail(scenario, _first(scenario, "principal", "chat"))
    scenario.pass_minutes(5)
    scenario.acknowledge("principal")
    scenario.pass_minutes(10)
    return scenario


@story
def school_whom_nothing_reaches() -> Scenario:
    """Then the district, and the top, where the clock goes on."""
    scenario = filed()
    for people in (("principal",), ("duty-leader", "deputy"), ("director",), ("district-deputy",)):
        scenario.pass_minutes(1)
        _lost(scenario, *people)
    _lost(scenario, "township", "bureau")
    _lost(scenario, "duty-officer")
    scenario.pass_minutes(20)
    return scenario


@story
def failures_that_change_nothing() -> Scenario:
    """Of somebody who has answered, who was never told, who is lost or concerned, or of a level that there is not."""
    scenario = filed()
    sms = _first(scenario, "principal", "sms")
    scenario.acknowledge("principal")
    fail(scenario, sms)
    fail(scenario, sms.model_copy(update={"person_id": "director"}))
    fail(scenario, sms.model_copy(update={"level": "district"}))
    fail(scenario, sms.model_copy(update={"level": "province"}))
    fail(scenario, sms.model_copy(update={"asks_acknowledgement": False}))
    scenario.directory = Staff(others=set())
    fail(scenario, sms)
    scenario.directory = scenario.staff
    report = facts.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="fire", severity="IV",
        concerns=("principal",),
    )  # fmt: skip
    scenario.happen(facts.ReportJoined, report=report)
    fail(scenario, sms.model_copy(update={"notification_id": "another"}))
    return scenario


@story
def news_that_does_not_arrive() -> Scenario:
    """What asks for no answer goes another way as well, and calls nobody in their place."""
    scenario = filed()
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="a toaster")
    news = [request for request in scenario.requests if request.template == "incident_update"]
    for request in news:
        for sent in fail(scenario, request):
            fail(scenario, sent)
    scenario.pass_minutes(6)
    return scenario
