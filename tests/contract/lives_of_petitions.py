"""Lives of petitions: accepted, refused, prolonged, answered, reviewed, taken back, routed past whom they concern."""

from events import incident as facts
from events import petition as said
from tests.contract.history_book import life
from tests.support.county import County
from tests.support.scenario import Scenario


@life()
def petition_from_filing_to_review(scenario: Scenario, county: County) -> None:
    """Whom it concerns hears nothing; the district accepts, prolongs and answers; the level above reviews."""
    scenario.petition("petition-conduct", concerns=("principal",))
    scenario.acknowledge("principal")
    scenario.pass_days(1)
    scenario.acknowledge("director")
    scenario.say(said.PetitionAccepted, "director", notice="we look into it")
    scenario.pass_days(58)
    scenario.say(said.ExtensionGranted, "director", reason="an expert was asked")
    scenario.pass_days(3)
    scenario.say(said.PetitionResolved, "director", answer="paid back")
    scenario.pass_days(5)
    scenario.happen(said.ReviewAsked)
    scenario.say(said.ReviewAnswered, "petition-officer", answer="the district was right")


@life()
def petition_that_is_refused(scenario: Scenario, county: County) -> None:
    """The first office hands it on as not its own; the next refuses, twice; nobody asks for review."""
    scenario.petition("petition-fees")
    scenario.pass_days(2)
    scenario.say(said.ObjectionRaised, "principal", reason="the district sets the fees")
    scenario.say(said.PetitionDeclined, "director", reason="for the court")
    scenario.say(said.PetitionDeclined, "director", reason="for the labour office")
    scenario.pass_days(45)
    scenario.happen(said.ReviewAsked)


@life()
def petition_that_is_overdue_and_known_late(scenario: Scenario, county: County) -> None:
    """Nobody decides in 15 days: chased; then it is known that it was accepted in time, and it is taken back."""
    scenario.petition(severity="III")
    scenario.acknowledge("principal")
    scenario.pass_days(20)
    scenario.say(said.PetitionAccepted, "principal", carried_late_minutes=6 * 24 * 60, notice="yes")
    scenario.say(facts.NoteAdded, "director", text="at last")
    scenario.say(facts.IncidentReopened, "director", reason="it is no incident")
    scenario.pass_days(1)
    scenario.happen(said.PetitionWithdrawn)


@life(version=2)
def people_at_the_gate(scenario: Scenario, county: County) -> None:
    """The clocks of an incident run beside those of the law; director and bureau leader are concerned."""
    scenario.petition("petition-on-site", concerns=("director", "bureau-leader"), headcount=30, place="the gate")
    scenario.pass_minutes(4)
    scenario.acknowledge("principal")
    scenario.report_upward("principal")
    scenario.pass_minutes(25)
    scenario.acknowledge("township-officer")
    scenario.say(facts.FinalReportFiled, "principal", summary="they went home")
    scenario.say(said.PetitionResolved, "principal", answer="paid back")
    scenario.pass_days(1)
