""" "Cannot take it" is an answer too: the stand-in hears at once; when all decline, the next level does."""

from events import incident as facts
from tests.support.policy_variants import county, library, with_receipt
from tests.support.scenario import STAFF, Scenario, Staff, minute

TOP = "upward_receipt@government_and_bureau"


def filed(staff: Staff | None = None) -> Scenario:
    scenario = Scenario(staff=staff)
    scenario.file()
    scenario.pass_minutes(2)
    return scenario


def decline(scenario: Scenario, *people: str) -> None:
    for person in people:
        scenario.say(facts.IncidentDeclined, person, reason="in hospital")


def test_decline_moves_to_the_stand_ins_at_once() -> None:
    """The principal declines at minute 2: in the same moment both who stand in are told, with the old deadline."""
    scenario = filed()
    decline(scenario, "principal")
    assert scenario.told()[1:] == [(2, "duty-leader"), (2, "deputy")]
    assert {minute(r.deadline) for r in scenario.requests if r.deadline} == {15}


def test_who_declined_is_not_reminded() -> None:
    """The reminder at 5 goes to who may still answer."""
    scenario = filed()
    decline(scenario, "principal")
    scenario.pass_minutes(3)
    assert {p for _, p in scenario.told(template="incident_reminder")} == {"duty-leader", "deputy"}


def test_next_level_is_told_at_once_when_all_declined() -> None:
    """Principal, duty leader and deputy decline in minute 2: the district hears in minute 2, not at 15."""
    scenario = filed()
    decline(scenario, "principal", "duty-leader", "deputy")
    assert scenario.told(template="incident_unreached") == [(2, "director")]
    assert "upward_receipt@district" in scenario.opened.deadlines()


def test_decline_goes_up_when_nobody_stands_in() -> None:
    """A school of one: the principal's refusal is the level's."""
    scenario = filed(Staff(STAFF | {"on_duty:school_leader@self": (), "role:deputy_principal@self": ()}))
    decline(scenario, "principal")
    assert scenario.told(template="incident_unreached") == [(2, "director")]


def test_second_decline_of_the_same_person_tells_nobody_again() -> None:
    """Pressed twice is declined once."""
    scenario = filed()
    decline(scenario, "principal")
    before = len(scenario.requests)
    decline(scenario, "principal")
    assert len(scenario.requests) == before
    assert scenario.entries[-1].kind == "action-withheld"


def test_decline_may_be_taken_back() -> None:
    """Who declined and accepts after all has accepted."""
    scenario = filed()
    decline(scenario, "principal")
    scenario.pass_minutes(1)
    scenario.acknowledge("principal")
    assert (3, "clock-satisfied", "report_to_principal@principal") in scenario.kinds("clock-satisfied")


def test_older_decline_carried_after_a_receipt_changes_nothing() -> None:
    """Declined at 2, accepted at 3, and the refusal is carried last: the later word stands."""
    scenario = filed()
    scenario.pass_minutes(1)
    scenario.acknowledge("principal")
    before = len(scenario.requests)
    scenario.say(facts.IncidentDeclined, "principal", carried_late_minutes=1)
    assert len(scenario.requests) == before
    assert "accepted later" in scenario.entries[-1].reason


def test_stand_in_answers_for_one_of_two_who_declined() -> None:
    """`all`: the township declines, the duty officer who is told instead may answer for it."""
    scenario = filed()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    decline(scenario, "township")
    scenario.acknowledge("bureau")
    assert TOP in scenario.opened.deadlines()
    scenario.acknowledge("duty-officer")
    assert TOP not in scenario.opened.deadlines()


def test_decline_after_the_stand_in_accepted_leaves_nothing_open() -> None:
    """`all`: duty officer and bureau answered; when the township then declines, the duty officer's word covers it."""
    scenario = filed()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.acknowledge("duty-officer")
    scenario.acknowledge("bureau")
    decline(scenario, "township")
    assert TOP not in scenario.opened.deadlines()


def test_decline_carried_late_shows_that_the_stand_in_had_answered_in_time() -> None:
    """`all`: duty officer and bureau answered at 3; the township's refusal of 4 is carried at 13: no breach."""
    scenario = filed()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    scenario.pass_minutes(1)
    scenario.acknowledge("duty-officer")
    scenario.acknowledge("bureau")
    scenario.pass_minutes(10)
    assert TOP + "#1" in scenario.opened.deadlines()
    scenario.say(facts.IncidentDeclined, "township", carried_late_minutes=9)
    assert (4, "breach-withdrawn", TOP) in scenario.kinds("breach-withdrawn")
    assert TOP + "#1" not in scenario.opened.deadlines()


def test_everybody_at_the_top_declined_and_the_clock_goes_on() -> None:
    """Nobody is above the top: its clock runs on, to the round that calls the fallback."""
    scenario = Scenario(library(with_receipt(county(), "government_and_bureau", "any")))
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    decline(scenario, "township", "bureau", "duty-officer")
    assert scenario.entries[-1].reason == "everybody at the top declined; the clock goes on"
    scenario.pass_minutes(10)
    assert [p for _, p in scenario.told(template="incident_unreached")] == ["second-officer"]


def test_decline_by_a_stranger_is_withheld_with_its_reason() -> None:
    """Somebody off the chain declines nothing."""
    scenario = filed()
    decline(scenario, "passer-by")
    assert scenario.entries[-1].reason == "declined by somebody who is not on this case's chain"


def test_receipt_from_before_a_refusal_does_not_take_it_back() -> None:
    """Accepted at 3, declined at 5, known in the other order: they cannot take it."""
    scenario = filed()
    scenario.pass_minutes(3)
    decline(scenario, "principal")
    scenario.pass_minutes(1)
    scenario.acknowledge("principal", carried_late_minutes=3)
    state = scenario.opened.level("principal")
    assert state is not None
    assert minute(state.seats[0].declined_at or scenario.now) == 5
    assert minute(state.seats[0].acknowledged_at or scenario.now) == 3
