"""To the very deadline: what a late fact takes back of the rounds that were folded, what it says, what it leaves."""

from datetime import datetime, timedelta

import pytest

from escalation_policies.folded import Folded, Silence
from escalation_policies.folding import cut
from events import incident as facts
from events.petition import PetitionAccepted, PetitionDeclined, PetitionWithdrawn, ReviewAsked
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import DAY, STAFF, START, Scenario, shipped
from tests.unit.test_machine_folding import silence, silent

_TICK = timedelta(microseconds=1)
_SILENCE = Silence(began=START, since=START + timedelta(days=1), until=START + timedelta(days=9))
_FOLDED = Folded(name="follow_up", level="principal", last=9, silence=_SILENCE)


def test_fact_of_the_first_missed_deadline_leaves_no_breach_of_the_silence() -> None:
    """At the very deadline is in time, so every round of it was answered."""
    assert cut(_FOLDED, _SILENCE, _SILENCE.since).silence is None
    rest = cut(_FOLDED, _SILENCE, _SILENCE.since + _TICK).silence
    assert rest == _SILENCE.model_copy(update={"until": _SILENCE.since})


def say_at(scenario: Scenario, at: datetime, fact: type, **fields: object) -> None:
    """State a fact of a moment that is long over."""
    scenario.happen(fact, carried_late_minutes=(scenario.now - at) / timedelta(minutes=1), **fields)


def test_update_of_the_last_folded_deadline_is_in_time() -> None:
    """The round whose deadline it is, and all that came of it, are none; a moment later it is another round's."""
    scenario = silent("fire", 60)
    last = silence(scenario, "follow_up", "principal").until
    say_at(scenario, last, facts.UpdateFiled, by="principal", summary="all out")
    (withdrawn,) = (entry for entry in scenario.entries if entry.kind == "breach-withdrawn")
    assert withdrawn.deadline == last
    assert silence(scenario, "follow_up", "principal").until == last - _TICK


def test_answer_to_the_first_round_says_which_folded_rounds_it_calls_off() -> None:
    """The entry names the latest of them, its level and its deadline."""
    scenario = silent("hazard", 200)
    scenario.acknowledge("principal")
    fold = scenario.opened.fold("rectification", "principal")
    until = silence(scenario, "rectification", "principal").until
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12", carried_late_minutes=191 * DAY)
    called_off = [entry for entry in scenario.entries if "so are the earlier rounds of this silence" in entry.reason]
    assert fold is not None
    assert (fold.key, "principal", until) in [(entry.clock, entry.level, entry.deadline) for entry in called_off]


def test_petition_taken_back_says_so_of_the_folded_rounds() -> None:
    """One entry for all of a clock, in the words of the withdrawal, in the order of their names."""
    scenario = silent("petition", 200)
    keys = sorted(fold.key for fold in scenario.opened.folded)
    scenario.happen(PetitionWithdrawn, carried_late_minutes=170 * DAY)
    said = "the petition was taken back before: so is every earlier round whose deadline was not over then"
    assert [entry.clock for entry in scenario.entries if entry.reason == said] == keys


def test_petition_taken_back_before_the_first_chase_leaves_no_chase_standing() -> None:
    """The first breach is the office's, on day 15; the chases after it were for nobody, and count as no answer."""
    scenario = silent("petition", 200)
    first = silence(scenario, "acceptance", "school").since
    say_at(scenario, first - timedelta(hours=1), PetitionWithdrawn)
    fold = scenario.opened.fold("acceptance", "school")
    assert fold is not None
    assert (fold.silence, fold.stands, fold.is_standing) == (None, False, False)


def test_receipt_of_a_folded_round_leaves_what_came_of_the_rounds_before_it() -> None:
    """The director acknowledged on day 100: the bureau was asked before because they had not, and that stays."""
    scenario = silent("hazard", 300)
    began = silence(scenario, "upward_receipt", "bureau")
    scenario.acknowledge("director", carried_late_minutes=200 * DAY)
    assert scenario.opened.asked("bureau")
    assert silence(scenario, "upward_receipt", "bureau").since == began.since


def told_by_a_later_chase(days: float = 120) -> Scenario:
    """Return a petition whose district nobody could tell until day 40; so many days of silence later."""
    scenario = Scenario()
    scenario.staff.answers = {question: () if "@parent" in question else who for question, who in STAFF.items()}
    scenario.petition(severity="IV")
    scenario.acknowledge("principal")
    scenario.pass_days(40)
    scenario.staff.answers = dict(STAFF)
    scenario.pass_days(days)
    return scenario


@pytest.mark.parametrize(("after", "status"), [(timedelta(), "cancelled"), (_TICK, "breached")])
def test_breach_that_came_of_a_round_stays_unless_the_fact_was_in_time_for_that(after: timedelta, status: str) -> None:
    """Nobody held the posts of the district until day 40: a later chase told it. Accepted at its deadline, or after."""
    scenario = told_by_a_later_chase()
    asked, fold = scenario.opened.clock("upward_receipt@district"), scenario.opened.fold("acceptance", "school")
    assert asked is not None
    assert fold is not None
    assert asked.because == fold.key, "a folded round told them"
    assert asked.because_at is not None
    say_at(scenario, asked.because_at + after, PetitionAccepted, by="principal")
    assert scenario.status("upward_receipt@district") == status


@pytest.mark.parametrize(("after", "stands"), [(timedelta(), False), (_TICK, True)])
def test_silence_that_came_of_rounds_stays_unless_the_fact_was_in_time_for_the_first(
    after: timedelta, stands: bool
) -> None:
    """The district's receipts are folded as well: accepted at the deadline of the chase they begin with, or after."""
    scenario = told_by_a_later_chase()
    before = silence(scenario, "upward_receipt", "district")
    say_at(scenario, before.began + after, PetitionAccepted, by="principal")
    fold = scenario.opened.fold("upward_receipt", "district")
    assert fold is not None
    assert fold.silence == (before if stands else None)


def test_receipts_that_are_folded_in_the_moment_of_their_answer_leave_the_breaches_before_them() -> None:
    """Answered while the last round runs, by a fact that is in time for all that are kept: the oldest makes room."""
    scenario = silent("hazard", 190.5)
    assert any(c.status == "running" for c in scenario.opened.rounds("upward_receipt", "district"))
    before = silence(scenario, "upward_receipt", "district")
    say_at(scenario, before.until + timedelta(hours=1), facts.IncidentAcknowledged, by="director")
    fold = scenario.opened.fold("upward_receipt", "district")
    assert fold is not None
    assert (fold.stands, fold.silence) == (True, before)


def test_receipt_that_was_given_keeps_the_deadline_that_it_was_asked_for_by() -> None:
    """The director answered on day 44, and is told of every chase since: a late fact is held against the first."""
    scenario = told_by_a_later_chase(days=4.5)
    asked = scenario.opened.clock("upward_receipt@district")
    assert asked is not None
    chase = scenario.opened.clock(asked.because or "")
    assert chase is not None
    scenario.acknowledge("director")
    scenario.pass_days(115)
    given, fold = scenario.opened.clock(asked.key), scenario.opened.fold("acceptance", "school")
    assert given is not None
    assert fold is not None
    assert (given.status, given.because, given.because_at) == ("satisfied", fold.key, chase.deadline)
    scenario.say(PetitionDeclined, "principal", reason="not ours")
    scenario.happen(ReviewAsked)
    given = scenario.opened.clock(asked.key)
    assert given is not None
    assert (given.because, given.because_at) == (None, None), "told for another reason now, which stays"


def test_receipt_with_two_reasons_is_tied_to_the_folded_silence_that_both_come_from() -> None:
    """The office was told when the district was silent to a chase, now folded, and of one that nobody else can get."""
    scenario = Scenario(library(with_rounds(shipped().for_kind("petition"), 1)))
    vacant = {question: () if "@parent" in question else who for question, who in STAFF.items()}
    scenario.staff.answers = vacant
    scenario.petition(severity="IV")
    scenario.acknowledge("principal")
    scenario.pass_days(40)
    scenario.staff.answers = dict(STAFF)
    scenario.pass_days(5.5)
    for by in ("petition-officer", "director"):
        scenario.acknowledge(by)
    (given,) = (c for c in scenario.opened.rounds("upward_receipt", "petition_office") if c.status == "satisfied")
    assert given.because == "upward_receipt@district"
    scenario.pass_days(100)
    scenario.staff.answers = vacant
    before = silence(scenario, "acceptance", "school")
    chased = len(scenario.told(template="petition_overdue"))
    while len(scenario.told(template="petition_overdue")) == chased:
        scenario.pass_days(1)
    found, fold = scenario.opened.clock(given.key), scenario.opened.fold("acceptance", "school")
    assert found is not None
    assert fold is not None
    assert (found.because, found.because_at) == (fold.key, before.until)


def test_receipt_that_was_asked_for_by_a_reopening_stays_missed_when_the_chases_after_it_are_called_off() -> None:
    """Asked again on day 3, the bureau was silent: that the hazard was gone on day 4 of 15 is no answer of theirs."""
    scenario = Scenario()
    scenario.file(kind="hazard")
    scenario.pass_days(2.2)
    scenario.say(facts.IncidentClosed, "principal", evidence="photograph 12")
    scenario.say(facts.IncidentReopened, "principal", reason="it is there again")
    scenario.pass_days(160)
    before = silence(scenario, "upward_receipt", "bureau")
    assert before.since < START + timedelta(days=4)
    say_at(scenario, START + timedelta(days=4), facts.IncidentClosed, by="principal", evidence="photograph 13")
    assert scenario.opened.status == "closed"
    assert silence(scenario, "upward_receipt", "bureau") == before
    district = scenario.opened.fold("upward_receipt", "district")
    assert district is not None
    assert district.silence is None, "it was asked because of the chases alone"


def test_final_report_answers_follow_ups_and_no_receipt() -> None:
    """Filed while the top was told again and again: that nobody there answered stays a breach."""
    scenario = Scenario(library(with_rounds(county(), 16)))
    scenario.file()
    scenario.pass_days(20)
    before = silence(scenario, "upward_receipt", "government_and_bureau")
    hour = START + timedelta(hours=1)
    assert before.since < hour < before.until
    say_at(scenario, hour, facts.FinalReportFiled, by="principal", summary="a wire")
    assert silence(scenario, "upward_receipt", "government_and_bureau") == before


def test_final_report_from_before_a_reopening_answers_no_silence_of_after_it() -> None:
    """Opened again, the case needs another: 30 days without a word stay breaches."""
    scenario = Scenario(library(with_rounds(county(), 1)))
    scenario.file()
    scenario.report_upward("principal")
    scenario.report_upward("director")
    for by in ("bureau", "township"):
        scenario.acknowledge(by)
    scenario.say(facts.FinalReportFiled, "principal", summary="a wire")
    scenario.say(facts.IncidentClosed, "principal")
    scenario.pass_days(1)
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_days(30)
    before = silence(scenario, "follow_up", "principal")
    assert before.began == scenario.opened.reopened_at
    say_at(scenario, START + timedelta(hours=12), facts.FinalReportFiled, by="principal", summary="it was out")
    assert silence(scenario, "follow_up", "principal") == before
    assert scenario.reasons("breach-withdrawn") == []


def test_silence_before_a_reopening_stays_a_breach_when_the_one_after_it_is_folded_as_well() -> None:
    """Ten days without a word, closed, opened again, thirty more: the first ten are final, the others may still end."""
    fire = with_rounds(county(), 1)
    scenario = Scenario(library(fire.model_copy(update={"closing": fire.closing.model_copy(update=_NO_FINAL)})))
    scenario.file()
    scenario.pass_days(10.5)
    scenario.say(facts.IncidentClosed, "principal")
    scenario.say(facts.IncidentReopened, "director", reason="it burns again")
    scenario.pass_days(30)
    assert silence(scenario, "follow_up", "principal").began == scenario.opened.reopened_at
    fold = scenario.opened.fold("follow_up", "principal")
    assert fold is not None
    assert fold.stands is True


_NO_FINAL = {"final_report": False}
