"""Facts that happened in time and are carried late: breaches are withdrawn, and whoever heard of them hears that."""

from events import incident as facts
from tests.stories.book import story
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import DAY, Scenario


def _county() -> Scenario:
    return Scenario(library(with_rounds(county(), 2)))


@story
def receipt_in_time_carried_after_the_breach() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(27)
    scenario.acknowledge("principal", carried_late_minutes=13)
    scenario.pass_minutes(5)
    scenario.report_upward("principal")
    scenario.pass_minutes(30)
    return scenario


@story
def district_accepted_an_alarm_that_was_none() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(2)
    scenario.acknowledge("principal", carried_late_minutes=4)
    scenario.report_upward("principal")
    scenario.pass_minutes(60)
    return scenario


@story
def district_accepts_in_the_minute_in_which_the_school_reports() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    scenario.report_upward("principal")
    scenario.pass_minutes(30)
    return scenario


@story
def upward_report_in_time_carried_after_the_system_sent_its_own() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.acknowledge("principal")
    scenario.pass_minutes(22)
    scenario.report_upward("principal", carried_late_minutes=3)
    scenario.pass_minutes(12)
    scenario.report_upward("principal", carried_late_minutes=20)
    scenario.pass_minutes(30)
    return scenario


@story
def later_report_carried_before_the_earlier_one() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.acknowledge("principal")
    scenario.pass_minutes(25)
    scenario.report_upward("principal")
    scenario.pass_minutes(1)
    scenario.report_upward("principal", carried_late_minutes=10)
    scenario.pass_minutes(30)
    return scenario


@story
def top_answered_in_time_carried_in_the_second_round() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.pass_minutes(27)
    scenario.acknowledge("township", carried_late_minutes=18)
    scenario.acknowledge("bureau", carried_late_minutes=18)
    scenario.pass_minutes(60)
    return scenario


@story
def district_asked_for_two_reasons() -> Scenario:
    """Told of the principal's silence and of the missing report: with one called off, the other still stands."""
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    scenario.pass_minutes(20)
    scenario.acknowledge("principal", carried_late_minutes=25)
    scenario.pass_minutes(5)
    scenario.report_upward("director")
    scenario.pass_minutes(60)
    return scenario


@story
def district_accepted_the_late_report_alone() -> Scenario:
    """It answered what the system sent; whoever was told above it in error is called off, and its duty begins."""
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(36)
    scenario.acknowledge("director")
    scenario.pass_minutes(4)
    scenario.acknowledge("principal", carried_late_minutes=26)
    scenario.pass_minutes(4)
    scenario.report_upward("director")
    scenario.pass_minutes(30)
    return scenario


@story
def alarms_withdrawn_one_after_the_other() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(27)
    scenario.acknowledge("director")
    scenario.pass_minutes(1)
    scenario.acknowledge("principal", carried_late_minutes=14)
    scenario.pass_minutes(10)
    scenario.report_upward("principal", carried_late_minutes=6)
    scenario.pass_minutes(30)
    return scenario


@story
def all_of_the_district_declined_after_it_had_accepted() -> Scenario:
    """Government is asked because of that; when the system's report comes as well, its receipt serves both."""
    scenario = _county()
    scenario.file()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.pass_minutes(3)
    scenario.say(facts.IncidentDeclined, "director")
    scenario.say(facts.IncidentDeclined, "district-deputy")
    scenario.pass_minutes(2)
    scenario.acknowledge("township")
    scenario.acknowledge("bureau")
    scenario.pass_minutes(30)
    return scenario


@story
def update_in_time_carried_after_the_breach() -> Scenario:
    scenario = _county()
    scenario.file()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.acknowledge("bureau")
    scenario.pass_days(2.5)
    scenario.say(facts.UpdateFiled, "principal", summary="all is well", carried_late_minutes=1.6 * DAY)
    scenario.pass_days(0.2)
    scenario.say(facts.UpdateFiled, "principal", summary="still", carried_late_minutes=0.8 * DAY)
    scenario.pass_days(0.4)
    scenario.say(facts.FinalReportFiled, "principal", summary="over", carried_late_minutes=2.3 * DAY)
    scenario.pass_days(2)
    return scenario


@story
def final_report_in_time_carried_after_two_breaches() -> Scenario:
    scenario = _county()
    scenario.file(severity="III")
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.pass_minutes(300)
    scenario.say(facts.FinalReportFiled, "principal", summary="over", carried_late_minutes=190)
    scenario.pass_minutes(300)
    scenario.say(facts.FinalReportFiled, "principal", summary="over and over")
    return scenario


@story
def everything_carried_when_it_is_closed() -> Scenario:
    """The record is set right after the end: breaches go, and no clock starts."""
    scenario = _county()
    scenario.file()
    scenario.pass_minutes(90)
    scenario.say(facts.FinalReportFiled, "duty-leader", summary="a toaster")
    scenario.report_upward("duty-leader")
    scenario.report_upward("district-deputy")
    scenario.acknowledge("bureau")
    scenario.acknowledge("township")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_minutes(5)
    scenario.acknowledge("principal", carried_late_minutes=85)
    scenario.report_upward("principal", carried_late_minutes=82)
    scenario.acknowledge("director", carried_late_minutes=75)
    scenario.say(facts.UpdateFiled, "principal", summary="nothing", carried_late_minutes=20)
    return scenario
