"""首报 → 续报 → 终报: the rhythm after the first report, and what it takes to close a case."""

from typing import Any

import pytest

from events import incident as facts
from tests.support.policy_variants import county, library
from tests.support.scenario import DAY, STAFF, Scenario, Staff, minute

HOURS = 60


def reported(**fields: Any) -> Scenario:
    """Return a case reported upward at minute 0."""
    scenario = Scenario()
    scenario.file(**fields)
    scenario.report_upward("principal")
    return scenario


def update(scenario: Scenario, **fields: Any) -> None:
    scenario.say(facts.UpdateFiled, "principal", summary="under control", **fields)


def final(scenario: Scenario, **fields: Any) -> None:
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire", **fields)


def close(scenario: Scenario, **fields: Any) -> None:
    scenario.say(facts.IncidentClosed, "principal", **fields)


@pytest.mark.parametrize(("severity", "minutes"), [("I", 30), ("II", 60), ("III", 120), ("IV", 24 * HOURS)])
def test_follow_up_is_due_in_the_severitys_rhythm(severity: facts.Severity, minutes: float) -> None:
    """The graver, the sooner the next word is due after the first report."""
    assert minute(reported(severity=severity).opened.deadlines()["follow_up@principal"]) == minutes


def test_update_starts_the_next_round_from_itself() -> None:
    """An update after 20 hours makes the next due 24 hours later, and is passed on to who was told."""
    scenario = reported()
    scenario.acknowledge("director")
    scenario.pass_minutes(20 * HOURS)
    update(scenario)
    assert minute(scenario.opened.deadlines()["follow_up@principal#1"]) == 44 * HOURS
    assert (20 * HOURS, "director") in scenario.told(template="incident_update")


def test_missing_update_is_told_to_the_level_that_waits_each_round() -> None:
    """No word for a day: the district hears so, and again after the next day."""
    scenario = reported()
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.pass_minutes(49 * HOURS)
    told = [at for at, person in scenario.told(template="incident_follow_up") if person == "director"]
    assert told == [24 * HOURS, 48 * HOURS]


def test_missing_update_reaches_the_level_above_a_vacant_one() -> None:
    """Where the district is vacant, government and bureau wait, and hear of the missing word."""
    scenario = Scenario(staff=Staff(STAFF | {"role:district_director@parent": (), "role:district_deputy@parent": ()}))
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(24 * HOURS)
    assert {p for at, p in scenario.told(template="incident_follow_up") if at == 24 * HOURS} >= {"township", "bureau"}


def test_update_in_time_carried_late_withdraws_the_breach_and_its_round() -> None:
    """Filed at 23 h, carried at 25 h: the district is corrected, and the next is due 24 h after the update."""
    scenario = reported()
    scenario.pass_minutes(25 * HOURS)
    update(scenario, carried_late_minutes=2 * HOURS)
    assert "director" in {p for _, p in scenario.told(template="incident_correction")}
    due = {key: minute(at) for key, at in scenario.opened.deadlines().items() if key.startswith("follow_up")}
    assert due == {"follow_up@principal#2": 47 * HOURS}


def test_late_carried_update_starts_no_second_rhythm() -> None:
    """Updates of 30 h and then, carried late, of 23 h: one next word is due, counted from the later."""
    scenario = reported()
    scenario.pass_minutes(30 * HOURS)
    update(scenario)
    scenario.pass_minutes(HOURS)
    update(scenario, carried_late_minutes=8 * HOURS)
    assert (23 * HOURS, "breach-withdrawn", "follow_up@principal") in scenario.kinds("breach-withdrawn")
    due = {key: minute(at) for key, at in scenario.opened.deadlines().items() if key.startswith("follow_up")}
    assert due == {"follow_up@principal#2": 54 * HOURS}


def test_update_that_comes_twice_answers_one_round() -> None:
    """A copy of an update does not answer the round that the update itself began."""
    scenario = reported()
    scenario.pass_minutes(HOURS)
    update(scenario)
    update(scenario)
    assert "follow_up@principal#1" in scenario.opened.deadlines()


def test_update_known_before_its_first_report_counts() -> None:
    """Reported at 10, an update at 19, carried in the other order: the next word is due from 19."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    scenario.pass_minutes(19)
    update(scenario)
    scenario.report_upward("principal", carried_late_minutes=9)
    assert minute(scenario.opened.deadlines()["follow_up@principal"]) == 24 * HOURS + 19


def test_sleeping_worker_records_one_missing_update_and_goes_on_from_now() -> None:
    """After a night of sleep a grave case does not send a night's worth of overdue notices."""
    scenario = reported(severity="I")
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.sleep_minutes(8 * HOURS)
    scenario.pass_minutes(0)
    assert [at for at, p in scenario.told(template="incident_follow_up") if p == "director"] == [30]
    assert minute(scenario.opened.deadlines()["follow_up@principal#1"]) == 8.5 * HOURS


def test_final_report_ends_the_rhythm() -> None:
    """After the final report no word is due."""
    scenario = reported()
    final(scenario)
    assert not [key for key in scenario.opened.deadlines() if key.startswith("follow_up")]


def test_final_report_in_time_carried_late_leaves_no_missing_update() -> None:
    """Final at 23 h, carried at 50 h: neither of the two missed rounds was one, and none goes on."""
    scenario = reported()
    scenario.pass_minutes(50 * HOURS)
    final(scenario, carried_late_minutes=27 * HOURS)
    statuses = {clock.status for clock in scenario.opened.rounds("follow_up")}
    assert statuses <= {"satisfied", "cancelled"}


def test_close_is_refused_without_the_final_report() -> None:
    """Nobody may silence a report by closing it."""
    scenario = reported()
    close(scenario)
    assert scenario.opened.status == "open"
    assert scenario.entries[-1].reason == "not closed: the final report (终报) is missing"


def test_close_is_refused_while_nobody_above_has_heard() -> None:
    """A final report in minute 2 does not end a case of which the district knows nothing."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    final(scenario)
    close(scenario)
    assert scenario.opened.status == "open"
    assert scenario.entries[-1].reason == "not closed: still due is report_upward@principal"


def test_close_ends_every_clock_and_the_case() -> None:
    """With the final report the case closes: all clocks are cancelled, in the journal too, and nothing fires again."""
    scenario = reported()
    final(scenario)
    close(scenario)
    assert scenario.opened.status == "closed"
    assert scenario.opened.next_due_at is None
    assert [clock for _, _, clock in scenario.kinds("clock-cancelled")] == ["upward_receipt@district"]
    assert scenario.entries[-1].kind == "case-completed"


def test_closed_case_hears_no_more_and_says_why() -> None:
    """A receipt after the end is written down as such."""
    scenario = reported()
    final(scenario)
    close(scenario)
    scenario.pass_minutes(1)
    scenario.acknowledge("director")
    assert (scenario.entries[-1].kind, scenario.entries[-1].reason) == ("action-withheld", "the case is closed")


def test_closed_case_takes_notes() -> None:
    """The timeline stays open for remarks."""
    scenario = reported()
    final(scenario)
    close(scenario)
    scenario.say(facts.NoteAdded, "principal", text="insurance told")
    assert scenario.entries[-1].kind == "fact-noted"


def test_closed_case_still_withdraws_a_breach_that_was_none() -> None:
    """A receipt of 14 carried after the close sets the record right, and starts no clock."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(20)
    scenario.report_upward("principal")
    final(scenario)
    close(scenario)
    scenario.pass_minutes(1)
    scenario.acknowledge("deputy", carried_late_minutes=7)
    assert (14, "breach-withdrawn", "report_to_principal@principal") in scenario.kinds("breach-withdrawn")
    assert scenario.opened.deadlines() == {}


def test_policy_may_ask_for_what_a_first_report_has_no_field_for() -> None:
    """It is asked for, to follow with the next report."""
    contents = county().contents.model_copy(update={"first": ("summary", "cause")})
    scenario = Scenario(library(county().model_copy(update={"contents": contents})))
    scenario.file()
    scenario.report_upward("principal")
    assert "still missing, to follow: cause" in scenario.reasons("fact-noted")


def test_update_made_before_a_breach_was_noticed_answers_the_round_after_it() -> None:
    """The worker slept over the deadline by two hours; what was said in the first of them is the next word."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.sleep_minutes(DAY + 120)
    scenario.say(facts.NoteAdded, "teacher", text="?")
    scenario.say(facts.UpdateFiled, "principal", summary="all is well", carried_late_minutes=60)
    assert scenario.status("follow_up@principal#1") == "satisfied"
