"""What is said of a petition counts by its own time, in whatever order it is carried."""

from events import petition as facts
from tests.stories.book import story
from tests.stories.petitions import accepted, filed, resolved
from tests.support.scenario import DAY, Scenario


@story
def answer_known_before_the_acceptance() -> Scenario:
    scenario = filed()
    scenario.pass_days(12)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back")
    scenario.pass_days(1)
    scenario.say(facts.PetitionAccepted, "deputy", carried_late_minutes=5 * DAY, notice="we look into it")
    scenario.pass_days(1)
    scenario.say(facts.PetitionResolved, "principal", answer="half paid back", carried_late_minutes=4 * DAY)
    scenario.pass_days(40)
    return scenario


@story
def acceptance_known_after_the_breach() -> Scenario:
    scenario = filed()
    scenario.pass_days(25)
    scenario.say(facts.PetitionAccepted, "principal", carried_late_minutes=11 * DAY)
    scenario.pass_days(70)
    return scenario


@story
def acceptance_after_the_breach() -> Scenario:
    scenario = filed()
    scenario.pass_days(17)
    scenario.say(facts.PetitionAccepted, "director")
    scenario.pass_days(70)
    scenario.say(facts.PetitionResolved, "director", answer="paid back")
    scenario.pass_days(40)
    return scenario


@story
def acceptance_before_a_refusal_known_after_its_end() -> Scenario:
    scenario = filed()
    scenario.pass_days(6)
    scenario.say(facts.PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(50)
    scenario.say(facts.PetitionAccepted, "deputy", carried_late_minutes=52 * DAY)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back")
    scenario.pass_days(40)
    return scenario


@story
def acceptance_before_a_refusal_known_before_its_end() -> Scenario:
    """There is no refusal any more that could be reviewed; the answer that follows can be."""
    scenario = filed()
    scenario.pass_days(8)
    scenario.say(facts.PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(1)
    scenario.say(facts.PetitionAccepted, "deputy", carried_late_minutes=5 * DAY)
    scenario.pass_days(1)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back", carried_late_minutes=5 * DAY)
    scenario.pass_days(40)
    return scenario


@story
def refusal_known_after_the_acceptance() -> Scenario:
    scenario = accepted()
    scenario.say(facts.PetitionDeclined, "deputy", reason="not ours", carried_late_minutes=2 * DAY)
    return scenario


@story
def extension_known_after_the_breach() -> Scenario:
    scenario = accepted()
    scenario.pass_days(70)
    scenario.say(facts.ExtensionGranted, "principal", reason="an expert was asked", carried_late_minutes=15 * DAY)
    scenario.pass_days(40)
    scenario.say(facts.ExtensionGranted, "principal", reason="too late")
    return scenario


@story
def extension_known_after_the_prolonged_time() -> Scenario:
    scenario = accepted()
    scenario.pass_days(120)
    scenario.say(facts.ExtensionGranted, "principal", reason="an expert was asked", carried_late_minutes=65 * DAY)
    scenario.pass_days(10)
    return scenario


@story
def earlier_acceptance_moves_the_time_to_answer() -> Scenario:
    scenario = filed()
    scenario.pass_days(10)
    scenario.say(facts.PetitionAccepted, "principal")
    scenario.pass_days(30)
    scenario.say(facts.PetitionAccepted, "deputy", carried_late_minutes=35 * DAY)
    scenario.pass_days(40)
    return scenario


@story
def review_asked_in_time_known_after_the_end() -> Scenario:
    scenario = resolved()
    scenario.pass_days(45)
    scenario.happen(facts.ReviewAsked, carried_late_minutes=20 * DAY)
    scenario.pass_days(40)
    scenario.say(facts.ReviewAnswered, "director", answer="it stands", carried_late_minutes=35 * DAY)
    return scenario


@story
def earlier_request_for_review_moves_its_clock() -> Scenario:
    scenario = resolved()
    scenario.pass_days(20)
    scenario.happen(facts.ReviewAsked)
    scenario.pass_days(2)
    scenario.happen(facts.ReviewAsked, carried_late_minutes=10 * DAY)
    scenario.pass_days(40)
    return scenario


@story
def review_answered_before_it_was_known_to_be_asked() -> Scenario:
    scenario = resolved()
    scenario.pass_days(20)
    scenario.say(facts.ReviewAnswered, "director", answer="it stands")
    scenario.happen(facts.ReviewAsked, carried_late_minutes=2 * DAY)
    return scenario


@story
def answer_known_after_the_petition_was_taken_back() -> Scenario:
    scenario = accepted()
    scenario.pass_days(70)
    scenario.happen(facts.PetitionWithdrawn)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back", carried_late_minutes=20 * DAY)
    scenario.happen(facts.PetitionWithdrawn, carried_late_minutes=30 * DAY)
    return scenario
