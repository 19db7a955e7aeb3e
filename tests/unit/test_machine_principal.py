"""知情者必须在第一时间（5—15分钟）向校长联系: the principal is told at once, reminded, and passed when silent."""

from typing import Any

import pytest

from events.incident import Severity
from tests.support.policy_variants import county, library
from tests.support.scenario import STAFF, Scenario, Staff, minute
from tests.support.unreachable import Unreachable

PRINCIPAL_CLOCK = "report_to_principal@principal"


def test_principal_is_told_at_once_on_sms_and_email() -> None:
    """The report itself tells the principal, on both channels, and asks for a receipt by minute 15."""
    scenario = Scenario()
    scenario.file()
    asked = [(r.person_id, r.channel, r.template, r.lane) for r in scenario.requests]
    assert asked == [
        ("principal", "sms", "incident_alert", "escalation"),
        ("principal", "email", "incident_alert", "escalation"),
    ]
    assert all(r.asks_acknowledgement and r.deadline and minute(r.deadline) == 15 for r in scenario.requests)


def test_reminder_goes_to_principal_and_stand_ins_at_5_then_each_5_minutes() -> None:
    """Silence is met by a reminder at 5 and at 10 minutes, to the principal and to both who stand in."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(14.9)
    people = ["principal", "duty-leader", "deputy"]
    assert scenario.told(template="incident_reminder") == [(at, person) for at in (5, 10) for person in people]
    assert scenario.kinds("breach-recorded") == []


@pytest.mark.parametrize(("severity", "minutes"), [("I", 5), ("II", 5), ("III", 10), ("IV", 15)])
def test_breach_is_recorded_at_the_severitys_own_minute(severity: Severity, minutes: int) -> None:
    """Not a moment before its deadline, and at its deadline, a silent principal is a breach."""
    scenario = Scenario()
    scenario.file(severity=severity)
    scenario.pass_minutes(minutes - 0.001)
    assert scenario.kinds("breach-recorded") == []
    scenario.pass_minutes(0.001)
    assert scenario.kinds("breach-recorded") == [(minutes, "breach-recorded", PRINCIPAL_CLOCK)]


@pytest.mark.parametrize("severity", ["I", "II"])
def test_grave_case_is_reminded_at_half_because_its_deadline_is_five_minutes(severity: Severity) -> None:
    """Where the deadline is 5 minutes, the reminder comes at 2½."""
    scenario = Scenario()
    scenario.file(severity=severity)
    scenario.pass_minutes(4.9)
    assert {at for at, _ in scenario.told(template="incident_reminder")} == {2.5}


@pytest.mark.parametrize(
    ("fields", "severity"), [({"urgent": True}, "III"), ({"urgent": False}, "IV"), ({"severity": "I"}, "I")]
)
def test_unstated_severity_follows_the_urgency(fields: dict[str, Any], severity: Severity) -> None:
    """A report without a grade is graded by the policy: urgent III, else IV."""
    scenario = Scenario()
    scenario.file(**{"severity": None, **fields})
    assert scenario.opened.severity == severity


def test_next_level_is_told_principal_not_reached() -> None:
    """At the breach the district director hears that the principal was not reached, and why is in the journal."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(15)
    assert scenario.told(template="incident_unreached") == [(15, "director")]
    reason = next(e.reason for e in scenario.entries if e.kind == "step-taken" and e.level == "district")
    assert reason.startswith("principal not reached")


@pytest.mark.parametrize("who", ["principal", "duty-leader", "deputy"])
def test_receipt_of_principal_or_stand_in_satisfies_the_clock(who: str) -> None:
    """Who stands in may accept for the principal, told or not; then nobody is reminded or told more."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(4)
    scenario.acknowledge(who)
    scenario.pass_minutes(9)
    assert scenario.kinds("clock-satisfied") == [(4, "clock-satisfied", PRINCIPAL_CLOCK)]
    assert {person for _, person in scenario.told()} == {"principal"}


def test_receipt_exactly_at_the_deadline_is_in_time() -> None:
    """The deadline itself still belongs to the principal."""
    scenario = Scenario()
    scenario.file()
    scenario.sleep_minutes(15)
    scenario.acknowledge("principal")
    assert scenario.kinds("breach-recorded") == []
    assert scenario.kinds("clock-satisfied") == [(15, "clock-satisfied", PRINCIPAL_CLOCK)]


def test_vacant_post_is_answered_by_the_stand_ins_at_once() -> None:
    """A school without a principal loses no second: who stands in is told instead, and the journal says so."""
    scenario = Scenario(staff=Staff(STAFF | {"role:principal@self": ()}))
    scenario.file()
    assert scenario.told() == [(0, "duty-leader"), (0, "deputy")]
    assert "the stand-in is told instead" in next(e.reason for e in scenario.entries if e.kind == "nobody-found")


def test_level_without_anybody_is_passed_at_once() -> None:
    """Where nobody holds the post or stands in, the district hears in the same moment, and is watched."""
    nobody = {"role:principal@self": (), "on_duty:school_leader@self": (), "role:deputy_principal@self": ()}
    scenario = Scenario(staff=Staff(STAFF | nobody))
    scenario.file()
    assert scenario.told() == [(0, "director")]
    assert {"report_to_principal@principal", "upward_receipt@district"} == set(scenario.opened.deadlines())
    assert {r.step for r in scenario.requests} == {"nobody:district"}
    scenario.pass_minutes(15)
    alarms = [r for r in scenario.requests if r.template == "incident_unreached"]
    to_the_director = [r.notification_id for r in alarms if r.person_id == "director"]
    assert len(to_the_director) == len(set(to_the_director)) == 4  # at once and at the breach, by two channels


def test_principal_without_a_contact_is_answered_by_the_stand_ins_at_once() -> None:
    """A name without a number reaches nobody: the stand-ins hear at once, and the principal still may answer."""
    scenario = Scenario(staff=Unreachable("principal"))
    scenario.file()
    assert scenario.told() == [(0, "duty-leader"), (0, "deputy")]
    scenario.acknowledge("principal")
    assert scenario.kinds("clock-satisfied") == [(0, "clock-satisfied", PRINCIPAL_CLOCK)]


def test_level_that_cannot_be_reached_at_all_is_passed_at_once() -> None:
    """Names without numbers at a whole level are as good as nobody: the next level hears."""
    scenario = Scenario(staff=Unreachable("principal", "duty-leader", "deputy"))
    scenario.file()
    assert scenario.told() == [(0, "director")]


def test_stand_in_of_another_unit_is_told_when_nobody_of_the_level_can_be_reached() -> None:
    """Where the only stand-in sits in the district, a school without a principal still tells that one at once."""
    policy = county()
    level = policy.chain[0].model_copy(update={"stand_in": policy.chain[1].stand_in})
    scenario = Scenario(library(policy.model_copy(update={"chain": (level, *policy.chain[1:])})))
    scenario.staff.answers["role:principal@self"] = ()
    scenario.file()
    assert scenario.told() == [(0, "district-deputy")]


def test_channel_that_a_level_does_not_use_reaches_nobody() -> None:
    """A level told by SMS alone asks nothing of email."""
    policy = county()
    level = policy.chain[0].model_copy(update={"channels": ("sms",)})
    scenario = Scenario(library(policy.model_copy(update={"chain": (level, *policy.chain[1:])})))
    scenario.file()
    assert [r.channel for r in scenario.requests] == ["sms"]


def test_report_judged_late_is_anchored_to_its_receipt() -> None:
    """A report that waited seven minutes for the worker keeps its clock: minute 15 is minute 15."""
    scenario = Scenario()
    scenario.file(late_minutes=7)
    (deadline,) = scenario.opened.deadlines().values()
    assert minute(deadline) == 15
    scenario.pass_minutes(0)
    (reminder,) = [e for e in scenario.entries if e.kind == "reminder-sent"]
    assert reminder.fired_at is not None
    assert (minute(reminder.received_at), minute(reminder.fired_at)) == (5, 7)


def test_report_from_the_future_starts_its_clock_now() -> None:
    """A client whose clock runs ahead cannot put off the principal's deadline."""
    scenario = Scenario()
    scenario.file(late_minutes=-4)
    (deadline,) = scenario.opened.deadlines().values()
    assert minute(deadline) == 11
