"""无迟报: the times of the facts decide, not of their processing; a breach that was none is withdrawn aloud."""

import pytest

from events import incident as facts
from tests.support.scenario import Scenario, minute

PRINCIPAL = "report_to_principal@principal"
UPWARD = "report_upward@principal"
DISTRICT = "upward_receipt@district"


def status(scenario: Scenario, key: str) -> str:
    clock = scenario.opened.clock(key)
    assert clock is not None
    return clock.status


def breached(minutes: float = 16) -> Scenario:
    """Return a case whose principal was silent until 15, at a later minute."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(minutes)
    return scenario


def test_receipt_in_time_carried_late_withdraws_the_breach() -> None:
    """Accepted at 14, carried at 16: the breach of 15 is withdrawn and what it started is called off."""
    scenario = breached()
    scenario.acknowledge("principal", carried_late_minutes=2)
    assert (14, "breach-withdrawn", PRINCIPAL) in scenario.kinds("breach-withdrawn")
    assert (status(scenario, PRINCIPAL), status(scenario, DISTRICT)) == ("satisfied", "cancelled")


def test_correction_goes_to_everyone_who_was_told_of_the_breach() -> None:
    """District, its deputy who was reminded, government and bureau who heard of its silence: all hear it was none."""
    scenario = breached(26)
    scenario.acknowledge("principal", carried_late_minutes=12)
    corrected = {p for _, p in scenario.told(template="incident_correction")}
    assert corrected == {"director", "district-deputy", "township", "bureau"}
    assert not any(r.asks_acknowledgement for r in scenario.requests if r.template == "incident_correction")


def test_correction_reaches_the_stand_in_and_the_fallback_who_were_told() -> None:
    """Whoever was reminded or called as fallback heard of the silence, and hears of its end."""
    scenario = breached(36)
    scenario.acknowledge("principal", carried_late_minutes=22)
    corrected = {p for _, p in scenario.told(template="incident_correction")}
    assert corrected >= {"director", "district-deputy", "township", "bureau", "duty-officer", "second-officer"}


def test_upward_report_is_anchored_again_to_the_receipt() -> None:
    """With the breach gone, the 20 minutes run from the receipt at 14, not from 15."""
    scenario = breached()
    assert minute(scenario.opened.deadlines()[UPWARD]) == 35
    scenario.acknowledge("principal", carried_late_minutes=2)
    assert minute(scenario.opened.deadlines()[UPWARD]) == 34


@pytest.mark.parametrize("minutes", [15.001, 16, 30])
def test_receipt_after_the_deadline_never_withdraws(minutes: float) -> None:
    """However soon after, late is late."""
    scenario = breached(minutes)
    scenario.acknowledge("principal")
    assert status(scenario, PRINCIPAL) == "breached"
    assert status(scenario, DISTRICT) != "cancelled"
    assert scenario.kinds("breach-withdrawn") == []


def test_earlier_receipt_of_the_same_person_carried_after_a_late_one_withdraws() -> None:
    """Accepted by phone at 14 (keyed in later) and by code at 16: the first counts."""
    scenario = breached()
    scenario.acknowledge("principal")
    scenario.acknowledge("principal", carried_late_minutes=2)
    assert (14, "breach-withdrawn", PRINCIPAL) in scenario.kinds("breach-withdrawn")


def test_report_in_time_carried_late_is_a_receipt_in_time() -> None:
    """The principal's report of 14, carried at 16, shows that the principal had accepted at 14."""
    scenario = breached()
    scenario.report_upward("principal", carried_late_minutes=2)
    assert (14, "breach-withdrawn", PRINCIPAL) in scenario.kinds("breach-withdrawn")


def test_overdue_deadline_is_judged_before_a_receipt_that_came_after_it() -> None:
    """The worker slept from 10 to 17 and first sees a receipt of 16: the breach of 15 is recorded before it."""
    scenario = breached(10)
    scenario.sleep_minutes(7)
    scenario.acknowledge("principal", carried_late_minutes=1)
    assert scenario.kinds("breach-recorded", "acknowledged") == [
        (15, "breach-recorded", PRINCIPAL),
        (16, "acknowledged", None),
    ]


def test_overdue_deadline_does_not_fire_before_a_receipt_in_time() -> None:
    """The worker slept from 10 to 17 and first sees a receipt of 14: there never was a breach."""
    scenario = breached(10)
    scenario.sleep_minutes(7)
    scenario.acknowledge("principal", carried_late_minutes=3)
    scenario.pass_minutes(1)
    assert scenario.kinds("breach-recorded") == []


def test_fact_from_the_future_fires_no_deadline_early() -> None:
    """A note whose client's clock runs four minutes ahead does not make it minute 16 at minute 12."""
    scenario = breached(12)
    scenario.say(facts.NoteAdded, "principal", text="on my way", carried_late_minutes=-4)
    assert scenario.kinds("breach-recorded") == []
    assert minute(scenario.entries[-1].received_at) == 12


def test_fact_from_before_the_case_starts_no_clock_that_is_over() -> None:
    """A receipt whose client's clock is an hour behind counts from the case's own beginning."""
    scenario = breached(3)
    scenario.acknowledge("principal", carried_late_minutes=60)
    assert minute(scenario.opened.deadlines()[UPWARD]) == 20


@pytest.mark.parametrize(("fired_at", "district_must_answer_by"), [(15.5, 25), (16, 25), (17, 27), (40, 50)])
def test_lateness_never_compounds_but_nobody_is_late_before_being_told(
    fired_at: float, district_must_answer_by: float
) -> None:
    """Fired up to 60 s late, the next deadline does not move; later, the level has its full time from being told."""
    scenario = breached(10)
    scenario.sleep_minutes(fired_at - 10)
    scenario.pass_minutes(0)
    assert minute(scenario.opened.deadlines()[DISTRICT]) == district_must_answer_by
    assert (15, "breach-recorded", PRINCIPAL) in scenario.kinds("breach-recorded")


def test_reminders_that_a_sleeping_worker_missed_are_superseded() -> None:
    """After a night, nobody gets yesterday's reminders: the journal says that they were passed over."""
    scenario = breached(1)
    scenario.sleep_minutes(20)
    scenario.pass_minutes(0)
    assert scenario.told(template="incident_reminder") == []
    passed = [(at, kind) for at, kind, _ in scenario.kinds("step-superseded", "reminder-sent")]
    assert passed == [(5, "step-superseded"), (10, "step-superseded")]


def test_report_in_time_carried_late_withdraws_the_late_report() -> None:
    """Reported at 19, carried at 22: the system's late report is corrected, and the district still must answer."""
    scenario = breached(0)
    scenario.acknowledge("principal")
    scenario.pass_minutes(22)
    scenario.report_upward("principal", carried_late_minutes=3)
    assert (19, "breach-withdrawn", UPWARD) in scenario.kinds("breach-withdrawn")
    assert {p for _, p in scenario.told(template="incident_correction")} == {"director"}
    assert minute(scenario.opened.deadlines()[DISTRICT + "#1"]) == 32


def test_report_in_time_carried_after_a_late_one_withdraws_and_leaves_the_district_asked() -> None:
    """Reported at 19 on paper and at 21 by code: the breach is withdrawn, and the district still must answer."""
    scenario = breached(0)
    scenario.acknowledge("principal")
    scenario.pass_minutes(21)
    scenario.report_upward("principal")
    scenario.pass_minutes(1)
    scenario.report_upward("deputy", carried_late_minutes=3)
    assert status(scenario, UPWARD) == "satisfied"
    assert DISTRICT in scenario.opened.deadlines()
    assert len({r.notification_id for r in scenario.requests}) == len(scenario.requests)


def test_earlier_but_still_late_report_is_not_carried_again() -> None:
    """Reported at 23 and, on paper, at 22 and 21, all too late: one report goes upward, the breach stays."""
    scenario = breached(0)
    scenario.acknowledge("principal")
    scenario.pass_minutes(24)
    for minutes_ago in (1, 2, 3):
        scenario.report_upward("principal", carried_late_minutes=minutes_ago)
    assert scenario.told(template="incident_report") == [(23, "director")]
    assert status(scenario, UPWARD) == "breached"
