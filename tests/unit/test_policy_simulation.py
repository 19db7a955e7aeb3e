"""A policy is played before anybody depends on it: every family, every answer, at any hour."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from escalation_policies.loader import load_library
from escalation_policies.schema import Policy
from escalation_policies.simulation import Answer, Line, Scene, folded, simulate, usual_span
from tests.support.policy_variants import county

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIBRARY = load_library().policies


def play(kind: str, span: timedelta, *answers: Answer, **scene: Any) -> list[Line]:
    policy = load_library().for_kind(kind)
    return list(simulate(Scene(policy, scene.pop("severity", "IV"), span, answers=answers, **scene)).lines)


def told(lines: list[Line], start: datetime | None = None) -> list[tuple[float, str]]:
    """Return (minute, people) of each telling."""
    first = start or lines[0].at
    return [((line.at - first).total_seconds() / 60, "+".join(line.told)) for line in lines if line.told]


def test_silence_climbs_the_chain() -> None:
    """Nobody answers at severity IV: principal at 0, reminded at 5 and 10, district at 15, the top at 25."""
    lines = play("fire", timedelta(minutes=30))
    assert {(0, "principal"), (15, "district_director"), (25, "township_officer+bureau_leader")} <= set(told(lines))
    assert min(minute for minute, people in told(lines) if "district_director" in people) == 15
    assert {line.channels for line in lines if line.told} == {("sms", "email")}


def test_who_acknowledges_is_heard() -> None:
    """With the principal's receipt at 12 the district hears only of the missing report, at 32."""
    lines = play("fire", timedelta(minutes=40), Answer("principal", timedelta(minutes=12)))
    assert next(minute for minute, people in told(lines) if people == "district_director") == 32


def test_who_declines_is_answered_by_the_stand_in() -> None:
    """ "Cannot take it" moves on at once."""
    lines = play("fire", timedelta(minutes=4), Answer("principal", timedelta(minutes=3), "declines"))
    assert told(lines)[1] == (3, "school_leader+deputy_principal")


def test_who_reports_is_carried_to_the_next_level() -> None:
    """The principal reports at 10, the district is told then, and nothing was late."""
    lines = play("fire", timedelta(minutes=19), Answer("principal", timedelta(minutes=10), "reports"))
    assert (10, "district_director") in told(lines)
    assert not [line for line in lines if line.kind == "breach-recorded"]


@pytest.mark.parametrize("policy", LIBRARY, ids=lambda policy: policy.id)
def test_every_policy_of_the_library_is_played_to_its_end(policy: Policy) -> None:
    """Whatever its family, silence reaches the top of its chain, or ends within the chain's last clock."""
    timeline = simulate(Scene(policy, policy.default_severity, usual_span(policy)))
    assert timeline.cut_at is None
    assert timeline.lines[0].told
    assert policy.chain[1].level in {line.level for line in timeline.lines if line.told}


def test_petition_is_filed_as_one_and_its_terms_run() -> None:
    """A petition has the law's clocks: taken up and answered in time, it ends with the time for review."""
    answers = (
        Answer("principal", HOUR),
        Answer("principal", 10 * DAY, "accepts"),
        Answer("principal", 50 * DAY, "resolves"),
    )
    lines = play("petition", 100 * DAY, *answers)
    assert [line.kind for line in lines if line.kind.startswith("petition-")] == [
        "petition-accepted",
        "petition-resolved",
    ]
    assert lines[-1].kind == "case-completed"
    assert not [line for line in lines if line.kind == "breach-recorded"]


def test_hazard_has_an_owner_and_a_due_date() -> None:
    """The owner is told with the principal; overdue at the date that the report names, the next level hears."""
    lines = play("hazard", 12 * DAY, Answer("principal", HOUR), due=10 * DAY)
    assert lines[0].told == ("principal", "owner")
    overdue = next(line for line in lines if line.kind == "breach-recorded")
    assert overdue.at - lines[0].at == 10 * DAY
    closed = play("hazard", 12 * DAY, Answer("principal", HOUR), Answer("principal", 9 * DAY, "closes"), due=10 * DAY)
    assert closed[-1].kind == "case-completed"


def test_whom_the_report_concerns_is_passed_over_with_their_office() -> None:
    """A petition about the principal: nobody of the school is told, the district at once."""
    lines = play("petition", HOUR, concerns=("principal",))
    assert told(lines) == [(0, "district_director")]
    assert "recipient-excluded" in {line.kind for line in lines}


def test_head_of_the_bureau_takes_the_bureau_along() -> None:
    """A petition about the petition officer ends with the fallback outside the bureau."""
    lines = play("petition", 5 * DAY, concerns=("petition_officer",))
    people = {person for line in lines for person in line.told}
    assert "petition_officer" not in people
    assert "bureau_leader" not in people
    assert "township_officer" in people


def test_suspected_abuse_reaches_nobody_of_the_school() -> None:
    """The policy without the school is played without it, too."""
    people = {person for line in play("suspected-abuse", 2 * HOUR, severity="II") for person in line.told}
    assert not people & {"principal", "deputy_principal", "school_leader"}
    assert "protection_officer" in people


def test_report_at_night_waits_for_the_morning_where_it_may() -> None:
    """A petition at 22:30 in Shanghai is held until 7; a fire is not."""
    night = datetime(2026, 10, 1, 14, 30, tzinfo=UTC)
    held = play("petition", HOUR, start=night)[0]
    assert held.held_until == datetime(2026, 10, 1, 23, 0, tzinfo=UTC)
    assert play("fire", HOUR, start=night)[0].held_until is None


def test_term_that_ends_in_the_holidays_ends_after_them() -> None:
    """15 days from 18 September end on the first working day after the National Day holidays."""
    start = datetime(2026, 9, 18, 1, 0, tzinfo=UTC)
    policy = load_library().for_kind("petition")
    timeline = simulate(Scene(policy, "IV", 30 * DAY, start=start, answers=(Answer("principal", HOUR),)))
    acceptance = next(clock for clock in timeline.clocks if clock.key == "acceptance@school")
    assert acceptance.deadline == datetime(2026, 10, 8, 16, 0, tzinfo=UTC)


def test_lines_that_are_alike_are_folded() -> None:
    """The third round at the top and all after it are counted on the second's line."""
    lines = play("fire", 2 * HOUR)
    items = folded(lines)
    assert len(items) < len(lines)
    assert sum(1 + item.more for item in items) == len(lines)
    again = [item for item in items if item.more]
    assert again
    assert all(item.last_at is not None and item.last_at > item.line.at for item in again)


def test_play_without_end_is_stopped() -> None:
    """A policy that repeats for a month within a minute's rounds is stopped, and the timeline says where."""
    top = county().at_top.model_copy(update={"repeat_every": timedelta(seconds=1), "rounds": 1000})
    policy = county().model_copy(update={"at_top": top})
    timeline = simulate(Scene(policy, "IV", 30 * DAY), most_steps=200)
    assert timeline.cut_at is not None
    assert timeline.cut_at - timeline.scene.start < HOUR
    assert timeline.lines[-1].at <= timeline.cut_at
