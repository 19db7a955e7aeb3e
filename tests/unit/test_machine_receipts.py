"""A level that was told must answer: receipts, two parallel recipients, and the top that is told again and again."""

import pytest

from escalation_policies.case import LevelState, Seat
from escalation_policies.machine.answers import unanswered
from escalation_policies.schema import Level
from escalation_policies.selector import Selector
from tests.support.policy_variants import county, library, with_receipt, with_rounds
from tests.support.scenario import STAFF, START, Scenario, Staff, minute
from tests.support.unreachable import Unreachable

DISTRICT = "upward_receipt@district"
TOP = "upward_receipt@government_and_bureau"


def reported(scenario: Scenario | None = None) -> Scenario:
    """Return a case of which the district was told by the principal's own report at minute 0."""
    scenario = scenario or Scenario()
    scenario.file()
    scenario.report_upward("principal")
    return scenario


def at_the_top(receipt: str = "all", rounds: int = 96, staff: Staff | None = None) -> Scenario:
    """Return a case that the district reported to government and bureau at minute 0."""
    policy = with_rounds(with_receipt(county(), "government_and_bureau", receipt), rounds)  # type: ignore[arg-type]
    scenario = reported(Scenario(library(policy), staff))
    scenario.report_upward("director")
    return scenario


def deadline(scenario: Scenario, key: str) -> float:
    return minute(scenario.opened.deadlines()[key])


def test_told_level_is_reminded_at_half_with_its_stand_in() -> None:
    """Ten minutes to answer, a reminder at five to the director and the deputy."""
    scenario = reported()
    scenario.pass_minutes(9.9)
    told = scenario.told(template="incident_reminder")
    assert told == [(5, "director"), (5, "district-deputy")]
    assert deadline(scenario, DISTRICT) == 10


def test_silent_level_is_passed_to_the_level_above() -> None:
    """At the district's deadline the breach is recorded, and government and bureau hear that it did not answer."""
    scenario = reported()
    scenario.pass_minutes(10)
    assert (10, "breach-recorded", DISTRICT) in scenario.kinds("breach-recorded")
    assert scenario.told(template="incident_unreached") == [(10, "township"), (10, "bureau")]
    assert deadline(scenario, TOP) == 20


@pytest.mark.parametrize("who", ["director", "district-deputy"])
def test_receipt_stops_the_levels_clock(who: str) -> None:
    """The director or the deputy answers; nobody above is called."""
    scenario = reported()
    scenario.pass_minutes(2)
    scenario.acknowledge(who)
    assert (2, "clock-satisfied", DISTRICT) in scenario.kinds("clock-satisfied")
    scenario.pass_minutes(15)
    assert not {p for _, p in scenario.told()} & {"township", "bureau"}


def test_late_receipt_of_a_level_above_which_was_told_owes_no_report() -> None:
    """The director who answers after government and bureau were told owes them no report, and the journal says so."""
    scenario = reported()
    scenario.pass_minutes(12)
    scenario.acknowledge("director")
    assert "report_upward@district" not in scenario.opened.deadlines()
    assert "the level above was told already" in scenario.entries[-1].reason


def test_all_needs_the_receipt_of_both_parallel_recipients() -> None:
    """`all`: the township's receipt alone leaves the clock running, and says who is missing; the bureau's ends it."""
    scenario = at_the_top("all")
    scenario.acknowledge("township")
    assert scenario.entries[-1].reason.endswith("; still waiting for role:bureau_leader@ancestor:bureau")
    assert TOP in scenario.opened.deadlines()
    scenario.acknowledge("bureau")
    assert TOP not in scenario.opened.deadlines()


def test_any_is_content_with_one_of_two_parallel_recipients() -> None:
    """`any`: the first receipt ends it."""
    scenario = at_the_top("any")
    scenario.acknowledge("township")
    assert TOP not in scenario.opened.deadlines()


def test_reminder_of_two_goes_only_to_who_has_not_answered() -> None:
    """The township, which answered, is left in peace."""
    scenario = at_the_top("all")
    scenario.acknowledge("township")
    scenario.pass_minutes(5)
    assert {p for at, p in scenario.told(template="incident_reminder") if at == 5} == {"bureau", "duty-officer"}


def test_all_is_late_when_one_of_both_is_late_in_whatever_order_they_are_carried() -> None:
    """Bureau at minute 11 is late; the township's receipt of minute 9, carried last, does not make it in time."""
    scenario = at_the_top("all")
    scenario.pass_minutes(11)
    scenario.acknowledge("bureau")
    scenario.pass_minutes(2)
    scenario.acknowledge("township", carried_late_minutes=4)
    clock = scenario.opened.clock(TOP)
    assert clock is not None
    assert clock.status == "breached"
    assert scenario.kinds("breach-withdrawn") == []


def test_all_in_time_carried_late_withdraws_the_breach() -> None:
    """Both answered by minute 9 and are carried at 12: the breach was none."""
    scenario = at_the_top("all")
    scenario.pass_minutes(12)
    scenario.acknowledge("bureau", carried_late_minutes=4)
    scenario.acknowledge("township", carried_late_minutes=3)
    assert (9, "breach-withdrawn", TOP) in scenario.kinds("breach-withdrawn")
    assert TOP + "#1" not in scenario.opened.deadlines()


def test_stand_in_answers_for_a_vacant_recipient_of_two() -> None:
    """Without a township officer, the bureau's duty officer may answer for the township."""
    scenario = at_the_top("all", staff=Staff(STAFF | {"role:township_officer@township": ()}))
    scenario.acknowledge("bureau")
    assert TOP in scenario.opened.deadlines()
    scenario.acknowledge("duty-officer")
    assert TOP not in scenario.opened.deadlines()


@pytest.mark.parametrize("staff", [Staff(STAFF | {"role:bureau_leader@ancestor:bureau": ()}), Unreachable("bureau")])
def test_stand_in_of_the_same_unit_is_told_at_once_for_a_missing_recipient_of_two(staff: Staff) -> None:
    """Without a bureau leader who can be reached, the bureau's duty officer hears with the township, not at half."""
    scenario = at_the_top("all", staff=staff)
    assert {p for _, p in scenario.told(template="incident_report")} == {"director", "township", "duty-officer"}


def test_stand_in_of_one_does_not_answer_for_a_silent_other() -> None:
    """The bureau's duty officer answers for the bureau; the township, in post and silent, still must."""
    scenario = at_the_top("all")
    scenario.acknowledge("duty-officer")
    assert scenario.entries[-1].reason.endswith("still waiting for role:township_officer@township")


def test_top_is_told_again_with_the_fallback_every_15_minutes() -> None:
    """Nobody at the top answers: both and the duty officers are told again, round after round."""
    scenario = at_the_top()
    scenario.pass_minutes(40)
    again = scenario.told(template="incident_unreached")
    people = ["township", "bureau", "duty-officer", "second-officer"]
    assert again == [(at, person) for at in (10, 25, 40) for person in people]
    assert deadline(scenario, TOP + "#3") == 55


def test_who_answered_at_the_top_is_not_told_again() -> None:
    """Of two, one answered: the next round calls the other and the fallback only."""
    scenario = at_the_top()
    scenario.acknowledge("township")
    scenario.pass_minutes(10)
    assert [p for _, p in scenario.told(template="incident_unreached")] == ["bureau", "duty-officer", "second-officer"]


def test_fallback_may_answer_at_the_top() -> None:
    """`any`: the second officer, told only as fallback, ends the rounds."""
    scenario = at_the_top("any")
    scenario.pass_minutes(11)
    scenario.acknowledge("second-officer")
    assert not [key for key in scenario.opened.deadlines() if key.startswith("upward_receipt")]


def test_rounds_at_the_top_end_with_a_declared_reason() -> None:
    """After the last round the machine says that it stops, and why."""
    scenario = at_the_top(rounds=2)
    scenario.pass_minutes(41)
    reasons = [e.reason for e in scenario.entries if e.kind == "action-withheld"]
    assert reasons[-1] == "the last of 2 rounds at the top went unanswered"
    assert not [key for key in scenario.opened.deadlines() if key.startswith("upward_receipt")]


NOBODY_AT_THE_TOP = {
    "role:township_officer@township": (),
    "role:bureau_leader@ancestor:bureau": (),
    "on_duty:duty_officer@ancestor:bureau": (),
}


def test_vacant_top_is_answered_by_the_fallback_and_watched() -> None:
    """Nobody holds a post at the top: the fallback is told at once, and told again when it is silent."""
    scenario = at_the_top(staff=Staff(STAFF | NOBODY_AT_THE_TOP))
    assert deadline(scenario, TOP) == 10
    scenario.pass_minutes(10)
    assert [t for t in scenario.told() if t[1] == "second-officer"] == [(0, "second-officer"), (10, "second-officer")]


def test_top_without_anybody_is_tried_again_when_the_directory_is_mended() -> None:
    """Nobody at all is left: it is said loudly, and whoever is in post at the next round is told then."""
    scenario = at_the_top(staff=Staff(STAFF | NOBODY_AT_THE_TOP | {"role:duty_officer@ancestor:bureau": ()}))
    assert "nobody at all is left to tell: mend the directory now" in [e.reason for e in scenario.entries]
    scenario.staff.answers = dict(STAFF)
    scenario.pass_minutes(10)
    assert {p for at, p in scenario.told() if at == 10} == {"township", "bureau", "duty-officer", "second-officer"}


def test_everybody_who_is_still_missing_is_named() -> None:
    """Where three must answer and one has, the journal names the other two."""
    fire = county()
    three = (*fire.chain[1].tell, *fire.chain[2].tell)
    district = fire.chain[1].model_copy(update={"tell": three, "receipt": "all"})
    chain = (fire.chain[0], district, fire.chain[2])
    scenario = reported(Scenario(library(fire.model_copy(update={"chain": chain}))))
    scenario.acknowledge("director")
    missing = "role:township_officer@township, role:bureau_leader@ancestor:bureau"
    assert f"responsibility accepted; still waiting for {missing}" in scenario.reasons("acknowledged")


def test_stand_in_answers_for_a_post_whatever_its_name() -> None:
    """A role may be called `leader@night`: where it is held is what comes last."""
    leader = Selector(role="leader@night", at="self")
    level = Level(level="school", tell=(leader, Selector(role="nurse", at="parent")), receipt="all")
    seats = [
        Seat(person_id="a", role="leader@night", unit_id="s", question=leader.question, told_at=START),
        Seat(
            person_id="b", role="deputy", unit_id="s", question="role:deputy@self", stand_in=True, told_at=START,
            acknowledged_at=START,
        ),
        Seat(person_id="c", role="nurse", unit_id="d", question="role:nurse@parent", told_at=START),
    ]  # fmt: skip
    assert unanswered(level, LevelState(level="school", told_at=START, seats=tuple(seats))) == ["role:nurse@parent"]
