"""The grade of a case changes while its clocks run."""

from events import incident as facts
from tests.stories.book import story
from tests.support.scenario import Scenario


@story
def fire_that_grows() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(3)
    scenario.say(facts.SeverityChanged, "principal", severity="IV")
    scenario.say(facts.SeverityChanged, "principal", severity="III", reason="it spreads")
    scenario.pass_minutes(4)
    scenario.say(facts.SeverityChanged, "deputy", severity="I")
    scenario.say(facts.SeverityChanged, "deputy", severity="II", carried_late_minutes=1)
    scenario.pass_minutes(10)
    scenario.say(facts.SeverityChanged, "principal", severity="IV", reason="it is out")
    scenario.pass_minutes(60)
    return scenario


@story
def grade_raised_while_the_next_word_is_due() -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.pass_minutes(100)
    scenario.say(facts.SeverityChanged, "principal", severity="II", reason="somebody died", carried_late_minutes=5)
    scenario.pass_minutes(90)
    return scenario


@story
def further_reports_raise_the_grade() -> Scenario:
    scenario = Scenario()
    scenario.file()
    for number, severity in enumerate(("IV", None, "III", "I", "II"), start=2):
        scenario.pass_minutes(0.5)
        report = facts.IncidentFiled(
            case_id=f"case-{number}", received_at=scenario.now, report_id=f"r-{number}", school_id="school-1",
            kind="fire", severity=severity, urgent=number == 3, reporter=f"pupil-{number}", summary=f"smoke {number}",
        )  # fmt: skip
        scenario.happen(facts.ReportJoined, report=report)
    scenario.happen(facts.ReportJoined, report=report, carried_late_minutes=1)
    scenario.pass_minutes(8)
    return scenario


@story
def hazard_whose_grade_is_raised_keeps_its_date() -> Scenario:
    scenario = Scenario()
    scenario.file(kind="hazard")
    scenario.pass_minutes(30)
    scenario.say(facts.SeverityChanged, "principal", severity="I")
    scenario.pass_minutes(60)
    return scenario
