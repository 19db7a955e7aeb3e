"""Cases are taken back, closed, opened again, joined and parted; and what is said after the end."""

from typing import Any

from events import incident as facts
from events.petition import PetitionAccepted, ReviewAsked
from tests.stories.answered_in_time import ANSWERS, reported
from tests.stories.book import story
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import Scenario


def _report(scenario: Scenario, number: int, **fields: Any) -> facts.IncidentFiled:
    fields = {"severity": "IV", "kind": "fire", "report_id": f"r-{number}", "received_at": scenario.now, **fields}
    return facts.IncidentFiled(case_id=f"case-{number}", school_id="school-1", **fields)


@story
def taken_back_and_closed() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file(reporter="teacher")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(16)
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="a toaster")
    scenario.say(facts.IncidentWithdrawn, "teacher")
    scenario.report_upward("principal")
    scenario.say(facts.FinalReportFiled, "principal", summary="a toaster")
    scenario.acknowledge("director")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.report_upward("director")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(60)
    return scenario


@story
def said_after_the_end() -> Scenario:
    """A closed case hears notes, and what happened before it was closed and sets its record right; nothing else."""
    scenario = reported()
    scenario.pass_minutes(60)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(30)
    scenario.say(facts.NoteAdded, "teacher", text="thank you")
    scenario.acknowledge("duty-officer", carried_late_minutes=40)
    scenario.acknowledge("duty-officer")
    scenario.say(facts.UpdateFiled, "principal", summary="late", carried_late_minutes=30)
    scenario.say(facts.SeverityChanged, "principal", severity="I", carried_late_minutes=40)
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    scenario.happen(facts.ReportJoined, report=_report(scenario, 2))
    scenario.file()
    scenario.say(facts.IncidentReopened, "director", reason="too early", carried_late_minutes=31)
    scenario.pass_days(3)
    return scenario


@story
def opened_again() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.say(facts.IncidentReopened, "director", reason="it is open")
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(30)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_minutes(5)
    scenario.acknowledge("bureau")
    scenario.say(facts.IncidentClosed, "principal", carried_late_minutes=6)
    scenario.say(facts.FinalReportFiled, "principal", summary="late", carried_late_minutes=10)
    scenario.say(facts.IncidentClosed, "principal")
    scenario.say(facts.FinalReportFiled, "principal", summary="now it is")
    scenario.say(facts.IncidentClosed, "principal", reason="cold")
    scenario.say(facts.IncidentReopened, "director", reason="warm")
    scenario.pass_days(2)
    return scenario


@story
def opened_again_before_anybody_reported() -> Scenario:
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file()
    scenario.pass_minutes(60)
    scenario.say(facts.FinalReportFiled, "principal", summary="nothing was there")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(10)
    scenario.say(facts.IncidentReopened, "teacher", reason="there is")
    scenario.pass_minutes(40)
    return scenario


@story
def case_of_many_schools_opened_again() -> Scenario:
    """No report upward is owed there, so no word was due before it was opened again."""
    scenario = Scenario()
    scenario.file(kind="many-schools", severity=None)
    scenario.acknowledge("bureau")
    scenario.say(facts.FinalReportFiled, "bureau", summary="the canteen is closed")
    scenario.say(facts.IncidentClosed, "bureau", review=ANSWERS)
    scenario.pass_minutes(60)
    scenario.say(facts.IncidentReopened, "bureau", reason="another canteen")
    scenario.pass_minutes(70)
    return scenario


@story
def case_of_an_empty_school_opened_again() -> Scenario:
    """The district owes the next word, before and after."""
    scenario = Scenario()
    scenario.staff.answers = {q: people for q, people in scenario.staff.answers.items() if "@self" not in q}
    scenario.file()
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.acknowledge("bureau")
    scenario.pass_minutes(40)
    scenario.say(facts.FinalReportFiled, "director", summary="a wire")
    scenario.say(facts.IncidentClosed, "director")
    scenario.pass_minutes(60)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_minutes(30)
    return scenario


@story
def joined_and_parted() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.say(facts.ReportSeparated, "principal", report=_report(scenario, 2))
    for number in (2, 3, 4):
        scenario.pass_minutes(1)
        scenario.happen(facts.ReportJoined, report=_report(scenario, number, summary="smoke", reporter="cook"))
    scenario.say(facts.ReportSeparated, "principal", report=_report(scenario, 3))
    scenario.say(facts.ReportSeparated, "principal", report=_report(scenario, 3))
    scenario.happen(facts.ReportJoined, report=_report(scenario, 3))
    scenario.happen(facts.ReportJoined, report=_report(scenario, 0, report_id="r-1"))
    scenario.say(facts.ReportSeparated, "principal", report=_report(scenario, 0, report_id="r-1"))
    scenario.say(facts.ReportSeparated, "principal", report=_report(scenario, 4), reason="next door")
    return scenario


@story
def fact_of_another_family() -> Scenario:

    scenario = Scenario()
    scenario.file()
    scenario.say(PetitionAccepted, "principal")
    scenario.happen(ReviewAsked)
    return scenario
