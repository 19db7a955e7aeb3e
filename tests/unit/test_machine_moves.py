"""People and reports move: handed over, taken back, opened again, joined, parted; and what it takes to close a case."""

from typing import Any

import pytest

from escalation_policies.machine import replay
from events import incident as facts
from tests.support.policy_variants import county, library
from tests.support.scenario import DAY, START, Scenario, Staff, minute
from tests.support.unreachable import Unreachable

PRINCIPAL = "report_to_principal@principal"
ANSWERS = {"cause": "a wire", "accountability": "warned", "measures": "rewired", "education": "a lesson"}


def filed(**fields: Any) -> Scenario:
    scenario = Scenario()
    scenario.file(**fields)
    return scenario


def report(number: int = 2, **fields: Any) -> facts.IncidentFiled:
    """Return a further report, under the case id that it would have opened."""
    fields = {"received_at": START, "report_id": f"r-{number}", "severity": "IV", **fields}
    return facts.IncidentFiled(case_id=f"case-{number}", school_id="school-1", kind="fire", **fields)


def closed(**fields: Any) -> Scenario:
    """Return a case closed at minute 60, whose district has answered."""
    scenario = filed(**fields)
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.acknowledge("township")
    scenario.acknowledge("bureau")
    scenario.pass_minutes(60)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal", review=facts.ReviewAnswers(**ANSWERS))
    assert scenario.opened.status == "closed"
    return scenario


def test_reassigned_person_is_told_at_once_and_may_accept() -> None:
    """The principal names a colleague: told in this minute, and their receipt answers the clock."""
    scenario = filed()
    scenario.pass_minutes(3)
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    assert (3, "colleague") in scenario.told(template="incident_handed_to")
    assert all(r.asks_acknowledgement for r in scenario.requests if r.template == "incident_handed_to")
    scenario.acknowledge("colleague")
    assert scenario.status(PRINCIPAL) == "satisfied"


def test_reassigning_stops_no_clock() -> None:
    """Until the new one accepts, it is the old one's: reminders and deadline stay."""
    scenario = filed()
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    scenario.pass_minutes(15)
    assert scenario.status(PRINCIPAL) == "breached"
    assert "principal" in {who for _, who in scenario.told(template="incident_reminder")}


@pytest.mark.parametrize(
    ("by", "to", "reason"),
    [
        ("passer-by", "colleague", "not on this case's chain"),
        ("principal", "nobody-known", "nobody of that id may hear"),
        ("principal", "principal", "told already"),
    ],
)
def test_reassigning_in_vain_is_withheld_with_its_reason(by: str, to: str, reason: str) -> None:
    """A stranger hands nothing on, and nothing is handed to nobody."""
    scenario = filed()
    scenario.say(facts.IncidentReassigned, by, to=to)
    assert reason in scenario.reasons("action-withheld")[-1]
    assert scenario.told(template="incident_handed_to") == []


def test_reassigned_person_who_left_the_directory_speaks_no_more() -> None:
    """Their seat stays in the record; reminders go to those who are there."""
    scenario = filed()
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    scenario.acknowledge("colleague")
    scenario.staff.others.clear()
    scenario.pass_minutes(11)
    assert "colleague" not in {who for _, who in scenario.told(template="incident_reminder_report")}
    assert "principal" in {who for _, who in scenario.told(template="incident_reminder_report")}


def test_withdrawing_stops_no_clock_and_is_told_to_whoever_heard() -> None:
    """突发事件应对法 art 61: a report is taken back aloud, and the chain goes on until it is closed."""
    scenario = filed()
    scenario.pass_minutes(16)
    before = scenario.opened.deadlines()
    scenario.say(facts.IncidentWithdrawn, "teacher", reason="a false alarm")
    assert scenario.opened.deadlines() == before
    told = {who for at, who in scenario.told(template="incident_update") if at == 16}
    assert told >= {"principal", "director"}
    assert {r.note for r in scenario.requests if r.template == "incident_update"} == {"a false alarm"}


def test_reopened_case_follows_up_and_needs_a_final_report_anew() -> None:
    """Its rhythm begins with the reopening; the old final report closes nothing."""
    scenario = closed()
    scenario.pass_minutes(60)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    assert minute(scenario.opened.deadlines()["follow_up@principal#1"]) == 120 + DAY
    scenario.say(facts.IncidentClosed, "principal")
    assert "the final report (终报) is missing" in scenario.reasons("action-withheld")[-1]
    assert {who for at, who in scenario.told(template="incident_update") if at == 120} >= {"principal", "director"}


def test_reopening_asks_levels_again_that_had_not_answered() -> None:
    """Closed while the government was still asked: with the case, the question is open again."""
    scenario = filed()
    scenario.report_upward("principal")
    scenario.acknowledge("director")
    scenario.report_upward("director")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal")
    assert scenario.opened.deadlines() == {}
    scenario.pass_minutes(30)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    assert minute(scenario.opened.deadlines()["upward_receipt@government_and_bureau#1"]) == 40


@pytest.mark.parametrize(("ago", "status"), [(30, "open"), (90, "closed")])
def test_reopening_counts_only_after_the_closing(ago: float, status: str) -> None:
    """Said before the case was closed (minute 60) and carried after it: the case was open then, and is closed since."""
    scenario = closed()
    scenario.pass_minutes(60)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again", carried_late_minutes=ago)
    assert scenario.opened.status == status


def test_old_end_carried_again_does_not_end_a_reopened_case() -> None:
    """Copies of the final report and of the closing come after the reopening: they speak of the time before it."""
    scenario = closed()
    scenario.pass_minutes(60)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire", carried_late_minutes=60)
    scenario.say(facts.IncidentClosed, "principal", carried_late_minutes=60)
    assert (scenario.opened.status, scenario.opened.final_reported_at) == ("open", None)
    assert "follow_up@principal#1" in scenario.opened.deadlines()


def test_open_case_is_not_reopened() -> None:
    """Nothing to do, and said so."""
    scenario = filed()
    scenario.say(facts.IncidentReopened, "director", reason="more")
    assert scenario.reasons("action-withheld")[-1] == "the case is open"


@pytest.mark.parametrize("staff", [Staff(), Unreachable("principal", "duty-leader", "deputy")])
def test_moves_replay_byte_for_byte(staff: Staff) -> None:
    """Whoever was handed what, and whichever reports came and went: the journal tells it again."""
    scenario = Scenario(library(county()), staff)
    scenario.file()
    scenario.say(facts.IncidentReassigned, "principal", to="colleague")
    scenario.happen(facts.ReportJoined, report=report(2, severity="II", concerns=("deputy",)))
    scenario.pass_minutes(40)
    scenario.say(facts.ReportSeparated, "director", report=report(2))
    scenario.say(facts.IncidentWithdrawn, "teacher")
    scenario.report_upward("colleague")
    lived = [d for d in scenario.decisions if d.effects]
    for one, other in zip(lived, replay(scenario.entries), strict=True):
        assert one.state is not None
        assert other.state is not None
        assert other.state.model_dump_json() == one.state.model_dump_json()
        assert [e.model_dump_json() for e in other.effects] == [e.model_dump_json() for e in one.effects]
