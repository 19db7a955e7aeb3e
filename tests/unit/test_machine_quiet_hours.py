"""Nobody is woken for what has days; a message waits for the morning, and so does the clock of whoever gets it."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from escalation_policies.held import Held
from escalation_policies.machine.holding import why_not
from escalation_policies.opening import opening_deadlines
from escalation_policies.schema import QuietHours
from events.incident import NoteAdded
from events.petition import PetitionFiled
from tests.support.policy_variants import county, library, with_both_in_the_district
from tests.support.scenario import SCHOOL, Scenario, minute, shipped

NIGHT = 12.5 * 60
"""Minutes from the first moment (10:00 in Shanghai) to 22:30."""

MORNING = datetime(2026, 9, 1, 23, tzinfo=UTC)
"""07:00 on the 2nd of September in Shanghai."""


def at_night(**fields: Any) -> Scenario:
    """Return a petition filed at 22:30."""
    scenario = Scenario()
    scenario.sleep_minutes(NIGHT)
    scenario.petition(**fields)
    return scenario


def test_message_at_night_waits_for_the_morning() -> None:
    """The request goes out at once; the notifier holds it until 07:00."""
    scenario = at_night()
    assert {r.not_before for r in scenario.requests} == {MORNING}
    assert {minute(r.received_at) for r in scenario.requests} == {NIGHT}


def test_receipt_clock_runs_from_the_morning_and_the_laws_from_the_filing() -> None:
    """24 hours to confirm count from when people are awake; the 15 days from the day after the filing."""
    deadlines = at_night().opened.deadlines()
    assert deadlines["report_to_principal@school"] == MORNING + timedelta(hours=24)
    assert deadlines["acceptance@school"] == datetime(2026, 9, 16, 16, tzinfo=UTC)


def test_reporter_is_promised_the_same_deadlines_at_night() -> None:
    """The answer to the filing and the case never disagree."""
    scenario = at_night()
    report = PetitionFiled(
        case_id="case-1", received_at=scenario.now, report_id="p-1", school_id=SCHOOL, kind="petition"
    )
    assert opening_deadlines(report, scenario.opened.policy, scenario.directory) == scenario.opened.deadlines()


def test_message_by_day_goes_at_once() -> None:
    """10:00 is nobody's night."""
    scenario = Scenario()
    scenario.petition()
    assert {r.not_before for r in scenario.requests} == {None}


def test_level_told_at_night_answers_from_the_morning() -> None:
    """The petition is overdue at midnight; the district hears at 07:00, and has its 24 hours from then."""
    scenario = Scenario()
    scenario.petition()
    scenario.acknowledge("principal")
    scenario.pass_days(15.7)
    morning = datetime(2026, 9, 16, 23, tzinfo=UTC)
    assert {r.not_before for r in scenario.requests if r.template == "petition_overdue"} == {morning}
    assert scenario.opened.deadlines()["upward_receipt@district"] == morning + timedelta(hours=24)


@pytest.mark.parametrize(("severity", "waits"), [("I", False), ("II", False), ("III", True), ("IV", True)])
def test_grave_case_wakes_people(severity: str, waits: bool) -> None:
    """Quiet hours are for what can wait: a petition or hazard of the higher grades cannot."""
    scenario = at_night(severity=severity)
    assert {r.not_before is not None for r in scenario.requests} == {waits}
    scenario = Scenario()
    scenario.sleep_minutes(NIGHT)
    scenario.file(kind="hazard", severity=severity)
    assert {r.not_before is not None for r in scenario.requests} == {waits}


@pytest.mark.parametrize("kind", sorted({*shipped().kinds_of("incident")} - {"hazard"}))
def test_incident_is_never_held(kind: str) -> None:
    """At any hour, every message of an incident goes out at once, and the clocks run."""
    scenario = Scenario()
    scenario.sleep_minutes(NIGHT)
    scenario.file(kind=kind)
    scenario.pass_minutes(8 * 60)
    assert {r.not_before for r in scenario.requests} == {None}


def test_petition_on_site_is_never_held() -> None:
    """People stand at the gate now."""
    scenario = at_night(kind="petition-on-site")
    assert {r.not_before for r in scenario.requests} == {None}


@pytest.mark.parametrize(
    ("hour", "waking"),
    [
        ("2026-09-01T21:29", "2026-09-01T21:29"),
        ("2026-09-01T21:30", "2026-09-02T07:00"),
        ("2026-09-01T23:59", "2026-09-02T07:00"),
        ("2026-09-02T00:00", "2026-09-02T07:00"),
        ("2026-09-02T06:59", "2026-09-02T07:00"),
        ("2026-09-02T07:00", "2026-09-02T07:00"),
    ],
)
def test_night_begins_and_ends_on_its_minute(hour: str, waking: str) -> None:
    """From 21:30 inclusive to 07:00 exclusive, in the office's own time."""
    policy = shipped().for_kind("petition")
    east = timedelta(hours=8)
    found = policy.waking(datetime.fromisoformat(hour).replace(tzinfo=UTC) - east, "IV")
    assert found == datetime.fromisoformat(waking).replace(tzinfo=UTC) - east


@pytest.mark.parametrize(("hour", "waking"), [(4, 4), (5, 6), (6, 6)])
def test_rest_at_noon_is_within_one_day(hour: int, waking: int) -> None:
    """Quiet hours that do not cross midnight: 13:00 to 14:00 in Shanghai."""
    policy = shipped().for_kind("petition")
    policy = policy.model_copy(update={"quiet_hours": QuietHours(start=time(13), end=time(14))})
    assert policy.waking(datetime(2026, 9, 1, hour, tzinfo=UTC), "IV") == datetime(2026, 9, 1, waking, tzinfo=UTC)


def test_hour_that_comes_twice_never_wakes_before_it_is() -> None:
    """Clocks are set back from 03:00 to 02:00: the second 02:15 is not held until the first 02:30."""
    policy = shipped().for_kind("petition")
    calendar = policy.calendar.model_copy(update={"timezone": "Europe/Berlin"})
    quiet = QuietHours(start=time(22), end=time(2, 30))
    policy = policy.model_copy(update={"calendar": calendar, "quiet_hours": quiet})
    again = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert policy.waking(again, "IV") == again


def test_policy_without_quiet_hours_holds_nothing() -> None:
    """They are a policy's own choice."""
    policy = shipped().for_kind("petition").model_copy(update={"quiet_hours": None})
    scenario = Scenario(library(policy))
    scenario.sleep_minutes(NIGHT)
    scenario.petition()
    assert {r.not_before for r in scenario.requests} == {None}


def test_quiet_hours_are_not_a_whole_day() -> None:
    """Nobody would ever be told."""
    with pytest.raises(ValidationError, match="nobody would ever be told"):
        QuietHours(start=time(7), end=time(7))


def test_held_news_for_a_level_that_has_answered_is_not_called_back() -> None:
    """The director took the petition on day 2: that it is overdue since midnight they still hear in the morning."""
    scenario = Scenario()
    scenario.petition()
    scenario.pass_days(1.9)
    scenario.acknowledge("director")
    scenario.pass_days(13.8)
    held = {r.notification_id for r in scenario.requests if r.template == "petition_overdue" and r.not_before}
    assert held
    scenario.say(NoteAdded, "principal", text="looked into")
    assert held.isdisjoint(one.notification_id for one in scenario.cancelled)


def test_message_that_goes_out_in_this_very_moment_is_not_called_back() -> None:
    """Acknowledged as the night ends: the notifier has begun to send, and who hears of it twice is no worse off."""
    scenario = at_night()
    scenario.pass_minutes((MORNING - scenario.now) / timedelta(minutes=1))
    scenario.acknowledge("principal")
    assert scenario.status("report_to_principal@school") == "satisfied"
    assert scenario.cancelled == []


def test_held_message_without_a_clock_is_called_back_once_its_question_is_answered() -> None:
    """By the person it is for, where all of a level must answer; or by the level, whoever it is for."""
    scenario = Scenario(library(with_both_in_the_district(county(), "all")))
    scenario.file()
    scenario.report_upward("principal")
    held = Held(
        notification_id="n-1", person_id="director", contact_id="director:sms", channel="sms", lane="escalation",
        level="district", until=MORNING, ties=("director",), asks=True,
    )  # fmt: skip
    other = held.model_copy(update={"person_id": "township"})
    assert why_not(scenario.opened, held) is None
    assert why_not(scenario.opened, held.model_copy(update={"level": "government_and_bureau"})) is None, "not told yet"
    scenario.acknowledge("director")
    assert why_not(scenario.opened, held) == "it was answered"
    assert why_not(scenario.opened, other) is None
    scenario.acknowledge("township")
    assert why_not(scenario.opened, held.model_copy(update={"person_id": "nobody"})) == "it was answered"
