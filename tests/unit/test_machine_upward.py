"""校长接到报告后…在20分钟内向上级汇报: the upward report, in time, late or never."""

import pytest

from events import incident as facts
from tests.support.policy_variants import county, library, with_both_in_the_district
from tests.support.scenario import STAFF, Scenario, Staff, minute

UPWARD = "report_upward@principal"
RECEIPT = "upward_receipt@district"


def acknowledged_at(minutes: float) -> Scenario:
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(minutes)
    scenario.acknowledge("principal")
    return scenario


def deadline(scenario: Scenario, key: str) -> float:
    return minute(scenario.opened.deadlines()[key])


def test_twenty_minutes_run_from_the_acknowledgement() -> None:
    """A receipt at minute 4 makes the upward report due at minute 24."""
    assert deadline(acknowledged_at(4), UPWARD) == 24


def test_twenty_minutes_run_from_the_breach_when_nobody_answers() -> None:
    """The system never waits for a person who does not answer: the leg upward starts with the breach at 15."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(15)
    assert deadline(scenario, UPWARD) == 35


def test_twenty_minutes_of_two_run_from_the_receipt_that_completed_theirs_in_whatever_order_they_are_carried() -> None:
    """`all`: the director at minute 6 and the township at 3, whose receipt is carried last: due at 26, not at 23."""
    scenario = Scenario(library(with_both_in_the_district(county(), "all")))
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(6)
    scenario.acknowledge("director")
    assert "report_upward@district" not in scenario.opened.deadlines()
    scenario.pass_minutes(1)
    scenario.acknowledge("township", carried_late_minutes=4)
    assert deadline(scenario, "report_upward@district") == 26


def test_late_receipt_does_not_move_the_upward_deadline() -> None:
    """Who accepts after the breach has what is left of the 20 minutes that began with it."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(18)
    scenario.acknowledge("principal")
    assert deadline(scenario, UPWARD) == 35
    assert scenario.kinds("breach-withdrawn") == []


def test_reminders_come_at_50_80_and_95_percent() -> None:
    """Of the 20 minutes: at 10, 16 and 19, to who accepted and to the stand-ins."""
    scenario = acknowledged_at(4)
    scenario.pass_minutes(19.9)
    told = scenario.told(template="incident_reminder_report")
    assert [at for at, person in told if person == "principal"] == [14, 20, 23]
    assert {person for _, person in told} == {"principal", "duty-leader", "deputy"}


def test_reminder_goes_to_the_stand_in_who_accepted() -> None:
    """The duty is with who accepted it: the principal, who did not, is not reminded of it."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("deputy")
    scenario.pass_minutes(10)
    assert {p for _, p in scenario.told(template="incident_reminder_report")} == {"deputy", "duty-leader"}


def test_report_in_time_satisfies_and_reaches_the_district() -> None:
    """The first report stops the clock, is carried to the district with its words, and asks for a receipt."""
    scenario = acknowledged_at(4)
    scenario.pass_minutes(10)
    scenario.report_upward("principal")
    assert (14, "clock-satisfied", UPWARD) in scenario.kinds("clock-satisfied")
    assert scenario.told(template="incident_report") == [(14, "director")]
    assert scenario.requests[-1].note == "fire in the kitchen, all out"
    assert deadline(scenario, RECEIPT) == 24


def test_report_without_a_receipt_before_is_a_receipt_too() -> None:
    """Who reports upward has accepted: both clocks are answered by the one fact."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(3)
    scenario.report_upward("principal")
    assert [clock for _, _, clock in scenario.kinds("clock-satisfied")] == ["report_to_principal@principal", UPWARD]


def test_silence_sends_upward_what_is_known_marked_late() -> None:
    """No report by its deadline: the breach is recorded and the system itself tells the district, as a late report."""
    scenario = acknowledged_at(4)
    scenario.pass_minutes(20)
    assert (24, "breach-recorded", UPWARD) in scenario.kinds("breach-recorded")
    assert scenario.told(template="incident_late_report") == [(24, "director")]
    assert deadline(scenario, RECEIPT) == 34


def test_late_report_is_carried_but_its_breach_stays() -> None:
    """A report at minute 30 still goes upward; it does not undo the lateness."""
    scenario = acknowledged_at(4)
    scenario.pass_minutes(26)
    scenario.report_upward("principal")
    assert scenario.told(template="incident_report") == [(30, "director")]
    assert scenario.kinds("breach-withdrawn") == []
    clock = scenario.opened.clock(UPWARD)
    assert clock is not None
    assert clock.status == "breached"


def test_report_reaches_every_level_that_heard_before() -> None:
    """When district and government know already that nobody answered, both get the report; the district answers."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(26)
    scenario.report_upward("principal")
    assert {p for _, p in scenario.told(template="incident_report")} == {"director", "township", "bureau"}


def test_report_that_no_clock_waits_for_is_carried_all_the_same() -> None:
    """The district, whose superiors were told by its silence, reports at last: its words reach them."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(28)
    scenario.report_upward("director")
    assert "report_upward@district" not in scenario.opened.deadlines()
    assert {p for _, p in scenario.told(template="incident_report")} == {"township", "bureau"}


def test_second_report_of_a_level_is_passed_on_and_stops_nothing() -> None:
    """A further first report is no first report: those above hear it, once, and the journal says why no clock moved."""
    scenario = acknowledged_at(4)
    scenario.report_upward("principal")
    before = scenario.opened.deadlines()
    scenario.say(facts.UpwardReportFiled, "deputy", summary="two hurt after all")
    assert scenario.opened.deadlines() == before
    assert scenario.told(template="incident_update") == [(4, "director")]
    assert "reported before" in next(e.reason for e in reversed(scenario.entries) if e.kind == "action-withheld")


def test_report_from_the_top_has_nobody_above() -> None:
    """The last level's report is kept, and the journal says that nobody is above it."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(26)
    scenario.report_upward("bureau")
    assert "nobody is above to report to" in [e.reason for e in scenario.entries]


def test_district_that_accepts_the_report_owes_one_upward() -> None:
    """Each level has its own 20 minutes from its own receipt."""
    scenario = acknowledged_at(4)
    scenario.report_upward("principal")
    scenario.pass_minutes(6)
    scenario.acknowledge("director")
    assert deadline(scenario, "report_upward@district") == 30
    scenario.pass_minutes(5)
    scenario.report_upward("director")
    assert scenario.told(template="incident_report")[-2:] == [(15, "township"), (15, "bureau")]


@pytest.mark.parametrize("reported", [True, False])
def test_vacant_district_is_passed_by_a_report(reported: bool) -> None:
    """Nobody at the district: what is reported, or known, goes to the government and bureau at once."""
    scenario = Scenario(staff=Staff(STAFF | {"role:district_director@parent": (), "role:district_deputy@parent": ()}))
    scenario.file()
    scenario.acknowledge("principal")
    if reported:
        scenario.report_upward("principal")
    else:
        scenario.pass_minutes(20)
    assert {p for _, p in scenario.told()} >= {"township", "bureau"}
    assert "upward_receipt@government_and_bureau" in scenario.opened.deadlines()
