"""Reminders go to whom the policy names; a deadline of a case that nobody knows fires nothing."""

from datetime import timedelta

from escalation_policies.clock_rules import Reminder
from escalation_policies.machine import judge
from escalation_policies.schema import Policy
from events.escalation import DeadlineReached
from tests.support.policy_variants import county, library
from tests.support.scenario import START, Scenario, Staff, shipped


def reminding(*to: str) -> Policy:
    """Return a policy that reminds of the first receipt after five minutes."""
    fire = county()
    reminder = Reminder.model_validate({"at": "5m", "to": to})
    rule = fire.clocks.report_to_principal.model_copy(update={"reminders": (reminder,)})
    return fire.model_copy(update={"clocks": fire.clocks.model_copy(update={"report_to_principal": rule})})


def test_reminder_to_the_stand_in_alone_leaves_the_others_in_peace() -> None:
    """Who was told has been told; the policy wants somebody else to know."""
    scenario = Scenario(library(reminding("stand_in")))
    scenario.file()
    scenario.pass_minutes(6)
    assert {who for _, who in scenario.told(template="incident_reminder")} == {"duty-leader", "deputy"}


def test_deadline_of_a_case_that_is_not_there_fires_nothing() -> None:
    """It says why; the worker goes on."""
    event = DeadlineReached(
        case_id="case-1",
        clock="report_to_principal@principal",
        step="deadline",
        deadline=START,
        fired_at=START + timedelta(seconds=1),
    )
    (decision,) = judge(None, event, Staff(), shipped(), START)
    assert (decision.state, decision.effects) == (None, ())
    assert decision.reason == "report_to_principal@principal deadline is not a stored deadline any more"
