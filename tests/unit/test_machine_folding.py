"""A case that is silent for years stays small and quick, and a late fact still takes back what it shows to be none."""

from datetime import timedelta
from time import perf_counter

import pytest

from escalation_policies.clock_rules import ClockName
from escalation_policies.folded import Silence
from escalation_policies.folding import KEPT
from escalation_policies.machine import decide, replay
from escalation_policies.machine.judge import next_deadline
from events import incident as facts
from events.petition import PetitionAccepted, PetitionWithdrawn
from tests.support.scenario import DAY, START, Scenario

MOST_CLOCKS = 80
"""Five clocks at a level or two each: the first round, the latest ``KEPT``, and one that runs."""

MOST_BYTES = 40_000
"""A case as it is stored, its policy of 2 to 5 KB in it."""


def silent(kind: str, days: float, severity: str = "IV") -> Scenario:
    """Return a case of which nobody has said anything for so many days."""
    scenario = Scenario()
    if kind.startswith("petition"):
        scenario.petition(kind, severity=severity)
    else:
        scenario.file(kind=kind, severity=severity)
    scenario.pass_days(days)
    return scenario


@pytest.mark.parametrize(
    ("kind", "severity", "days"),
    [
        ("fire", "IV", 400),
        ("fire", "I", 25),  # every half hour: as many rounds as 1,200 days of the lowest grade
        ("hazard", "IV", 400),
        ("petition", "IV", 400),
        ("petition-on-site", "IV", 400),
    ],
)
def test_silent_case_stays_small(kind: str, severity: str, days: float) -> None:
    """After 400 silent days a case holds few clocks and fills few bytes: the same as after 40."""
    scenario = silent(kind, days, severity)
    assert len(scenario.opened.clocks) <= MOST_CLOCKS
    assert len(scenario.opened.model_dump_json()) <= MOST_BYTES
    assert max(len(level.heard) for level in scenario.opened.levels) <= MOST_CLOCKS


def test_decision_after_400_silent_days_takes_no_longer_than_after_40() -> None:
    """The quickest of twenty: what else the machine has to do is not measured."""
    early, late = (quickest_decision(silent("petition-on-site", days)) for days in (40, 400))
    assert late < 3 * early


def quickest_decision(scenario: Scenario) -> float:
    """Return how many seconds the next deadline of a case takes to judge."""
    case = scenario.opened
    due = case.next_due_at
    assert due is not None
    event = next_deadline(case, due + timedelta(microseconds=1), due)
    assert event is not None
    found = []
    for _ in range(20):
        start = perf_counter()
        decide(case, event, scenario.directory, scenario.policies, due)
        found.append(perf_counter() - start)
    return min(found)


def test_case_that_is_late_every_other_day_stays_small() -> None:
    """A day too late, 200 times: answered rounds and final breaches are folded, too."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    for _ in range(200):
        scenario.pass_days(1.5)
        scenario.say(facts.UpdateFiled, "principal", summary="no change")
    assert len(scenario.opened.clocks) <= MOST_CLOCKS
    assert len(scenario.opened.model_dump_json()) <= MOST_BYTES


def test_rounds_go_on_counting_after_they_were_folded() -> None:
    """No key is used twice, so no message is taken for a repeat of an old one."""
    scenario = silent("fire", 60)
    recorded = [clock for _, _, clock in scenario.kinds("breach-recorded")]
    assert len(recorded) == len(set(recorded))
    assert "follow_up@principal#50" in recorded
    assert scenario.opened.clock("follow_up@principal#20") is None


def test_update_of_a_folded_round_withdraws_its_breach_and_all_after_it() -> None:
    """Said on day 3, carried on day 60, as when the bus was away: the silence ends on day 3, and begins again there."""
    scenario = silent("fire", 60)
    breached = scenario.kinds("breach-recorded")
    scenario.say(facts.UpdateFiled, "principal", summary="all out", carried_late_minutes=57 * DAY)
    withdrawn = scenario.entries[-20:]
    (entry,) = (one for one in withdrawn if one.kind == "breach-withdrawn")
    assert (entry.clock, entry.received_at) == (f"follow_up@principal#{breached_rounds(breached)}", START + 3 * _DAY)
    assert "every earlier round whose deadline was not over then" in entry.reason
    assert not [c for c in scenario.opened.rounds("follow_up") if c.status == "breached" and c.round]
    assert "director" in {who for _, who in scenario.told(template="incident_correction")}
    (running,) = (c for c in scenario.opened.rounds("follow_up") if c.status == "running")
    assert running.started_at == START + 3 * _DAY


_DAY = timedelta(days=1)


def silence(scenario: Scenario, name: ClockName, level: str) -> Silence:
    """Return the silence that the folded rounds of a clock end with."""
    folded = scenario.opened.fold(name, level)
    assert folded is not None
    assert folded.silence is not None
    return folded.silence


def breached_rounds(breached: list[tuple[float, str, str | None]]) -> int:
    """Return the number of the latest follow-up that was folded."""
    numbers = [int(clock.partition("#")[2] or 0) for _, _, clock in breached if clock and clock.startswith("follow_up")]
    return max(numbers) - KEPT


def test_facts_of_a_long_silence_carried_in_order_leave_no_breach_of_their_time() -> None:
    """An update each 20 hours for 30 days, all carried on day 40: only what came after the last one is a breach."""
    scenario = silent("fire", 40)
    for hours in range(20, 30 * 24, 20):
        scenario.say(facts.UpdateFiled, "principal", summary="no change", carried_late_minutes=40 * DAY - hours * 60)
    last = max(hours for hours in range(20, 30 * 24, 20))
    missed = [c for c in scenario.opened.rounds("follow_up") if c.status == "breached" and c.round]
    assert all(clock.deadline > START + timedelta(hours=last) for clock in missed)


def test_update_from_before_the_silence_withdraws_nothing() -> None:
    """The update that ended the round before, once more: the silence began after it."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_minutes(60)
    scenario.say(facts.UpdateFiled, "principal", summary="all out")
    scenario.pass_days(60)
    scenario.say(facts.UpdateFiled, "principal", summary="all out", carried_late_minutes=60 * DAY)
    assert scenario.kinds("breach-withdrawn") == []


def test_receipt_of_a_folded_round_withdraws_every_breach_since() -> None:
    """The director acknowledged on day 100, carried on day 300: whoever heard of the silence since hears so."""
    scenario = silent("hazard", 300)
    scenario.acknowledge("director", carried_late_minutes=200 * DAY)
    standing = [c for c in scenario.opened.rounds("upward_receipt", "district") if c.status == "breached"]
    assert all(clock.deadline < START + 100 * _DAY for clock in standing)
    assert silence(scenario, "upward_receipt", "district").until < START + 100 * _DAY
    assert {"bureau"} <= {who for _, who in scenario.told(template="incident_correction")}


def test_evidence_of_a_folded_round_withdraws_every_chase_since() -> None:
    """Gone on day 100, 85 days too late, carried on day 400: late it was, but not chased since."""
    scenario = silent("hazard", 400)
    scenario.acknowledge("principal")
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=300 * DAY)
    breached = [c for c in scenario.opened.rounds("rectification") if c.status == "breached"]
    assert [clock.key for clock in breached] == ["rectification@principal"]
    assert silence(scenario, "rectification", "principal").until < START + 100 * _DAY
    assert scenario.opened.status == "closed"


def test_answer_to_the_first_round_calls_off_the_folded_ones() -> None:
    """Gone on day 9 of 15, carried on day 400: no breach is left, and no receipt that was asked for one."""
    scenario = silent("hazard", 400)
    scenario.acknowledge("principal")
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=391 * DAY)
    assert [c.key for c in scenario.opened.rounds("rectification") if c.status == "breached"] == []
    folds = {folded.key.partition("#")[0]: folded for folded in scenario.opened.folded}
    assert folds["rectification@principal"].is_standing is False
    assert folds["upward_receipt@district"].is_standing is False
    late = [c.key for c in scenario.opened.rounds("upward_receipt") if c.started_at > START + 15 * _DAY]
    assert all(scenario.status(key) == "cancelled" for key in late)


def test_acceptance_of_a_folded_round_withdraws_every_chase_since() -> None:
    """Accepted on day 30 of 15, carried on day 200: the first breach stays, those after it are none."""
    scenario = silent("petition", 200)
    scenario.say(PetitionAccepted, "principal", carried_late_minutes=170 * DAY)
    breached = [c.key for c in scenario.opened.rounds("acceptance") if c.status == "breached"]
    assert breached == ["acceptance@school"]
    assert silence(scenario, "acceptance", "school").until < START + 30 * _DAY
    assert all(clock.name != "acceptance" for clock in scenario.opened.clocks if clock.status == "running")


def test_petition_taken_back_in_a_folded_round_voids_the_chases_since() -> None:
    """Taken back on day 30, carried on day 200."""
    scenario = silent("petition", 200)
    scenario.happen(PetitionWithdrawn, carried_late_minutes=170 * DAY)
    breached = [c for c in scenario.opened.rounds("acceptance") if c.status == "breached"]
    assert all(clock.deadline < START + 30 * _DAY for clock in breached)
    assert silence(scenario, "acceptance", "school").until < START + 30 * _DAY


def test_breach_is_final_when_an_answer_after_it_was_folded() -> None:
    """Two days late, answered, 40 days of daily updates: a copy from the first day of it changes nothing any more."""
    scenario = Scenario()
    scenario.file()
    scenario.report_upward("principal")
    scenario.pass_days(2.5)
    for _ in range(40):
        scenario.say(facts.UpdateFiled, "principal", summary="no change")
        scenario.pass_days(0.9)
    scenario.say(facts.UpdateFiled, "deputy", summary="found in a drawer", carried_late_minutes=38 * 0.9 * DAY)
    assert scenario.kinds("breach-withdrawn") == []


def test_journal_replays_through_the_folding() -> None:
    """The journal alone gives the same small state."""
    scenario = silent("petition-on-site", 60)
    scenario.say(PetitionAccepted, "principal", carried_late_minutes=50 * DAY)
    scenario.pass_days(30)
    again = replay(scenario.entries)
    assert again[-1].state is not None
    assert again[-1].state.model_dump_json() == scenario.opened.model_dump_json()


def test_case_stored_before_there_was_folding_is_read_and_folded() -> None:
    """A row of an earlier version has no such fields: it loads, and its next decision folds it."""
    scenario = silent("fire", 30)
    stored = scenario.opened.model_dump(mode="json")
    del stored["folded"]
    for clock in stored["clocks"]:
        del clock["because_at"]
    read = type(scenario.opened).model_validate(stored)
    assert read.folded == ()
    assert [clock.key for clock in read.clocks] == [clock.key for clock in scenario.opened.clocks]
