"""Random lives of a case: people come and go, facts are late, doubled and out of order, the worker sleeps."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalation_policies.schema import Policy
from escalation_policies.selector import Selector
from events import incident as facts
from events.base import CaseFact
from events.escalation import Contact, Recipient
from events.unreached import Cause, unreached_by
from tests.support.case_truths import (
    breaches_are_true,
    clocks_are_watched,
    folded_breaches_are_true,
    history_is_whole,
    journal_replays,
    nobody_is_forgotten,
    nobody_waits_for_what_cannot_come,
)
from tests.support.policy_variants import (
    county,
    library,
    with_both_in_the_district,
    with_receipt,
    with_rounds,
    with_voice,
)
from tests.support.scenario import DAY, SCHOOL, STAFF, START, Scenario, Staff, found, shipped

pytestmark = pytest.mark.timeout(900)
"""Seconds: a life that fails is made as short as it can be before it is shown, which takes minutes."""

CASE = "case-1"
LONG_ENOUGH = timedelta(days=12)
"""Enough rounds of every clock to be folded, several times."""

COUNTY = with_voice(with_rounds(county(), 3))
POLICIES: dict[str, Policy] = {
    "county": COUNTY,
    "any of government and bureau": with_receipt(COUNTY, "government_and_bureau", "any"),
    "all in the district": with_both_in_the_district(COUNTY, "all"),
    "any in the district": with_both_in_the_district(COUNTY, "any"),
    **{
        kind: with_voice(with_rounds(shipped().for_kind(kind), 3))
        for kind in ("food-poisoning", "exam-safety", "weather-closure", "hazard", "suspected-abuse")
    },
}
PEOPLE = sorted({person for people in STAFF.values() for person in people})
SEVERITIES = st.sampled_from(facts.SEVERITIES)
PERSON = st.sampled_from(PEOPLE)
ANSWERS = facts.ReviewAnswers(cause="a wire", accountability="warned", measures="rewired", education="a lesson")
MINUTES = st.one_of(
    st.integers(1, 9),
    st.integers(0, 40),
    st.sampled_from([0.5, 4.999, 5, 5.001, 10, 14.999, 15, 15.5, 16, 20, 34, 35, 36, 120, 24 * 60]),
)
VACANT = st.sets(st.sampled_from(sorted(STAFF)), max_size=len(STAFF))


class Known(Staff):
    """Everybody has a telephone, too, and whoever is in a post is found by name: messages may not arrive."""

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        return tuple(map(with_a_telephone, super().resolve(selector, school_id, at)))

    def recipient(self, person_id: str) -> Recipient | None:
        posts = (question for question, people in self.answers.items() if person_id in people)
        person = next((found(person_id, question) for question in posts), super().recipient(person_id))
        return None if person is None else with_a_telephone(person)


def with_a_telephone(person: Recipient) -> Recipient:
    call = Contact(contact_id=f"{person.person_id}:voice", channel="voice")
    return person.model_copy(update={"contacts": (*person.contacts, call)})


class CaseLife(RuleBasedStateMachine):
    """One case from its report on. Facts are said (get their time) and are carried (judged) at different moments."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = Scenario(library(COUNTY))
        self.on_the_way: list[CaseFact] = []
        self.said: list[CaseFact] = []
        self.joined: list[facts.IncidentFiled] = []

    @initialize(
        named=st.sampled_from(sorted(POLICIES)),
        severity=st.none() | SEVERITIES,
        exercise=st.booleans(),
        late=st.sampled_from([0, 0.5, 3, 40]),
        vacant=VACANT | st.just(set()),
    )
    def file(self, named: str, severity: str | None, exercise: bool, late: float, vacant: set[str]) -> None:
        policy = POLICIES[named]
        self.scenario = Scenario(library(policy), Known())
        self.vacate(vacant)
        kind = policy.applies_to.kinds[0]
        self.scenario.file(kind=kind, severity=severity, exercise=exercise, late_minutes=late)

    def vacate(self, vacant: set[str]) -> None:
        self.scenario.staff.answers = {q: () if q in vacant else people for q, people in STAFF.items()}

    @rule(vacant=VACANT)
    def people_come_and_go(self, vacant: set[str]) -> None:
        self.vacate(vacant)

    @rule(minutes=MINUTES)
    def time_passes(self, minutes: float) -> None:
        self.scenario.pass_minutes(minutes)

    @rule(minutes=MINUTES)
    def the_worker_sleeps(self, minutes: float) -> None:
        self.scenario.sleep_minutes(minutes)

    @rule(
        kind=st.sampled_from(
            [
                facts.IncidentAcknowledged,
                facts.IncidentAcknowledged,
                facts.IncidentAcknowledged,
                facts.IncidentDeclined,
                facts.UpwardReportFiled,
                facts.UpwardReportFiled,
                facts.UpdateFiled,
                facts.NoteAdded,
                facts.IncidentWithdrawn,
                facts.IncidentReopened,
            ]
        ),
        by=PERSON,
        ago=st.sampled_from([0, 0, 0, 0.01, 1, 2, 5, 12, 30, 90, 700, 2000]),
        held_back=st.booleans(),
        copies=st.sampled_from([1, 1, 1, 2]),
    )
    def somebody_speaks(self, kind: Any, by: str, ago: float, held_back: bool, copies: int) -> None:
        fields = {"text": "so"} if kind is facts.NoteAdded else {}
        if kind in {facts.UpwardReportFiled, facts.UpdateFiled}:
            fields = {"summary": "all out"}
        if kind is facts.IncidentReopened:
            fields = {"reason": "it burns again"}
        self.say(kind(case_id=CASE, received_at=self.ago(ago), by=by, **fields), held_back=held_back, copies=copies)

    @precondition(lambda self: self.scenario.now - START < LONG_ENOUGH)
    @rule(days=st.sampled_from([1, 3]), share=st.sampled_from([0.1, 0.5, 0.8]), held_back=st.booleans())
    def an_update_comes_out_of_a_long_silence(self, days: float, share: float, held_back: bool) -> None:
        self.scenario.pass_days(days)
        at = self.ago(days * DAY * share)
        fact = facts.UpdateFiled(case_id=CASE, received_at=at, by="principal", summary="all out")
        self.say(fact, held_back=held_back)

    @rule(severity=SEVERITIES, ago=st.sampled_from([0, 0, 2, 6]), held_back=st.booleans())
    def the_case_is_graded(self, severity: facts.Severity, ago: float, held_back: bool) -> None:
        fact = facts.SeverityChanged(case_id=CASE, received_at=self.ago(ago), by="principal", severity=severity)
        self.say(fact, held_back=held_back)

    @precondition(lambda self: len(self.said) > 4)
    @rule(ago=st.sampled_from([0, 3]), closes=st.booleans(), by=PERSON, copies=st.sampled_from([1, 1, 2]))
    def the_end_is_reported(self, ago: float, closes: bool, by: str, copies: int) -> None:
        self.say(
            facts.FinalReportFiled(
                case_id=CASE, received_at=self.ago(ago), by=by, summary="over", cause="a wire", aftermath="all are well"
            ),
            copies=copies,
        )
        if closes:
            end = facts.IncidentClosed(
                case_id=CASE, received_at=self.ago(0), by=by, evidence="photograph 12", review=ANSWERS
            )
            self.say(end, copies=copies)

    @rule(
        by=PERSON, to=st.sampled_from([*PEOPLE, "colleague"]), ago=st.sampled_from([0, 0, 5]), held_back=st.booleans()
    )
    def somebody_hands_over(self, by: str, to: str, ago: float, held_back: bool) -> None:
        fact = facts.IncidentReassigned(case_id=CASE, received_at=self.ago(ago), by=by, to=to)
        self.say(fact, held_back=held_back)

    @rule(severity=st.none() | SEVERITIES, held_back=st.booleans(), copies=st.sampled_from([1, 1, 2]))
    def somebody_else_reports(self, severity: facts.Severity | None, held_back: bool, copies: int) -> None:
        number, now = len(self.joined) + 2, self.scenario.now
        report = facts.IncidentFiled(
            case_id=f"case-{number}", received_at=now, report_id=f"r-{number}", school_id=SCHOOL, kind="fire",
            severity=severity, exercise=self.scenario.opened.exercise,
        )  # fmt: skip
        self.joined.append(report)
        fact = facts.ReportJoined(case_id=CASE, received_at=now, report=report)
        self.say(fact, held_back=held_back, copies=copies)

    @precondition(lambda self: bool(self.joined))
    @rule(data=st.data(), held_back=st.booleans(), copies=st.sampled_from([1, 1, 2]))
    def a_report_is_parted(self, data: st.DataObject, held_back: bool, copies: int) -> None:
        report = data.draw(st.sampled_from(self.joined))
        fact = facts.ReportSeparated(case_id=CASE, received_at=self.scenario.now, by="director", report=report)
        self.say(fact, held_back=held_back, copies=copies)

    @precondition(lambda self: bool(self.scenario.requests))
    @rule(
        place=st.integers(0, 11),
        cause=st.sampled_from(["late", "failed", "undelivered", "dead-contact"]),
        held_back=st.booleans(),
        copies=st.sampled_from([1, 1, 2]),
    )
    def a_message_does_not_arrive(self, place: int, cause: Cause, held_back: bool, copies: int) -> None:
        latest = self.scenario.requests[-12:]
        fact = unreached_by(latest[place % len(latest)], cause, "the provider refused", self.scenario.now)
        self.say(fact, held_back=held_back, copies=copies)

    @precondition(lambda self: self.scenario.case is not None)
    @rule(below=st.integers(0, 2), who=st.integers(0, 3), all_of_them=st.booleans())
    def nothing_reaches_somebody(self, below: int, who: int, all_of_them: bool) -> None:
        """Every way to one or all of those told at the highest level, or at one below it, fails."""
        levels = [state for state in self.scenario.opened.levels if state.seats]
        seats = levels[max(0, len(levels) - 1 - below)].seats if levels else ()
        people = (
            {seat.person_id for seat in seats} if all_of_them else {seats[who % len(seats)].person_id} if seats else ()
        )
        for person in sorted(people):
            sent = {(one.contact_id, one.level): one for one in self.scenario.requests if one.person_id == person}
            for request in sent.values():
                self.say(unreached_by(request, "failed", "the number is dead", self.scenario.now))

    @precondition(lambda self: bool(self.on_the_way))
    @rule(data=st.data())
    def a_fact_is_carried(self, data: st.DataObject) -> None:
        self.scenario.judge(self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1))))

    @rule(ahead=st.sampled_from([0.5, 4]))
    def a_clock_runs_ahead(self, ahead: float) -> None:
        received = self.scenario.now + timedelta(minutes=ahead)
        self.scenario.judge(facts.NoteAdded(case_id=CASE, received_at=received, by="principal", text="early"))
        assert self.scenario.entries[-1].received_at <= self.scenario.now

    @rule()
    def the_report_comes_again(self) -> None:
        again = facts.IncidentFiled(
            case_id=CASE, received_at=self.scenario.now, report_id="r-1", school_id=SCHOOL, kind="fire"
        )
        self.scenario.judge(again)

    def ago(self, minutes: float) -> datetime:
        return max(START, self.scenario.now - timedelta(minutes=minutes))

    def say(self, fact: CaseFact, *, held_back: bool = False, copies: int = 1) -> None:
        self.said.append(fact)
        self.on_the_way += [fact] * (copies if held_back else copies - 1)
        if not held_back:
            self.scenario.judge(fact)

    @invariant()
    def holds_at_every_moment(self) -> None:
        if self.scenario.case is None:
            return
        clocks_are_watched(self.scenario.case)
        history_is_whole(self.scenario.case, self.scenario.entries, self.scenario.requests)
        nobody_is_forgotten(self.scenario.case)
        nobody_waits_for_what_cannot_come(self.scenario.case)

    def teardown(self) -> None:
        if self.scenario.case is None:
            return
        for fact in self.on_the_way:
            self.scenario.judge(fact)
        self.scenario.pass_minutes(0)
        self.holds_at_every_moment()
        breaches_are_true(self.scenario.opened, self.scenario.entries, self.scenario.now)
        self.the_first_level_is_judged_by_the_facts()
        self.the_follow_up_is_judged_by_the_facts()
        updates = {fact.received_at for fact in self.said if isinstance(fact, facts.UpdateFiled)}
        folded_breaches_are_true(self.scenario.opened, self.scenario.decisions, self.scenario.entries, updates)
        journal_replays(self.scenario.decisions, self.scenario.entries)
        assert self.scenario.opened.joined >= 0

    def the_first_level_is_judged_by_the_facts(self) -> None:
        case = self.scenario.opened
        (clock,) = case.rounds("report_to_principal")
        heard = {(e.by, e.received_at) for e in self.scenario.entries if e.kind in {"acknowledged", "reported-upward"}}
        answers = (facts.IncidentAcknowledged, facts.UpwardReportFiled)
        state = case.level(case.policy.chain[0].level)
        assert state is not None
        seated = {seat.person_id for seat in state.seats}
        times = [f.received_at for f in self.said if isinstance(f, answers) and (f.by, f.received_at) in heard
                 and f.by in seated]  # fmt: skip
        if clock.status != "cancelled":
            assert (clock.status == "satisfied") == any(at <= clock.deadline for at in times)

    def the_follow_up_is_judged_by_the_facts(self) -> None:
        case = self.scenario.opened
        final = case.final_reported_at
        updates = [fact.received_at for fact in self.said if isinstance(fact, facts.UpdateFiled)]
        for clock in case.rounds("follow_up"):
            if clock.status == "breached":
                assert not any(clock.started_at < at <= clock.deadline for at in updates)
                assert final is None or final > clock.deadline
            assert clock.status != "running" or final is None


TestCaseLife = CaseLife.TestCase
TestCaseLife.settings = settings()
