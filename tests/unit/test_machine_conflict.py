"""信访工作条例 2022 arts 28, 30: who is complained of never hears of it, by any road, nor acts in it."""

from collections.abc import Callable, Sequence

import pytest

from events import incident as facts
from events.petition import PetitionAccepted, PetitionDeclined, PetitionResolved
from tests.support.county import County
from tests.support.policy_variants import library, with_rounds
from tests.support.scenario import DAY, Scenario, shipped


def filed(*concerns: str, county: County | None = None, kind: str = "petition") -> Scenario:
    """Return a petition that concerns these people or units."""
    scenario = Scenario(library(with_rounds(shipped().for_kind(kind), 3)))
    scenario.directory = county or County()
    scenario.petition(kind, concerns=concerns, severity="IV")
    return scenario


def everything_happens(scenario: Scenario) -> None:
    """Nobody answers for a month; then somebody above takes it over, and is silent again."""
    scenario.pass_days(30)
    for by in ("petition-officer", "director", "township-officer"):
        scenario.acknowledge(by)
        scenario.say(PetitionAccepted, by)
    scenario.pass_days(80)


@pytest.mark.parametrize("kind", ["petition", "petition-on-site"])
@pytest.mark.parametrize(
    ("concerns", "never"),
    [
        (["principal"], {"principal", "deputy", "teacher"}),  # heads the school: nobody of it
        (["school-1"], {"principal", "deputy", "teacher"}),
        (["deputy"], {"deputy"}),
        (["director"], {"director", "district-deputy"}),
        (["petition-officer"], {"petition-officer", "bureau-leader", "duty-officer"}),
        (["principal", "director"], {"principal", "deputy", "director", "district-deputy"}),
        (["principal", "bureau"], {"principal", "deputy", "bureau-leader", "petition-officer", "duty-officer"}),
    ],
)
def test_person_complained_of_and_the_office_they_head_are_told_by_no_road(
    kind: str, concerns: Sequence[str], never: set[str]
) -> None:
    """First telling, stand-in, reminder, the way up, rounds at the top, fallback, overdue: none of them leads there."""
    scenario = filed(*concerns, kind=kind)
    everything_happens(scenario)
    assert scenario.hearers.isdisjoint(never)
    assert scenario.hearers


def test_delegate_of_the_person_complained_of_is_not_told() -> None:
    """The deputy has the principal's ear: who acts for somebody hears nothing about them, in their own post either."""
    county = County()
    county.appoint("district-deputy", "petition-officer")
    scenario = filed("petition-officer", county=county)
    everything_happens(scenario)
    assert scenario.hearers.isdisjoint({"petition-officer", "district-deputy", "bureau-leader"})


def test_delegate_of_the_delegate_is_not_told() -> None:
    """The petition officer's deputy hands it on to the director: the director, and nobody else there, hears nothing."""
    county = County()
    county.appoint("district-deputy", "petition-officer")
    county.appoint("director", "district-deputy")
    scenario = filed("petition-officer", county=county)
    everything_happens(scenario)
    assert scenario.hearers.isdisjoint({"petition-officer", "district-deputy", "director"})
    assert "director" in scenario.opened.excluded


def test_delegate_appointed_later_is_excluded_from_then_on() -> None:
    """Appointed on day 3: what comes after passes them over, and stays so when the appointment ends."""
    county = County()
    scenario = filed("principal", county=county)
    assert "director" in scenario.hearers
    scenario.pass_days(0.1)
    county.appoint("director", "principal")
    told = len(scenario.requests)
    scenario.pass_days(3)
    county.move("principal", "school-1", "principal")
    scenario.pass_days(30)
    assert {r.person_id for r in scenario.requests[told:]}.isdisjoint({"director", "principal", "deputy"})
    assert "petition-officer" in scenario.hearers


def test_person_complained_of_who_moves_takes_the_new_office_with_them() -> None:
    """The principal becomes the district's director: the district hears no more, and the school still nothing."""
    county = County()
    scenario = filed("principal", county=county)
    county.move("director", "bureau")
    county.move("principal", "district", "district_director")
    told = len(scenario.requests)
    everything_happens(scenario)
    assert {r.person_id for r in scenario.requests[told:]}.isdisjoint({"principal", "deputy", "district-deputy"})


def test_who_keeps_the_duty_of_an_excluded_office_is_not_told() -> None:
    """An officer of another unit on duty at the school answers for the school."""
    county = County()
    county.duties["school-1", "school_leader"] = "health-officer"
    scenario = filed("principal", county=county, kind="petition-on-site")
    everything_happens(scenario)
    assert "health-officer" not in scenario.hearers


def test_where_nobody_clean_is_left_the_fallback_is_told() -> None:
    """School, district and bureau are all concerned: the township government gets it."""
    scenario = filed("principal", "director", "bureau-leader")
    assert scenario.hearers == {"township-officer"}
    scenario.acknowledge("township-officer")
    scenario.say(PetitionAccepted, "township-officer")
    assert any(key.startswith("resolution") for key in scenario.opened.deadlines())


def test_where_nobody_at_all_is_left_it_is_said_loudly_and_the_clocks_run() -> None:
    """Fail closed: no message rather than one to those complained of; a watcher sees that nobody has it."""
    scenario = filed("principal", "director", "bureau-leader", "township-officer", "township")
    assert scenario.requests == []
    assert "nobody at all is left to tell: mend the directory now" in scenario.reasons("nobody-found")
    everything_happens(scenario)
    assert scenario.requests == []
    assert any(key.startswith("acceptance") for key in scenario.opened.deadlines())


def test_case_finds_somebody_as_soon_as_the_directory_has_one() -> None:
    """The next round asks the directory anew."""
    county = County()
    scenario = filed("principal", "director", "bureau-leader", "township-officer", county=county)
    county.move("teacher", "township", "township_officer")
    scenario.pass_days(3)
    assert scenario.hearers == {"teacher"}


ACTS: dict[str, Callable[[Scenario, str], None]] = {
    "acknowledge": lambda s, by: s.acknowledge(by),
    "decline": lambda s, by: s.say(facts.IncidentDeclined, by),
    "accept": lambda s, by: s.say(PetitionAccepted, by),
    "refuse": lambda s, by: s.say(PetitionDeclined, by, reason="nothing in it"),
    "answer": lambda s, by: s.say(PetitionResolved, by, answer="nothing in it"),
    "reassign": lambda s, by: s.say(facts.IncidentReassigned, by, to="teacher"),
    "report": lambda s, by: s.report_upward(by),
    "update": lambda s, by: s.say(facts.UpdateFiled, by, summary="nothing in it"),
    "end": lambda s, by: s.say(facts.FinalReportFiled, by, summary="nothing in it"),
    "grade": lambda s, by: s.say(facts.SeverityChanged, by, severity="I"),
}


@pytest.mark.parametrize("by", ["principal", "deputy"])
@pytest.mark.parametrize("act", ACTS)
def test_nothing_that_the_person_complained_of_or_their_office_says_is_heard(act: str, by: str) -> None:
    """Nobody judges a complaint about themselves; the attempt is on record."""
    scenario = filed("principal", kind="petition-on-site")
    before = scenario.opened
    ACTS[act](scenario, by)
    assert [entry.reason for entry in scenario.entries[-1:]] == ["said by somebody whom the case concerns"]
    assert scenario.opened.deadlines() == before.deadlines()
    assert scenario.opened.levels == before.levels


def test_seat_is_worth_nothing_once_the_case_concerns_its_holder() -> None:
    """The director was told, and is then appointed to act for the principal: the receipt is withheld."""
    county = County()
    scenario = filed("principal", county=county)
    county.appoint("director", "principal")
    scenario.acknowledge("director")
    assert scenario.kinds("acknowledged") == []


def test_case_is_handed_to_nobody_whom_it_concerns() -> None:
    """Reassigned to the person complained of, or to their office: withheld, and nothing is sent."""
    scenario = filed("principal")
    scenario.acknowledge("director")
    told = len(scenario.requests)
    for to in ("principal", "teacher"):
        scenario.say(facts.IncidentReassigned, "director", to=to)
        assert "nobody of that id may hear of this case" in scenario.reasons("action-withheld")[-1]
    assert len(scenario.requests) == told


def test_every_entry_is_hidden_from_whom_the_case_concerns() -> None:
    """The board and the stream show the case to none of them: each entry says from whom it is hidden."""
    scenario = filed("principal", kind="petition-on-site")
    scenario.pass_days(3)
    assert all({"principal", "school-1"} <= set(entry.hidden_from) for entry in scenario.entries)


def test_no_breach_is_recorded_against_a_school_that_may_not_hear() -> None:
    """It was not told and could not answer: the district, told in its place, has the first clock and the duties."""
    scenario = filed("principal", kind="petition-on-site")
    assert "report_to_principal@district" in scenario.opened.deadlines()
    assert {request.step for request in scenario.requests} == {"nobody:district"}
    passed = "nobody at school may hear of it: no clock runs there, and the next level is told now"
    assert (passed, "school") in [(entry.reason, entry.level) for entry in scenario.entries]
    scenario.pass_days(30)
    assert [entry for entry in scenario.entries if entry.clock and "@school" in entry.clock] == []
    breached = [clock for _, _, clock in scenario.kinds("breach-recorded")]
    assert breached[:2] == ["report_to_principal@district", "upward_receipt@government_and_bureau"]
    assert "report_upward@district" in breached


def test_receipt_of_who_is_told_in_place_of_the_school_stops_the_first_clock() -> None:
    """The director acknowledges in time, owes the upward report, and is not asked twice."""
    scenario = filed("principal", kind="petition-on-site")
    scenario.acknowledge("director")
    assert scenario.status("report_to_principal@district") == "satisfied"
    assert "report_upward@district" in scenario.opened.deadlines()
    scenario.report_upward("director")
    assert scenario.status("report_upward@district") == "satisfied"
    assert {"petition-officer", "township-officer"} <= scenario.hearers
    assert scenario.opened.rounds("upward_receipt", "district") == []


def test_case_whose_top_alone_may_hear_is_followed_up_when_the_top_is_silent() -> None:
    """Everybody below is concerned: nobody is above to report to, and updates are due all the same."""
    scenario = Scenario(library(with_rounds(shipped().for_kind("fire"), 3)))
    scenario.directory = County()
    scenario.file(kind="fire", concerns=("principal", "school-1", "director", "district"))
    assert list(scenario.opened.deadlines()) == ["report_to_principal@government_and_bureau"]
    scenario.pass_days(3)
    assert any(key.startswith("follow_up@government_and_bureau") for key in scenario.opened.deadlines())


def test_vacant_school_has_its_own_clock_and_breach() -> None:
    """Nobody holds a post there: the lateness is the school's own, and whoever comes is reminded."""
    scenario = Scenario()
    county = County()
    county.remove("principal", "deputy")
    scenario.directory = county
    scenario.file(kind="fire")
    scenario.pass_minutes(16)
    assert scenario.status("report_to_principal@principal") == "breached"


def test_passing_somebody_over_is_written_without_their_name() -> None:
    """Why was the school not told? Because the case concerns it."""
    scenario = filed("principal")
    assert "the case concerns who holds role:principal@self: passed over" in scenario.reasons("recipient-excluded")


def test_suspected_abuse_bypasses_the_school() -> None:
    """未成年人保护法 art 11: nobody of the school hears of it, concerned or not, whatever happens."""
    scenario = Scenario()
    scenario.directory = County()
    scenario.file(kind="suspected-abuse", severity=None, reporter="teacher")
    assert scenario.hearers == {"protection-officer"}
    scenario.pass_days(2)
    assert scenario.hearers.isdisjoint({"principal", "deputy", "teacher"})
    assert {"bureau-leader", "township-officer"} <= scenario.hearers
    assert all("school-1" in entry.hidden_from for entry in scenario.entries)


@pytest.mark.parametrize("by", ["principal", "deputy"])
def test_school_ends_no_case_of_suspected_abuse(by: str) -> None:
    """Neither final report nor closing of the school's people is heard; who reported may still add what they know."""
    scenario = Scenario()
    scenario.directory = County()
    scenario.file(kind="suspected-abuse", severity=None, reporter="teacher")
    answers = facts.ReviewAnswers(cause="none", accountability="none", measures="none", education="none")
    scenario.say(facts.FinalReportFiled, by, summary="nothing happened")
    scenario.say(facts.IncidentClosed, by, review=answers)
    assert (scenario.opened.status, scenario.opened.final_reported_at) == ("open", None)
    scenario.say(facts.IncidentAmended, "teacher", place="dormitory")
    assert scenario.opened.place == "dormitory"


def test_report_of_a_joined_case_excludes_whom_it_names() -> None:
    """A second reporter names the principal: from then on the principal hears nothing more."""
    scenario = Scenario()
    scenario.directory = County()
    scenario.file(kind="injury")
    assert scenario.hearers == {"principal"}
    again = facts.IncidentFiled(
        case_id="case-2", received_at=scenario.now, report_id="r-2", school_id="school-1", kind="injury",
        severity="I", concerns=("principal",),
    )  # fmt: skip
    told = len(scenario.requests)
    scenario.happen(facts.ReportJoined, report=again)
    scenario.pass_minutes(2 * DAY)
    assert {r.person_id for r in scenario.requests[told:]}.isdisjoint({"principal", "deputy"})
    assert "director" in scenario.hearers


def test_who_acts_in_a_case_that_concerns_nobody_is_not_looked_up() -> None:
    """What the directory says of a person is kept in the journal: only where a decision needs it."""
    scenario = Scenario()
    scenario.file()
    scenario.staff.others.add("principal")
    scenario.acknowledge("principal")
    asked = {resolution.question for entry in scenario.entries for resolution in entry.resolved}
    assert not [question for question in asked if question.startswith("person:")]
