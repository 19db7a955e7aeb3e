"""Petitions: accepted or declined, answered, prolonged, reviewed, routed, taken back."""

from collections.abc import Callable

from events import incident as incidents
from events import petition as facts
from tests.stories.book import story
from tests.support.policy_variants import library, with_rounds
from tests.support.scenario import Scenario, shipped


def filed(kind: str = "petition", severity: str = "III") -> Scenario:
    """Return a petition just filed, in a county with few rounds at the top."""
    scenario = Scenario(library(with_rounds(shipped().for_any_kind(kind, "petition"), 2)))
    scenario.petition(kind, severity=severity)
    return scenario


def accepted() -> Scenario:
    """Return a petition accepted on its fourth day."""
    scenario = filed()
    scenario.pass_days(0.1)
    scenario.acknowledge("principal")
    scenario.pass_days(3.9)
    scenario.say(facts.PetitionAccepted, "principal", notice="we look into it")
    return scenario


def resolved() -> Scenario:
    """Return a petition answered after its time was prolonged."""
    scenario = accepted()
    scenario.pass_days(50)
    scenario.say(facts.ExtensionGranted, "principal", reason="an expert was asked")
    scenario.say(facts.ExtensionGranted, "deputy", reason="and another")
    scenario.pass_days(20)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back")
    return scenario


@story
def petition_answered_and_not_reviewed() -> Scenario:
    scenario = resolved()
    scenario.say(facts.PetitionResolved, "principal", answer="paid back twice")
    scenario.say(facts.PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(40)
    scenario.say(incidents.NoteAdded, "principal", text="filed away")
    scenario.happen(facts.ReviewAsked)
    return scenario


@story
def petition_answered_and_reviewed() -> Scenario:
    scenario = resolved()
    scenario.pass_days(10)
    scenario.say(facts.ReviewAnswered, "director", answer="too early")
    scenario.happen(facts.ReviewAsked)
    scenario.pass_days(1)
    scenario.happen(facts.ReviewAsked)
    scenario.pass_days(20)
    scenario.say(facts.ReviewAnswered, "director", answer="it stands")
    scenario.say(facts.ReviewAnswered, "director", answer="it stands still")
    scenario.pass_days(20)
    return scenario


@story
def petition_declined_and_reviewed_late() -> Scenario:
    scenario = filed()
    scenario.pass_days(1)
    scenario.say(facts.PetitionDeclined, "principal", reason="not ours")
    scenario.say(facts.PetitionDeclined, "principal", reason="not ours")
    scenario.pass_days(5)
    scenario.happen(facts.ReviewAsked)
    scenario.say(facts.PetitionAccepted, "principal", carried_late_minutes=7000)
    scenario.say(facts.PetitionResolved, "principal", answer="so", carried_late_minutes=7000)
    scenario.pass_days(50)
    scenario.say(facts.ReviewAnswered, "director", answer="it is ours")
    return scenario


@story
def petition_never_answered() -> Scenario:
    scenario = accepted()
    scenario.pass_days(90)
    return scenario


@story
def petition_routed_to_the_top() -> Scenario:
    scenario = filed()
    for by in ("passer-by", "deputy", "principal", "director", "petition-officer"):
        scenario.pass_days(0.5)
        scenario.say(facts.ObjectionRaised, by, reason="not ours")
    scenario.say(facts.PetitionAccepted, "passer-by")
    scenario.pass_days(14)
    scenario.say(facts.PetitionAccepted, "petition-officer")
    scenario.pass_days(10)
    scenario.say(facts.PetitionResolved, "petition-officer", answer="paid back")
    scenario.happen(facts.ReviewAsked)
    scenario.pass_days(60)
    return scenario


@story
def petition_routed_past_a_vacant_district() -> Scenario:
    scenario = filed()
    scenario.staff.answers = {q: p for q, p in scenario.staff.answers.items() if "district" not in q}
    scenario.pass_days(6)
    scenario.say(facts.ObjectionRaised, "principal", reason="not ours")
    scenario.pass_days(3)
    scenario.say(facts.ObjectionRaised, "petition-officer", reason="nor ours")
    scenario.pass_days(30)
    return scenario


@story
def petition_routed_before_the_breach_and_known_after_it() -> Scenario:
    """The next office is chased like the first one would have been; a reminder that was sent is not sent again."""
    scenario = filed()
    scenario.pass_days(16)
    scenario.say(facts.ObjectionRaised, "principal", reason="not ours", carried_late_minutes=13 * 1440)
    scenario.pass_days(10)
    scenario.say(facts.PetitionAccepted, "director", carried_late_minutes=11 * 1440)
    scenario.pass_days(10)
    return scenario


@story
def petition_routed_after_its_first_reminder() -> Scenario:
    scenario = filed()
    scenario.pass_days(10)
    scenario.say(facts.ObjectionRaised, "principal", reason="not ours", carried_late_minutes=6 * 1440)
    scenario.pass_days(10)
    return scenario


@story
def petition_taken_back() -> Scenario:
    scenario = accepted()
    scenario.pass_days(2)
    scenario.happen(facts.PetitionWithdrawn)
    scenario.happen(facts.PetitionWithdrawn)
    scenario.pass_days(1)
    scenario.happen(facts.PetitionWithdrawn, carried_late_minutes=2000)
    scenario.say(facts.PetitionResolved, "principal", answer="paid back")
    return scenario


@story
def petition_taken_back_before_the_breach_and_known_after_it() -> Scenario:
    scenario = filed()
    scenario.pass_days(25)
    scenario.happen(facts.PetitionWithdrawn, carried_late_minutes=15 * 1440)
    scenario.pass_days(10)
    return scenario


@story
def petition_hears_no_verbs_of_incidents() -> Scenario:
    scenario = filed()
    scenario.file()
    scenario.say(incidents.IncidentWithdrawn, "principal")
    scenario.say(incidents.IncidentReopened, "principal", reason="so")
    scenario.say(incidents.IncidentClosed, "principal")
    report = incidents.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="fire"
    )
    scenario.happen(incidents.ReportJoined, report=report)
    scenario.say(incidents.ReportSeparated, "principal", report=report)
    return scenario


@story
def petition_of_which_too_much_is_said() -> Scenario:
    scenario = filed()
    for _ in range(66):
        scenario.pass_minutes(1)
        scenario.say(facts.ReviewAnswered, "principal", answer="so")
    return scenario


@story
def crowd_at_the_gate_is_heard() -> Scenario:
    """Minutes count as for an incident, and the days of the law beside them."""
    scenario = filed("petition-on-site")
    steps: list[tuple[float, Callable[[], None]]] = [
        (2, lambda: scenario.acknowledge("principal")),
        (3, lambda: scenario.report_upward("principal")),
        (1, lambda: scenario.acknowledge("director")),
        (3, lambda: scenario.report_upward("director")),
        (1, lambda: scenario.acknowledge("petition-officer")),
        (100, lambda: scenario.say(incidents.UpdateFiled, "principal", summary="they went home")),
        (10, lambda: scenario.say(incidents.FinalReportFiled, "principal", summary="over")),
        (3000, lambda: scenario.say(facts.PetitionResolved, "principal", answer="the fee is gone")),
        (60000, lambda: None),
    ]
    for minutes, act in steps:
        scenario.pass_minutes(minutes)
        act()
    return scenario
