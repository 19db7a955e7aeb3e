"""What holds for every step: a reason for each, a name for each message, a frozen policy, the people of the moment."""

from datetime import timedelta
from typing import Any

import pytest

from escalation_policies.errors import Undecidable
from escalation_policies.loader import PolicyLibrary
from escalation_policies.machine import decide, replay
from escalation_policies.opening import opening_deadlines
from events import incident as facts
from events.escalation import DeadlineReached, JournalEntry
from tests.support.policy_variants import county, library, with_receipt
from tests.support.scenario import SCHOOL, START, Scenario, minute


def a_full_life(**fields: Any) -> Scenario:
    """Return a case that met nearly everything."""
    scenario = Scenario()
    scenario.file(**fields)
    scenario.pass_minutes(4)
    scenario.say(facts.IncidentDeclined, "principal")
    scenario.pass_minutes(30)
    scenario.acknowledge("deputy", carried_late_minutes=20)
    scenario.say(facts.SeverityChanged, "deputy", severity="II")
    scenario.pass_minutes(60)
    scenario.report_upward("deputy")
    scenario.say(facts.UpdateFiled, "deputy", summary="under control")
    scenario.acknowledge("director")
    scenario.say(facts.IncidentAmended, "deputy", place="kitchen")
    scenario.pass_minutes(600)
    scenario.say(facts.FinalReportFiled, "deputy", summary="a wire")
    scenario.say(facts.IncidentClosed, "deputy")
    return scenario


@pytest.mark.parametrize("exercise", [True, False])
def test_drills_watermark_is_on_every_message_and_entry(exercise: bool) -> None:
    """A drill takes the same road, marked end to end; a true case is never marked."""
    scenario = a_full_life(exercise=exercise)
    assert {request.exercise for request in scenario.requests} == {exercise}
    assert {entry.exercise for entry in scenario.entries} == {exercise}


def test_notification_ids_are_unique_per_clock_step_recipient_and_channel() -> None:
    """No message is requested twice, and the id says which it is."""
    requests = a_full_life().requests
    names = {(r.case_id, r.clock, r.step, r.contact_id, r.channel, r.attempt) for r in requests}
    assert len({r.notification_id for r in requests}) == len(names) == len(requests)


def test_history_is_numbered_without_gaps_and_every_entry_has_its_reason() -> None:
    """Every decision has an effect or says why not; the first entry of each carries its cause."""
    scenario = a_full_life()
    assert [e.seq for e in scenario.entries] == list(range(1, len(scenario.entries) + 1))
    assert all(e.reason for e in scenario.entries)
    assert len([e for e in scenario.entries if e.cause]) == len([d for d in scenario.decisions if d.effects])


def test_replay_of_the_journal_gives_the_same_states_and_effects_byte_for_byte() -> None:
    """The journal alone, asking nobody, tells the case again."""
    scenario = a_full_life()
    lived = [d for d in scenario.decisions if d.effects]
    again = replay(scenario.entries)
    for one, other in zip(lived, again, strict=True):
        assert one.state is not None
        assert other.state is not None
        assert other.state.model_dump_json() == one.state.model_dump_json()
        assert [e.model_dump_json() for e in other.effects] == [e.model_dump_json() for e in one.effects]


def test_entry_that_was_read_back_from_the_bus_is_the_entry_that_was_written() -> None:
    """Times and terms of its cause and its policy are kept as JSON has them: a replay starts from those."""
    entries = a_full_life().entries
    assert entries[0].cause is not None
    assert entries[0].cause.policy is not None
    assert [JournalEntry.model_validate_json(entry.model_dump_json()) for entry in entries] == entries


def test_journal_keeps_of_a_fact_what_was_said_and_nothing_else() -> None:
    """What the report left open is no line of its own in each of the entries that are kept for years."""
    scenario = Scenario()
    scenario.file(severity=None)
    cause = scenario.entries[0].cause
    assert cause is not None
    said = {"case_id": "case-1", "received_at": "2026-09-01T02:00:00Z", "report_id": "r-1", "school_id": SCHOOL}
    assert cause.data.items() >= (said | {"kind": "fire"}).items()
    assert None not in cause.data.values()


NO_OPS: dict[str, tuple[type[Any], str, dict[str, Any], str]] = {
    "stranger acknowledges": (facts.IncidentAcknowledged, "passer-by", {}, "not on this case's chain"),
    "stranger reports": (facts.UpwardReportFiled, "passer-by", {"summary": "?"}, "not on this case's chain"),
    "told person again": (facts.IncidentAcknowledged, "principal", {}, "acknowledged before"),
    "level not told yet": (facts.IncidentAcknowledged, "bureau", {}, "not on this case's chain"),
    "same grade": (facts.SeverityChanged, "principal", {"severity": "IV"}, "graded so already"),
    "close too early": (facts.IncidentClosed, "principal", {}, "the final report (终报) is missing"),
}


@pytest.mark.parametrize("name", NO_OPS)
def test_no_op_is_written_down_with_its_reason(name: str) -> None:
    """ "Why was nobody called?" is answered from the timeline."""
    kind, by, fields, reason = NO_OPS[name]
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    before = (len(scenario.requests), scenario.opened.deadlines())
    scenario.say(kind, by, **fields)
    assert scenario.entries[-1].kind == "action-withheld"
    assert reason in scenario.entries[-1].reason
    assert (len(scenario.requests), scenario.opened.deadlines()) == before


def test_same_report_by_another_road_opens_nothing_more() -> None:
    """SMS and web form carry one report: one case, told once."""
    scenario = Scenario()
    scenario.file()
    before = len(scenario.requests)
    scenario.file()
    assert len(scenario.requests) == before
    assert scenario.entries[-1].reason == "the case is open already: the same report by another road"


@pytest.mark.parametrize(
    ("clock", "step", "after"),
    [
        ("report_to_principal@principal", "deadline", 15),
        ("report_to_principal@principal", "reminder:5m", 5),
        ("report_upward@principal", "deadline", 19),
        ("no_such_clock@principal", "deadline", 1),
    ],
)
def test_deadline_that_is_not_stored_any_more_does_nothing(clock: str, step: str, after: float) -> None:
    """A timer that fires for what was answered, moved or never was leaves no trace but a reason."""
    scenario = Scenario()
    scenario.file()
    scenario.acknowledge("principal")
    at = START + timedelta(minutes=after)
    event = DeadlineReached(case_id="case-1", clock=clock, step=step, deadline=at, fired_at=at)
    decision = decide(scenario.opened, event, scenario.staff, scenario.policies, at)
    assert (decision.state, decision.effects) == (scenario.opened, ())
    assert decision.reason == f"{clock} {step} is not a stored deadline any more"


def test_fact_before_its_report_waits() -> None:
    """A receipt that overtakes the report decides nothing yet, and loses nothing."""
    scenario = Scenario()
    fact = facts.IncidentAcknowledged(case_id="case-1", received_at=START, by="principal")
    decision = decide(None, fact, scenario.staff, scenario.policies, START)
    assert (decision.state, decision.effects) == (None, ())
    assert decision.reason == "no such case yet: the fact waits for its report"


@pytest.mark.parametrize("kind", ["meteorite", "其他", "FIRE"])
def test_unknown_kind_falls_to_the_policy_for_other(kind: str) -> None:
    """A report is never refused for its word: it keeps the word, and the general policy takes it."""
    scenario = Scenario()
    scenario.file(kind=kind)
    assert (scenario.opened.kind, scenario.opened.policy.id) == (kind, "school-incident")
    assert scenario.told() == [(0, "principal")]


def test_report_from_an_unknown_school_is_undecidable() -> None:
    """No case can be made of it: it says which school, for the dead-letter topic."""
    scenario = Scenario()
    with pytest.raises(Undecidable, match="no school 'nowhere'"):
        scenario.file(school_id="nowhere")


def test_policy_is_frozen_when_the_case_opens() -> None:
    """A library changed in minute 3 leaves the open case as it is, and takes the next one."""
    scenario = Scenario(library(with_receipt(county(), "government_and_bureau", "any")))
    scenario.file()
    scenario.pass_minutes(3)
    changed = county().model_copy(update={"version": 2, "chain": county().chain[:2]})
    scenario.policies = PolicyLibrary([changed])
    scenario.report_upward("principal")
    scenario.report_upward("director")
    assert scenario.opened.policy.version == 1
    assert "upward_receipt@government_and_bureau" in scenario.opened.deadlines()


def test_people_are_those_of_the_moment_of_the_step() -> None:
    """A new principal in minute 3 gets the reminder of 5, and may accept; who left gets none."""
    scenario = Scenario()
    scenario.file()
    scenario.pass_minutes(3)
    scenario.staff.answers["role:principal@self"] = ("new-principal",)
    scenario.pass_minutes(2)
    assert [p for _, p in scenario.told(template="incident_reminder")] == ["new-principal", "duty-leader", "deputy"]
    scenario.acknowledge("new-principal")
    assert (5, "clock-satisfied", "report_to_principal@principal") in scenario.kinds("clock-satisfied")


def test_person_at_two_levels_gets_one_message_of_a_kind() -> None:
    """Who is named by two levels that are informed at once hears once."""
    scenario = Scenario()
    scenario.staff.answers["role:bureau_leader@ancestor:bureau"] = ("director",)
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.say(facts.UpdateFiled, "principal", summary="under control")
    updates = [r for r in scenario.requests if r.template == "incident_update" and r.person_id == "director"]
    assert sorted(r.channel for r in updates) == ["email", "sms"]


def test_opening_promise_and_case_agree() -> None:
    """What the 202 promised is what the case stores."""
    scenario = Scenario()
    scenario.file(severity="II", school_id=SCHOOL)
    report = facts.IncidentFiled(
        case_id="case-1", received_at=START, report_id="r-1", school_id=SCHOOL, kind="fire", severity="II"
    )
    assert opening_deadlines(report, county(), scenario.directory) == scenario.opened.deadlines()
    assert {minute(at) for at in scenario.opened.deadlines().values()} == {5}
