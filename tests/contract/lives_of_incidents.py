"""Lives of incidents, at least one under each policy: answered, unanswered, known late, moved, parted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from events import incident as facts
from tests.contract.history_book import life
from tests.support.county import County
from tests.support.scenario import Scenario

HOURS = 60
REVIEW = facts.ReviewAnswers(cause="a wire", accountability="warned", measures="rewired", education="a lesson")


def another(scenario: Scenario, number: int, **fields: Any) -> facts.IncidentFiled:
    """Return a further report, under the case id that it would have opened."""
    told = {"received_at": scenario.now, "report_id": f"r-{number}", "kind": "fire", "severity": "IV", **fields}
    return facts.IncidentFiled(case_id=f"case-{number}", school_id="school-1", **told)


def pass_upward(scenario: Scenario) -> None:
    """Let every level accept and report, a minute apart."""
    for by in ("principal", "director"):
        scenario.acknowledge(by)
        scenario.pass_minutes(1)
        scenario.report_upward(by)
        scenario.pass_minutes(1)
    scenario.acknowledge("township-officer")
    scenario.acknowledge("bureau-leader", via="code")


@life(version=2)
def fire_that_nobody_answers(scenario: Scenario, county: County) -> None:
    """The whole climb, and a round at the top."""
    scenario.file(place="the kitchen", summary="smoke")
    scenario.pass_minutes(50)


@life(version=2)
def fire_from_report_to_end(scenario: Scenario, county: County) -> None:
    """Answered everywhere in time, followed up, reviewed, closed; what comes after the end is withheld."""
    scenario.file(severity="II", occurred_at=scenario.now, casualties=facts.Casualties(injured=2), reporter="teacher")
    scenario.pass_minutes(1)
    pass_upward(scenario)
    scenario.pass_minutes(30)
    scenario.say(facts.UpdateFiled, "principal", summary="it is out", trend="falling", measures="all are home")
    scenario.pass_minutes(2 * HOURS)
    scenario.say(facts.IncidentClosed, "principal")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire", cause="age", aftermath="none")
    scenario.say(facts.IncidentClosed, "principal", reason="rewired", review=facts.ReviewAnswers(cause="a wire"))
    scenario.say(facts.IncidentClosed, "principal", reason="rewired", evidence="a photograph", review=REVIEW)
    scenario.say(facts.NoteAdded, "teacher", text="thank you")
    scenario.acknowledge("deputy")


@life(version=2)
def fire_whose_answers_are_known_too_late(scenario: Scenario, county: County) -> None:
    """A receipt and a report that were in time and are carried after the breaches: both are withdrawn and corrected."""
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("principal", carried_late_minutes=3)
    scenario.pass_minutes(25)
    scenario.report_upward("principal", carried_late_minutes=12)
    scenario.sleep_minutes(40)
    scenario.acknowledge("director")


@life(version=2)
def fire_handed_from_one_to_another(scenario: Scenario, county: County) -> None:
    """Declined, taken by who stands in, handed to a named person; graded worse, then milder; a stranger says so."""
    county.appoint("teacher", "director")
    scenario.file()
    scenario.pass_minutes(2)
    scenario.say(facts.IncidentDeclined, "principal", reason="on a train")
    scenario.say(facts.IncidentReassigned, "deputy", to="teacher", reason="knows the building")
    scenario.say(facts.SeverityChanged, "deputy", severity="I", reason="two are missing")
    scenario.acknowledge("teacher")
    scenario.say(facts.IncidentAmended, "deputy", place="the hall", casualties=facts.Casualties(missing=2))
    scenario.say(facts.SeverityChanged, "deputy", severity="III", reason="they are found")
    scenario.acknowledge("petition-officer")
    scenario.pass_minutes(20)


@life(version=2)
def fire_where_nobody_holds_the_post(scenario: Scenario, county: County) -> None:
    """School and district are vacant: the alarm goes to government and bureau in the same moment."""
    county.remove("principal", "deputy", "director", "district-deputy")
    scenario.file(urgent=True, severity=None)
    scenario.pass_minutes(12)
    scenario.acknowledge("bureau-leader")
    scenario.acknowledge("township-officer")


@life(version=2)
def fire_reported_by_several(scenario: Scenario, county: County) -> None:
    """Reports join and are parted again; the first is taken back; the case ends, and goes on."""
    scenario.file()
    second, third = another(scenario, 2, summary="I see smoke"), another(scenario, 3, severity="II")
    scenario.happen(facts.ReportJoined, report=second)
    scenario.happen(facts.ReportJoined, report=third)
    scenario.pass_minutes(1)
    pass_upward(scenario)
    scenario.say(facts.ReportSeparated, "director", report=second, reason="in the gymnasium")
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="a toaster")
    scenario.say(facts.FinalReportFiled, "principal", summary="a toaster")
    scenario.say(facts.IncidentClosed, "principal", review=REVIEW)
    scenario.happen(facts.ReportJoined, report=another(scenario, 4))
    scenario.pass_minutes(HOURS)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_minutes(90)


@life(version=2)
def drill_of_an_exam(scenario: Scenario, county: County) -> None:
    """An exercise takes the same road, with its watermark on everything."""
    scenario.file(kind="exam-safety", severity=None, exercise=True, summary="a drill")
    scenario.pass_minutes(3)
    scenario.acknowledge("principal")
    scenario.report_upward("principal")
    scenario.pass_minutes(4)
    scenario.acknowledge("exam-officer")
    scenario.pass_minutes(10)


@life(version=2)
def poisoning_whose_reports_have_gaps(scenario: Scenario, county: County) -> None:
    """Reports without what the policy asks are taken, and their gaps are written down; updates come too late."""
    scenario.file(kind="food-poisoning", severity="III")
    scenario.acknowledge("principal")
    scenario.report_upward("principal")
    for by in ("health-officer", "township-officer", "bureau-leader"):
        scenario.acknowledge(by)
    scenario.say(facts.UpwardReportFiled, "director", summary="12 are ill", casualties=facts.Casualties(injured=12))
    scenario.pass_minutes(3 * HOURS)
    scenario.say(facts.UpdateFiled, "principal", summary="they are better")
    scenario.say(facts.FinalReportFiled, "principal", summary="over")


@life()
def hazard_that_is_overdue(scenario: Scenario, county: County) -> None:
    """It has an owner and a date; overdue it climbs, by day; struck off only with evidence."""
    due_at = scenario.now + timedelta(days=2)
    scenario.file(kind="hazard", severity=None, owner="teacher", due_at=due_at, summary="a loose railing")
    scenario.acknowledge("teacher")
    scenario.pass_days(3)
    scenario.acknowledge("director")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.say(facts.IncidentClosed, "principal", evidence="a photograph")


@life(version=2)
def same_thing_at_many_schools(scenario: Scenario, county: County) -> None:
    """The bureau's own case: its leader first, its duty officer when the leader is silent."""
    scenario.judge(
        facts.IncidentFiled(
            case_id="case-1", received_at=scenario.now, report_id="gathered", school_id="bureau", kind="many-schools",
            severity="II", urgent=True, summary="fire: 3 schools",
        )
    )  # fmt: skip
    scenario.pass_minutes(6)
    scenario.acknowledge("duty-officer")
    scenario.pass_minutes(5)
    scenario.acknowledge("bureau-leader")
    scenario.say(facts.UpdateFiled, "bureau-leader", summary="the water is turned off")


@life(version=2)
def abuse_that_the_school_may_not_hear_of(scenario: Scenario, county: County) -> None:
    """Whoever belongs to the school is passed over and not heard; so is the officer whom the report names."""
    scenario.file(kind="suspected-abuse", severity=None, concerns=("protection-officer",), reporter="teacher")
    scenario.acknowledge("principal")
    scenario.say(facts.NoteAdded, "teacher", text="I saw more")
    scenario.pass_minutes(12)
    scenario.acknowledge("bureau-leader")
    scenario.pass_minutes(30)


@life()
def school_closed_for_weather(scenario: Scenario, county: County) -> None:
    """Reported after the fact; the district's director is on leave, and who acts for them answers."""
    county.posts["director"] = replace(county.posts["director"], away=True, delegate="district-deputy")
    scenario.file(kind="weather-closure", severity=None)
    scenario.acknowledge("principal")
    scenario.report_upward("principal")
    scenario.pass_minutes(20)
    scenario.report_upward("district-deputy")
    scenario.acknowledge("bureau-leader")
    scenario.pass_minutes(25 * HOURS)
