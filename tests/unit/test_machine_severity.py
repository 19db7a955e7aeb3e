"""A graver grade shortens what runs, from the original anchors; a milder one never lengthens it."""

from events import incident as facts
from tests.support.scenario import Scenario, minute

PRINCIPAL = "report_to_principal@principal"
FOLLOW_UP = "follow_up@principal"


def grade(scenario: Scenario, severity: facts.Severity, *, carried_late_minutes: float = 0) -> None:
    scenario.say(facts.SeverityChanged, "principal", severity=severity, carried_late_minutes=carried_late_minutes)


def filed(minutes: float, severity: facts.Severity = "IV") -> Scenario:
    scenario = Scenario()
    scenario.file(severity=severity)
    scenario.pass_minutes(minutes)
    return scenario


def deadline(scenario: Scenario, key: str = PRINCIPAL) -> float:
    return minute(scenario.opened.deadlines()[key])


def test_raise_shortens_from_the_anchor() -> None:
    """IV to III at minute 3: due at 10 from the receipt of the report, not 13."""
    scenario = filed(3)
    grade(scenario, "III")
    assert deadline(scenario) == 10


def test_raise_puts_a_deadline_already_over_to_the_moment_of_the_raise() -> None:
    """IV to I at minute 12: the 5 minutes are over, so the deadline is now; nobody was late at minute 5."""
    scenario = filed(12)
    grade(scenario, "I")
    assert deadline(scenario) == 12
    scenario.pass_minutes(0)
    assert scenario.kinds("breach-recorded") == [(12, "breach-recorded", PRINCIPAL)]
    assert deadline(scenario, "report_upward@principal") == 32


def test_receipt_before_a_raise_is_in_time_by_the_deadline_then_in_force() -> None:
    """Accepted at 10 of 15, graded I at 12, the receipt carried at 13: in time."""
    scenario = filed(12)
    grade(scenario, "I")
    scenario.pass_minutes(1)
    scenario.acknowledge("principal", carried_late_minutes=3)
    assert (10, "breach-withdrawn", PRINCIPAL) in scenario.kinds("breach-withdrawn")


def test_fall_never_lengthens_a_running_clock() -> None:
    """II to IV: the 5 minutes that run stay 5 minutes; the next clocks take the milder grade."""
    scenario = filed(2, "II")
    grade(scenario, "IV")
    assert deadline(scenario) == 5
    scenario.pass_minutes(3)
    assert deadline(scenario, "upward_receipt@district") == 15


def test_raise_after_a_fall_does_not_lengthen_either() -> None:
    """I to IV to III: still the first five minutes."""
    scenario = filed(1, "I")
    grade(scenario, "IV")
    grade(scenario, "III")
    assert deadline(scenario) == 5


def test_reminder_that_was_sent_is_not_sent_again_by_a_raise() -> None:
    """The reminder of 5 was sent; a raise received at 4 and carried at 6 does not bring it back."""
    scenario = filed(6)
    grade(scenario, "III", carried_late_minutes=2)
    scenario.pass_minutes(3)
    reminders = [r for r in scenario.requests if r.template == "incident_reminder" and r.contact_id == "principal:sms"]
    assert [r.step for r in reminders] == ["reminder:5m"]


def test_reminder_still_to_come_survives_a_raise() -> None:
    """IV to III at minute 3 keeps the reminder of 5 and drops the one of 10, where the clock now ends."""
    scenario = filed(3)
    grade(scenario, "III")
    scenario.pass_minutes(6.9)
    assert {at for at, _ in scenario.told(template="incident_reminder")} == {5}


def test_every_round_of_the_follow_up_is_shortened() -> None:
    """IV asks for an update each 24 hours; graded I in the second round, each 30 minutes."""
    scenario = filed(1)
    scenario.report_upward("principal")
    scenario.pass_minutes(9)
    scenario.say(facts.UpdateFiled, "principal", summary="under control")
    grade(scenario, "I")
    assert deadline(scenario, FOLLOW_UP + "#1") == 40


def test_older_grading_carried_late_does_not_undo_a_newer_one() -> None:
    """Graded I at 3; a grading III of minute 2 that arrives at 4 changes nothing, and says so."""
    scenario = filed(3)
    grade(scenario, "I")
    scenario.pass_minutes(1)
    grade(scenario, "III", carried_late_minutes=2)
    assert scenario.opened.severity == "I"
    assert scenario.entries[-1].reason == "a later grading stands: I"


def test_same_grade_again_is_withheld_with_its_reason() -> None:
    """IV to IV is no change."""
    scenario = filed(3)
    grade(scenario, "IV")
    assert (scenario.entries[-1].kind, scenario.entries[-1].reason) == ("action-withheld", "graded so already")
