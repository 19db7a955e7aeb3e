"""People decline, hand over, say what they may not, and hear nothing of what concerns them."""

from events import incident as facts
from tests.stories.book import story
from tests.support.county import County
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import Scenario, shipped


@story
def everybody_declines() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file()
    scenario.pass_minutes(1)
    for by in ("principal", "principal", "duty-leader", "deputy"):
        scenario.say(facts.IncidentDeclined, by, reason="in hospital" if by == "deputy" else None)
        scenario.pass_minutes(1)
    scenario.say(facts.IncidentDeclined, "director")
    scenario.say(facts.IncidentDeclined, "district-deputy")
    scenario.pass_minutes(1)
    for by in ("bureau", "township", "duty-officer"):
        scenario.say(facts.IncidentDeclined, by)
    scenario.pass_minutes(30)
    return scenario


@story
def declined_and_taken_after_all() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(5)
    scenario.say(facts.IncidentDeclined, "principal")
    scenario.pass_minutes(2)
    scenario.acknowledge("principal")
    scenario.say(facts.IncidentDeclined, "principal", carried_late_minutes=1)
    scenario.acknowledge("duty-leader", carried_late_minutes=4)
    scenario.acknowledge("duty-leader")
    scenario.acknowledge("duty-leader", carried_late_minutes=5)
    scenario.pass_minutes(1)
    scenario.say(facts.IncidentDeclined, "principal")
    scenario.pass_minutes(25)
    return scenario


@story
def stand_in_accepted_before_the_other_declined() -> Scenario:
    """Both at the top must answer; the officer on duty took it before the bureau's leader declined."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.pass_minutes(5)
    scenario.acknowledge("duty-officer")
    scenario.say(facts.IncidentDeclined, "bureau")
    scenario.pass_minutes(2)
    scenario.say(facts.IncidentDeclined, "township")
    scenario.pass_minutes(10)
    return scenario


@story
def handed_from_one_to_another() -> Scenario:
    scenario = Scenario()
    scenario.staff.others |= {"nurse"}
    scenario.file()
    for by, to in (("passer-by", "nurse"), ("principal", "nobody"), ("principal", "principal")):
        scenario.say(facts.IncidentReassigned, by, to=to)
    scenario.pass_minutes(3)
    scenario.say(facts.IncidentReassigned, "principal", to="nurse")
    scenario.pass_minutes(3)
    scenario.acknowledge("nurse")
    scenario.say(facts.IncidentReassigned, "nurse", to="colleague", reason="end of the shift")
    scenario.pass_minutes(11)
    scenario.staff.others.discard("nurse")
    scenario.pass_minutes(20)
    return scenario


@story
def abuse_is_hidden_from_the_school() -> Scenario:
    scenario = Scenario(library(with_rounds(shipped().for_kind("suspected-abuse"), 2)))
    scenario.directory = County()
    scenario.file(kind="suspected-abuse", severity="III", concerns=("petition-officer",), reporter="teacher")
    scenario.say(facts.NoteAdded, "teacher", text="I saw more")
    scenario.say(facts.IncidentAmended, "teacher", summary="it was on Monday")
    scenario.acknowledge("principal")
    scenario.say(facts.NoteAdded, "petition-officer", text="it is nothing")
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="I was wrong")
    scenario.say(facts.IncidentReassigned, "protection-officer", to="principal")
    scenario.pass_minutes(60)
    return scenario


@story
def district_is_complained_of() -> Scenario:
    """Who is concerned is passed over at every step, with those who act for them; the fallback is there at the top."""
    scenario = Scenario(library(with_rounds(shipped().for_kind("petition-on-site"), 2)))
    scenario.directory = County()
    scenario.petition("petition-on-site", concerns=("director", "bureau-leader"))
    scenario.pass_minutes(30)
    scenario.acknowledge("director")
    scenario.acknowledge("principal")
    scenario.pass_minutes(60)
    return scenario


@story
def further_report_names_the_principal() -> Scenario:
    scenario = Scenario()
    scenario.staff.go_with = {"principal": ("deputy",)}
    scenario.file(concerns=("colleague",))
    scenario.pass_minutes(6)
    report = facts.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="fire", severity="II",
        concerns=("colleague", "principal"), summary="it was lit", reporter="cook",
    )  # fmt: skip
    scenario.happen(facts.ReportJoined, report=report)
    scenario.say(facts.IncidentReassigned, "duty-leader", to="colleague")
    scenario.acknowledge("principal")
    scenario.pass_minutes(30)
    return scenario
