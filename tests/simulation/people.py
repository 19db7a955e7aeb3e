"""The people of a run: they report, and whoever is told answers, declines, reports, closes, or says nothing.

At random, late, doubled and out of order; through the intake, or by another client straight onto the bus.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from events import incident, petition
from events.base import CaseFact
from events.ids import case_id_of_report, derived
from services.notifier.channels.base import Message
from tests.simulation.county import SCHOOLS, County, libraries
from tests.simulation.door import accept, topic_of
from tests.simulation.other_client import OtherClient, Where
from tests.simulation.pressing import Pressing
from tests.simulation.schools import Schools
from tests.simulation.texting import Texting
from tests.simulation.under_way import UnderWay
from tests.simulation.workers import Surroundings, Worker

ACTS_A_CASE = 14
"""Most acts on one case: a run is about faults, not about talk."""
LONGEST_SECONDS = 30.0
"""Whoever would answer later than this does not: every process would idle until then."""
DUTY_PHONE = "https://duty-phone.example"
_TEXT = {"summary": "all are out", "measures": "doors closed", "cause": "a kettle", "aftermath": "none"}
_ACTS: Mapping[str, int] = {
    "IncidentAcknowledged": 40, "IncidentDeclined": 8, "UpwardReportFiled": 16, "UpdateFiled": 10, "NoteAdded": 3,
    "FinalReportFiled": 6, "IncidentClosed": 6, "SeverityChanged": 5, "IncidentAmended": 3, "IncidentReassigned": 4,
    "IncidentReopened": 2, "IncidentWithdrawn": 1, "ReportJoined": 1,
}  # fmt: skip
_PETITION_ACTS: Mapping[str, int] = {
    "PetitionAccepted": 20, "PetitionDeclined": 4, "ObjectionRaised": 5, "ExtensionGranted": 5, "PetitionResolved": 12,
    "ReviewAsked": 6, "ReviewAnswered": 6, "PetitionWithdrawn": 2,
}  # fmt: skip


@dataclass
class Told:
    """What people did: every fact that was accepted with a 202, by event id."""

    accepted: dict[str, CaseFact] = field(default_factory=dict)
    phoned: dict[str, Where] = field(default_factory=dict)
    """Where each fact is that another client wrote to the bus, by inbox key."""
    cases: dict[str, bool] = field(default_factory=dict)
    """Each case that was filed, and whether it is a petition."""


class People:
    """Everybody who files and answers. They stop when ``over`` is set."""

    def __init__(
        self,
        around: Surroundings,
        county: County,
        intakes: Sequence[Worker],
        phones: float,
        replies: float,
        later: Random,
        mail: Random,
    ) -> None:
        self._around = around
        self._rng = Random(around.rng.random())
        self._county = county
        self._intakes = intakes
        self._phones = phones
        self._replies = replies
        self._talks = UnderWay()
        self.texting = Texting(Random(around.rng.random()), around.diary, intakes)
        self.pressing = Pressing(mail, around, intakes)
        self.schools = Schools(around, county, intakes, later, self._talks.begin, lambda: self.over)
        self._acts: dict[str, int] = {}
        self._said = 0
        self._client = OtherClient(around, DUTY_PHONE)
        self.told = Told(phoned=self._client.wrote)
        self.over = False
        self.eagerness = self._rng.uniform(0.1, 0.9)

    async def finish(self) -> None:
        """Wait until everybody who began to speak was heard."""
        self.over = True
        await self._talks.ended()

    def report(self, number: int) -> None:
        """Let somebody file a report; sometimes an answer is on its way before it."""
        rng = self._rng
        kind = rng.choice(list(libraries()[0].kinds)) if rng.random() < 0.6 else "fire"
        family = libraries()[0].for_kind(kind).applies_to.family
        report_id = f"report-{number}"
        fields: dict[str, Any] = {
            "case_id": case_id_of_report(report_id), "received_at": self._around.machine.clock.now(),
            "report_id": report_id, "school_id": rng.choice(SCHOOLS), "kind": kind, "exercise": rng.random() < 0.1,
            "severity": rng.choice([None, *incident.SEVERITIES]), "concerns": tuple(self._concerned()),
        }  # fmt: skip
        fact: CaseFact
        if family == "petition":
            fact = petition.PetitionFiled(**fields)
        else:
            fact = incident.IncidentFiled(**fields, urgent=rng.random() < 0.3, summary="smoke in the kitchen")
        if rng.random() < 0.1:
            self._talks.begin(self._act(fact.case_id, petition_case=family == "petition", after=0.0, by=None))
        self._talks.begin(self._say(fact, derived("filed", report_id), petition_case=family == "petition", after=0.1))

    def _concerned(self) -> Sequence[str]:
        if self._rng.random() < 0.8:
            return ()
        return self._rng.sample(sorted(self._county.people), 2)

    def hear(self, message: Message) -> None:
        """A message reached somebody: they may answer, in their own time."""
        if self.over:
            return
        self.pressing.arrived(message)
        if self.pressing.will_answer(message):
            self._talks.begin(self.pressing.answer(message))
            return
        if self._rng.random() > self.eagerness:
            return
        minutes = self._rng.choice([0.1, 1, 4, 5, 9, 10, 14, 15, 20, 30, 120])
        after = (
            timedelta(minutes=minutes * self._rng.uniform(0.8, 1.1)).total_seconds() / self._around.machine.clock.speed
        )
        if message.template.startswith("roll_call"):
            self._hear_of_a_roll_call(message, after)
            return
        is_petition = self.told.cases.get(message.case_id, False)
        by = self._county.who_has(message.address)
        if by is not None and after <= LONGEST_SECONDS and self._rng.random() < self._replies:
            self._talks.begin(self._text_back(message, by, after))
        else:
            self._talks.begin(self._act(message.case_id, petition_case=is_petition, after=after, by=by))

    def _hear_of_a_roll_call(self, message: Message, after: float) -> None:
        by = self._county.who_has(message.address)
        if by is not None and after <= LONGEST_SECONDS and self._rng.random() < self._replies:
            self._talks.begin(self._text_back(message, by, after))
        else:
            self.schools.hear(message, by)

    async def _text_back(self, message: Message, by: str, after: float) -> None:
        await asyncio.sleep(after)
        await self.texting.answer(message, by, self._around.machine.clock.now())

    async def _act(self, case_id: str, *, petition_case: bool, after: float, by: str | None) -> None:
        if self._acts.get(case_id, 0) >= ACTS_A_CASE or after > LONGEST_SECONDS:
            return
        self._acts[case_id] = self._acts.get(case_id, 0) + 1
        somebody = by or self._rng.choice(sorted(self._county.people))
        weights = {**_ACTS, **_PETITION_ACTS} if petition_case else _ACTS
        name = self._rng.choices(list(weights), list(weights.values()))[0]
        fact = self._fact(name, case_id, somebody)
        self._said += 1
        event_id = derived("said", str(self._said))
        if self._rng.random() < self._phones:
            await asyncio.sleep(after)
            self._phone(fact, event_id, petition_case=petition_case)
            return
        await self._say(fact, event_id, petition_case=petition_case, after=after)
        draw = self._rng.random()
        if draw > 0.92:
            await self._say(fact, event_id, petition_case=petition_case, after=self._rng.uniform(0, 3))
        elif draw > 0.84:
            await self._say(fact, derived(event_id, "again"), petition_case=petition_case, after=0.0)

    def _fact(self, name: str, case_id: str, by: str) -> CaseFact:
        model: Any = getattr(incident, name, None) or getattr(petition, name)
        rng = self._rng
        values: dict[str, Callable[[], Any]] = {
            "by": lambda: by, "summary": lambda: _TEXT["summary"], "measures": lambda: _TEXT["measures"],
            "cause": lambda: _TEXT["cause"], "aftermath": lambda: _TEXT["aftermath"], "reason": lambda: "for a reason",
            "text": lambda: "a note", "answer": lambda: "an answer", "evidence": lambda: "a picture",
            "severity": lambda: rng.choice(incident.SEVERITIES), "to": lambda: rng.choice(sorted(self._county.people)),
            "place": lambda: "the gate",
            "review": lambda: incident.ReviewAnswers(cause="a", accountability="b", measures="c", education="d"),
            "report": lambda: self._joined(case_id),
        }  # fmt: skip
        told = {key: values[key]() for key in model.model_fields if key in values}
        fact: CaseFact = model(case_id=case_id, received_at=self._around.machine.clock.now(), **told)
        return fact

    def _joined(self, case_id: str) -> incident.IncidentFiled:
        report_id = f"joined-{self._said}-{case_id}"
        return incident.IncidentFiled(
            case_id=case_id_of_report(report_id), received_at=self._around.machine.clock.now(), report_id=report_id,
            school_id=self._rng.choice(SCHOOLS), kind="fire",
        )  # fmt: skip

    async def _say(self, fact: CaseFact, event_id: str, *, petition_case: bool, after: float) -> None:
        """Say a fact to an intake until it is accepted."""
        await asyncio.sleep(after)
        topic = topic_of(fact, petition=petition_case)
        while True:
            accepted = await accept(self._rng.choice(self._intakes), topic, event_id, fact)
            if accepted is not None:
                break
            await asyncio.sleep(self._rng.uniform(0.2, 1.0))
        self.told.accepted[event_id] = accepted
        if isinstance(fact, incident.IncidentFiled | petition.PetitionFiled):
            self.told.cases[fact.case_id] = isinstance(fact, petition.PetitionFiled)
        self._around.diary.write("accepted", fact.TYPE, fact.case_id, event_id)

    def _phone(self, fact: CaseFact, event_id: str, *, petition_case: bool) -> None:
        """Another client writes the fact to the bus, later than it happened and with its own partitioner."""
        late = timedelta(minutes=self._rng.choice([0, 1, 5, 20]))
        earlier = fact.model_copy(update={"received_at": fact.received_at - late})
        topic = topic_of(fact, petition=petition_case)
        if self._client.finds(topic):
            self._client.write(topic, earlier, event_id, fact.case_id, lambda _, number: self._rng.randrange(number))
