"""What quiet hours hold is called back when there is no reason for it any more; what only informs is not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.machine.holding import hold
from events import incident as facts
from events.channel import CHANNELS, Channel
from events.petition import PetitionAccepted, PetitionWithdrawn
from tests.support.county import County
from tests.support.policy_variants import library
from tests.support.scenario import Scenario, shipped

EVENING = 12.5 * 60
"""Minutes from the first moment (10:00 in Shanghai) to 22:30."""


def at_night(**fields: Any) -> Scenario:
    """Return a petition filed at 22:30, of which everything is held until 07:00."""
    scenario = Scenario()
    scenario.directory = County()
    scenario.sleep_minutes(EVENING)
    scenario.petition(**fields)
    scenario.pass_minutes(60)
    return scenario


def held(scenario: Scenario) -> set[str]:
    """Return to whom something is to be sent in the morning."""
    gone = {one.notification_id for one in scenario.cancelled}
    return {r.person_id for r in scenario.requests if r.not_before is not None and r.notification_id not in gone}


def test_receipt_of_the_level_calls_its_messages_back() -> None:
    """The principal acknowledges at 23:30: the deputy and they themselves sleep on."""
    scenario = at_night()
    assert held(scenario) == {"principal"}
    scenario.acknowledge("principal")
    assert held(scenario) == set()
    assert {one.reason for one in scenario.cancelled} == {"what it was to urge is over"}
    assert {one.channel for one in scenario.cancelled} == {"sms", "email"}
    assert scenario.opened.held == ()


@pytest.mark.parametrize("channel", CHANNELS)
def test_message_is_held_by_whatever_channel_it_goes(channel: Channel) -> None:
    """Quiet hours know every way there is to a person."""
    scenario = at_night()
    request = scenario.requests[0].model_copy(update={"channel": channel})
    remembered = hold(scenario.opened, request, ())
    assert remembered is not None
    assert remembered.channel == channel


def test_nothing_is_called_back_while_nobody_answers() -> None:
    """A note at night changes nothing: the alarm is there in the morning."""
    scenario = at_night()
    scenario.say(facts.NoteAdded, "principal", text="so")
    assert scenario.cancelled == []
    assert held(scenario) == {"principal"}


def test_petition_taken_back_calls_its_alarm_back_and_not_the_word_of_it() -> None:
    """Nobody is asked to answer in the morning; that it was taken back they may hear."""
    scenario = at_night()
    scenario.happen(PetitionWithdrawn)
    assert {one.reason for one in scenario.cancelled} == {"the petition was taken back"}
    left = {one.notification_id for one in scenario.cancelled}
    templates = {r.template for r in scenario.requests if r.notification_id not in left}
    assert templates == {"petition_update"}


def test_message_for_somebody_who_is_excluded_meanwhile_is_called_back() -> None:
    """The director is appointed at night to act for the principal complained of: their alarm is not sent."""
    scenario = at_night(concerns=("principal",))
    assert held(scenario) == {"director"}
    county = scenario.directory
    assert isinstance(county, County)
    county.appoint("director", "principal")
    scenario.say(facts.NoteAdded, "petition-officer", text="so")
    assert held(scenario) == set()
    assert {one.reason for one in scenario.cancelled} == {"the case has come to concern whom it was for"}


def test_answer_in_the_morning_calls_nothing_back() -> None:
    """At 07:00 it is on its way: a cancellation would come too late, and is not made."""
    scenario = at_night()
    scenario.pass_minutes(8 * 60)
    scenario.acknowledge("principal")
    assert scenario.cancelled == []
    assert scenario.opened.held == ()


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda s: s.say(facts.IncidentClosed, "principal", evidence="photograph 12"), "the case is closed"),
        (lambda s: s.say(facts.NoteAdded, "principal", text="so"), None),
    ],
)
def test_reminder_of_a_hazard_that_is_closed_at_night_is_called_back(
    act: Callable[[Scenario], None], reason: str | None
) -> None:
    """Gone, with evidence, at 23:00: nobody is reminded of it at 07:00."""
    scenario = Scenario(library(shipped().for_kind("hazard")))
    scenario.file(kind="hazard", due_at=scenario.now + timedelta(minutes=2 * EVENING))
    scenario.acknowledge("principal")
    scenario.pass_minutes(EVENING + 30)
    assert "principal" in held(scenario)
    act(scenario)
    assert {one.reason for one in scenario.cancelled} == ({reason} if reason is not None else set())


def test_acceptance_calls_back_the_alarm_that_went_up_at_midnight() -> None:
    """Overdue at midnight, the district is to hear at seven; accepted at one, in time, carried late: it is not."""
    scenario = Scenario()
    scenario.petition()
    scenario.acknowledge("principal")
    scenario.pass_days(15.7)
    assert "director" in held(scenario)
    scenario.say(PetitionAccepted, "principal", carried_late_minutes=3 * 24 * 60)
    overdue = {r.notification_id for r in scenario.requests if r.template == "petition_overdue"}
    assert overdue == {one.notification_id for one in scenario.cancelled}
