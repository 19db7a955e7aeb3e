"""Random lives of a petition: whom it concerns, who acts for them, who moves where; facts late, doubled, reordered."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from escalation_policies.schema import Policy
from events import incident as facts
from events import petition as said
from events.base import CaseFact
from events.unreached import Cause, unreached_by
from tests.support.case_truths import cancellations_are_true, clocks_are_watched, history_is_whole, journal_replays
from tests.support.county import POSTS, UNITS, County
from tests.support.exclusion import Excluded
from tests.support.petition_truths import nobody_forgets_the_petitioner, petition_breaches_are_true
from tests.support.policy_variants import library, with_receipt, with_rounds, with_voice
from tests.support.scenario import DAY, START, Scenario, shipped

pytestmark = pytest.mark.timeout(900)
"""Seconds: a life that fails is made as short as it can be before it is shown, which takes minutes."""

CASE = "case-1"
WRITTEN, ON_SITE = (with_voice(with_rounds(shipped().for_kind(kind), 3)) for kind in ("petition", "petition-on-site"))
POLICIES: dict[str, Policy] = {
    "written": WRITTEN,
    "on site": ON_SITE,
    "on site, all": with_receipt(ON_SITE, "government_and_bureau", "all"),
    "at any hour": WRITTEN.model_copy(update={"quiet_hours": None}),
}
WAYS = ("sms", "email", "voice")
LONG_ENOUGH = timedelta(days=250)
"""Everything that the law gives time for fits into it."""

PERSON = st.sampled_from(sorted(POSTS))
CONCERNED = st.one_of(
    st.sampled_from(["principal", "deputy", "teacher", "director"]).map(lambda one: [one]),
    st.lists(st.sampled_from([*POSTS, *UNITS]), max_size=3, unique=True),
)
DAYS = st.sampled_from([0.01, 0.2, 0.5, 1, 2, 4, 7.6, 14, 15.6, 16, 30, 31, 60.6, 91])
AGO = st.sampled_from([0, 0, 0, 0.001, 0.5, 2, 6, 15, 31, 62])
SAYINGS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (facts.IncidentAcknowledged, {}),
    (facts.IncidentDeclined, {}),
    (facts.UpwardReportFiled, {"summary": "thirty parents"}),
    (facts.UpdateFiled, {"summary": "twenty parents"}),
    (facts.FinalReportFiled, {"summary": "they went home"}),
    (facts.NoteAdded, {"text": "so"}),
    (facts.IncidentClosed, {}),
    (facts.IncidentWithdrawn, {}),
    (facts.IncidentReopened, {"reason": "so"}),
    (said.PetitionAccepted, {"notice": "yes"}),
    (said.PetitionAccepted, {}),
    (said.PetitionDeclined, {"reason": "no"}),
    (said.ObjectionRaised, {"reason": "not ours"}),
    (said.ExtensionGranted, {"reason": "an expert"}),
    (said.PetitionResolved, {"answer": "paid back"}),
    (said.PetitionResolved, {"answer": "not paid back"}),
    (said.ReviewAnswered, {"answer": "right"}),
)


class PetitionLife(RuleBasedStateMachine):
    """One petition from its filing on. Facts are said (get their time) and carried (judged) at different moments."""

    def __init__(self) -> None:
        super().__init__()
        self.county = County()
        self.scenario = Scenario(library(WRITTEN))
        self.excluded = Excluded(())
        self.on_the_way: list[CaseFact] = []
        self.seen = self.decided = 0

    @initialize(named=st.sampled_from(sorted(POLICIES)), concerns=CONCERNED, hours=st.sampled_from([0, 0, 12.5, 40]))
    def file(self, named: str, concerns: list[str], hours: float) -> None:
        policy = POLICIES[named]
        self.scenario = Scenario(library(policy))
        self.scenario.directory = self.county
        self.county.posts = {who: replace(post, contacts=WAYS) for who, post in self.county.posts.items()}
        self.scenario.sleep_minutes(hours * 60)
        self.excluded = Excluded(concerns)
        self.scenario.petition(policy.applies_to.kinds[0], concerns=concerns, severity="IV")

    @rule(delegate=PERSON, acts_for=PERSON)
    def somebody_is_appointed(self, delegate: str, acts_for: str) -> None:
        self.county.appoint(delegate, acts_for)

    @precondition(lambda self: bool(self.excluded.concerns & set(POSTS)))
    @rule(delegate=PERSON, data=st.data())
    def somebody_acts_for_the_person_concerned(self, delegate: str, data: st.DataObject) -> None:
        self.county.appoint(delegate, data.draw(st.sampled_from(sorted(self.excluded.concerns & set(POSTS)))))

    @rule(person=PERSON, like=PERSON)
    def somebody_moves(self, person: str, like: str) -> None:
        self.county.move(person, *self.post(like))

    @rule(person=PERSON)
    def somebody_comes_back(self, person: str) -> None:
        self.county.posts[person] = replace(County().posts[person], contacts=WAYS)

    @rule(person=PERSON, unit=st.sampled_from(["school-1", "bureau"]))
    def somebody_keeps_a_duty(self, person: str, unit: str) -> None:
        self.county.duties[unit, "school_leader" if unit == "school-1" else "duty_officer"] = person

    def post(self, person: str) -> tuple[str, ...]:
        unit, roles = POSTS[person]
        return (unit, *roles)

    @rule(days=DAYS)
    def time_passes(self, days: float) -> None:
        self.scenario.pass_days(self.at_most(days))

    @rule(days=DAYS)
    def the_worker_sleeps(self, days: float) -> None:
        self.scenario.sleep_minutes(self.at_most(days) * DAY)

    @rule(
        saying=st.sampled_from(SAYINGS),
        by=PERSON,
        ago=AGO,
        held_back=st.booleans(),
        copies=st.sampled_from([1, 1, 2]),
    )
    def somebody_speaks(
        self, saying: tuple[Any, dict[str, Any]], by: str, ago: float, held_back: bool, copies: int
    ) -> None:
        kind, fields = saying
        self.say(kind(case_id=CASE, received_at=self.ago(ago), by=by, **fields), held_back, copies)

    @rule(by=PERSON, to=PERSON, ago=AGO, held_back=st.booleans())
    def somebody_hands_over(self, by: str, to: str, ago: float, held_back: bool) -> None:
        self.say(facts.IncidentReassigned(case_id=CASE, received_at=self.ago(ago), by=by, to=to), held_back)

    @rule(ago=AGO, held_back=st.booleans())
    def review_is_asked(self, ago: float, held_back: bool) -> None:
        self.say(said.ReviewAsked(case_id=CASE, received_at=self.ago(ago)), held_back)

    @precondition(lambda self: self.seen > 40)
    @rule(ago=AGO, held_back=st.booleans())
    def it_is_taken_back(self, ago: float, held_back: bool) -> None:
        self.say(said.PetitionWithdrawn(case_id=CASE, received_at=self.ago(ago)), held_back)

    @precondition(lambda self: bool(self.scenario.requests))
    @rule(
        place=st.integers(0, 11),
        cause=st.sampled_from(["late", "failed", "undelivered", "dead-contact"]),
        held_back=st.booleans(),
        copies=st.sampled_from([1, 1, 2]),
    )
    def a_message_does_not_arrive(self, place: int, cause: Cause, held_back: bool, copies: int) -> None:
        latest = self.scenario.requests[-12:]
        request = latest[place % len(latest)]
        self.say(unreached_by(request, cause, "the provider refused", self.scenario.now), held_back, copies)

    @precondition(lambda self: bool(self.scenario.requests))
    @rule(place=st.integers(0, 5))
    def nothing_reaches_somebody(self, place: int) -> None:
        """Every way to somebody who was told of late fails: who takes their place must not be concerned either."""
        person = self.scenario.requests[-6:][place % len(self.scenario.requests[-6:])].person_id
        sent = {(one.contact_id, one.level): one for one in self.scenario.requests if one.person_id == person}
        for request in sent.values():
            self.say(unreached_by(request, "failed", "the number is dead", self.scenario.now), held_back=False)

    @precondition(lambda self: bool(self.scenario.requests) and bool(self.excluded.concerns & set(POSTS)))
    @rule(place=st.integers(0, 11), data=st.data())
    def whoever_was_told_comes_to_act_for_the_person_concerned(self, place: int, data: st.DataObject) -> None:
        """And then what they were sent does not arrive: it must not be tried another way."""
        request = self.scenario.requests[-12:][place % len(self.scenario.requests[-12:])]
        self.county.appoint(request.person_id, data.draw(st.sampled_from(sorted(self.excluded.concerns & set(POSTS)))))
        self.say(unreached_by(request, "failed", "the provider refused", self.scenario.now), held_back=False)

    @precondition(lambda self: bool(self.on_the_way))
    @rule(data=st.data())
    def a_fact_is_carried(self, data: st.DataObject) -> None:
        self.scenario.judge(self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1))))

    def at_most(self, days: float) -> float:
        """Return ``days``, or an hour once the life is long: a petition on site is chased each day, for ever."""
        return days if self.scenario.now - START < LONG_ENOUGH else 1 / 24

    def ago(self, days: float) -> datetime:
        return max(START, self.scenario.now - timedelta(days=days))

    def say(self, fact: CaseFact, held_back: bool, copies: int = 1) -> None:
        self.on_the_way += [fact] * (copies if held_back else copies - 1)
        if not held_back:
            self.scenario.judge(fact)

    @invariant()
    def holds_at_every_moment(self) -> None:
        if self.scenario.case is None:
            return
        clocks_are_watched(self.scenario.case)
        history_is_whole(self.scenario.case, self.scenario.entries, self.scenario.requests)
        nobody_forgets_the_petitioner(self.scenario.case)
        self.nobody_complained_of_hears()

    def nobody_complained_of_hears(self) -> None:
        """Hold each message of the last step against the county as it was in it: nothing changes within a step."""
        if len(self.scenario.decisions) > self.decided:  # who came and went between two decisions, none of them saw
            self.excluded.look(self.county, self.scenario.opened.policy.conflict.heads)
        self.decided = len(self.scenario.decisions)
        requests = self.scenario.requests
        for request in requests[self.seen :]:
            assert not self.excluded.ties(self.county, request.person_id), request
        self.seen = len(requests)

    def teardown(self) -> None:
        if self.scenario.case is None:
            return
        for fact in self.on_the_way:
            self.scenario.judge(fact)
        self.scenario.pass_minutes(0)
        self.holds_at_every_moment()
        petition_breaches_are_true(self.scenario.opened, self.scenario.entries, self.scenario.now)
        cancellations_are_true(self.scenario.decisions)
        journal_replays(self.scenario.decisions, self.scenario.entries)


TestPetitionLife = PetitionLife.TestCase
TestPetitionLife.settings = settings()
