"""After a breach was withdrawn the chain must go on: what was called off begins again when there is a true reason."""

from datetime import timedelta

import pytest

from escalation_policies.schema import Level
from escalation_policies.selector import Selector
from events.incident import IncidentClosed, IncidentDeclined
from tests.support.policy_variants import county, library
from tests.support.scenario import DAY, START, Scenario, minute

DISTRICT = "upward_receipt@district"
TOP = "upward_receipt@government_and_bureau"


def withdrawn(at: float) -> Scenario:
    """Return a case whose principal accepted at minute 14, carried at minute ``at``."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(at)
    scenario.acknowledge("principal", carried_late_minutes=at - 14)
    return scenario


def running(scenario: Scenario) -> set[str]:
    return set(scenario.opened.deadlines())


def test_district_must_answer_the_report_that_follows_a_withdrawn_breach() -> None:
    """The district was told in error and corrected; when the principal reports, its receipt is asked for anew."""
    scenario = withdrawn(16)
    scenario.pass_minutes(4)
    scenario.report_upward("principal")
    assert minute(scenario.opened.deadlines()[DISTRICT + "#1"]) == 30
    scenario.pass_minutes(10)
    assert (30, "breach-recorded", DISTRICT + "#1") in scenario.kinds("breach-recorded")
    assert (30, "township") in scenario.told(template="incident_unreached")


def test_district_that_was_silent_to_a_withdrawn_breach_has_none() -> None:
    """Its silence followed from an alarm that was none: called off as well, and asked anew by the report."""
    scenario = withdrawn(27)
    clock = scenario.opened.clock(DISTRICT)
    assert clock is not None
    assert clock.status == "cancelled"
    scenario.report_upward("principal")
    assert DISTRICT + "#1" in running(scenario)


def test_district_that_accepted_owes_its_report_again_when_the_principal_reports() -> None:
    """The director accepted the alarm, its duty was called off; the principal's report renews it, unasked twice."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    assert "report_upward@district" in running(scenario)
    scenario.acknowledge("principal", carried_late_minutes=2)
    assert "report_upward@district" not in running(scenario)
    scenario.pass_minutes(4)
    scenario.report_upward("principal")
    assert minute(scenario.opened.deadlines()["report_upward@district#1"]) == 40


def test_government_is_asked_anew_when_the_district_reports_after_a_correction() -> None:
    """District in time after all, carried late: government is corrected, then asked by the district's own report."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(11)
    assert TOP in running(scenario)
    scenario.acknowledge("director", carried_late_minutes=2)
    assert {p for _, p in scenario.told(template="incident_correction")} == {"township", "bureau"}
    assert running(scenario) >= {"report_upward@district"}
    scenario.report_upward("director")
    assert TOP + "#1" in running(scenario)


def test_top_in_time_carried_late_ends_every_round() -> None:
    """Both at the top answered by 9, carried in round 2: all rounds end, and whoever was called again hears so."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.pass_minutes(27)
    scenario.acknowledge("township", carried_late_minutes=18)
    scenario.acknowledge("bureau", carried_late_minutes=18)
    assert not [key for key in running(scenario) if key.startswith("upward_receipt")]
    assert {p for _, p in scenario.told(template="incident_correction")} >= {"duty-officer", "second-officer"}


def test_upward_clock_anchored_again_does_not_send_a_reminder_twice() -> None:
    """The reminder of 25 was sent; counted anew from 14 it would be 24: it is not sent again."""
    scenario = withdrawn(26)
    scenario.pass_minutes(7)
    told = [at for at, person in scenario.told(template="incident_reminder_report") if person == "principal"]
    assert told == [25, 30, 33]


def test_reminder_sent_before_the_clock_was_set_back_is_not_sent_again() -> None:
    """The reminder of 25 was sent, then the machine's clock fell back to 18: counted anew from 14, it is behind us."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(26)
    scenario.sleep_minutes(-8)
    scenario.acknowledge("principal", carried_late_minutes=4)
    scenario.pass_minutes(15)
    told = [at for at, person in scenario.told(template="incident_reminder_report") if person == "principal"]
    assert told == [25, 30, 33]


def test_receipt_asked_for_two_reasons_outlives_the_withdrawal_of_one() -> None:
    """Told of the principal's silence at 15 and of the missing report at 35: the second still stands at 40."""
    scenario = Scenario()
    scenario.file(severity="IV")
    scenario.sleep_minutes(34.5)
    scenario.pass_minutes(5.5)
    assert DISTRICT in running(scenario)
    scenario.acknowledge("principal", carried_late_minutes=26)
    assert DISTRICT in running(scenario)


def test_silent_district_is_asked_anew_by_the_report() -> None:
    """The district let the alarm pass; the principal's report asks it again, apart from those above who know."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(26)
    scenario.report_upward("principal")
    assert minute(scenario.opened.deadlines()[DISTRICT + "#1"]) == 36


def test_accepted_report_keeps_its_duty_when_the_alarm_before_it_is_withdrawn() -> None:
    """The director accepted the alarm and then had the report, too: the duty to report further stays."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    scenario.report_upward("principal")
    scenario.acknowledge("deputy", carried_late_minutes=2)
    assert (14, "breach-withdrawn", "report_to_principal@principal") in scenario.kinds("breach-withdrawn")
    assert minute(scenario.opened.deadlines()["report_upward@district"]) == 36


def test_duty_withheld_because_others_were_told_begins_when_those_are_called_off() -> None:
    """The district accepted the late report when those above knew by its silence: called off, that makes it owe one."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(36)
    scenario.acknowledge("director")
    assert "report_upward@district" not in running(scenario)
    scenario.acknowledge("principal", carried_late_minutes=22)
    assert minute(scenario.opened.deadlines()["report_upward@district"]) == 56


def test_duty_is_not_renewed_because_another_level_was_asked() -> None:
    """Government was told past a vacant level and stays asked; the district accepted nothing but a false alarm."""
    fire = county()
    vacant = Level(level="province", tell=(Selector(role="nobody", at="parent"),))
    chain = (*fire.chain[:2], vacant, fire.chain[2])
    scenario = Scenario(library(fire.model_copy(update={"chain": chain})))
    scenario.file()
    scenario.pass_minutes(26)
    scenario.acknowledge("director")
    for by in ("director", "district-deputy"):
        scenario.say(IncidentDeclined, by)
    scenario.pass_minutes(1)
    scenario.acknowledge("principal", carried_late_minutes=13)
    assert TOP in running(scenario)
    assert not [key for key in running(scenario) if key.startswith("report_upward@district")]


def test_report_of_a_level_whose_duty_was_called_off_is_carried_all_the_same() -> None:
    """The director accepted an alarm that was none, and reports all the same: what they know must go up."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(16)
    scenario.acknowledge("director")
    scenario.acknowledge("principal", carried_late_minutes=2)
    assert scenario.status("report_upward@district") == "cancelled"
    scenario.report_upward("director")
    assert {"township", "bureau"} <= {who for _, who in scenario.told(template="incident_report")}


@pytest.mark.parametrize("reported", [True, False])
def test_long_silence_of_a_level_stays_a_breach_only_when_it_was_asked_for_another_reason_as_well(
    reported: bool,
) -> None:
    """The district is silent to every chase of a hazard that was gone on day 9 of 15; and to the school's own report.

    All of it is folded when the evidence is carried at last: the chases were none, the report was one.
    """
    scenario = Scenario()
    scenario.file(kind="hazard")
    scenario.pass_days(150)
    scenario.acknowledge("principal")
    if reported:
        scenario.report_upward("principal")
    scenario.pass_days(130)
    carried_late = (scenario.now - START) / timedelta(minutes=1) - 9 * DAY
    scenario.say(IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=carried_late)
    assert scenario.opened.status == "closed"
    fold = scenario.opened.fold("upward_receipt", "district")
    assert fold is not None
    assert fold.is_standing is reported
    called_off = [e.clock for e in scenario.entries if "so are the earlier rounds of this silence" in e.reason]
    assert (fold.key in called_off) is not reported
