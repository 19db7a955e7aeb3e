"""Lives in which messages matter: one that does not arrive, and one that is called back in the night."""

from events import incident as facts
from events.notification import NotificationRequested
from events.unreached import ContactUnreached
from tests.contract.history_book import life
from tests.support.county import County
from tests.support.scenario import Scenario

EVENING = 12.5 * 60
"""Minutes from the first moment (10:00 in Shanghai) to 22:30."""


def _fail(scenario: Scenario, request: NotificationRequested) -> None:
    said = request.model_dump(include=set(ContactUnreached.model_fields) - {"received_at", "case_id"})
    scenario.happen(ContactUnreached, cause="failed", reason="the provider refused", **said)


@life(version=2)
def principal_whom_nothing_reaches(scenario: Scenario, county: County) -> None:
    """Neither SMS nor email get there: the stand-in hears at once, and accepts."""
    scenario.file(kind="injury", severity="III")
    for request in list(scenario.requests):
        _fail(scenario, request)
    told = scenario.requests[-1].person_id
    scenario.pass_minutes(1)
    scenario.say(facts.IncidentAcknowledged, told)


@life()
def message_called_back_in_the_night(scenario: Scenario, county: County) -> None:
    """A petition at 22:30 is answered before anybody is woken for it: what was held is not sent."""
    scenario.sleep_minutes(EVENING)
    scenario.petition()
    scenario.pass_minutes(60)
    scenario.acknowledge("principal")
