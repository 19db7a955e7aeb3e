"""Nobody answers, and what then happens by itself."""

from datetime import timedelta
from typing import Any

from escalation_policies.loader import PolicyLibrary
from events.incident import FinalReportFiled, IncidentAcknowledged, NoteAdded
from tests.stories.book import story
from tests.support.policy_variants import county, library, with_rounds
from tests.support.scenario import Scenario, shipped


def _two_rounds(kind: str) -> PolicyLibrary:
    policies = shipped()
    petition = kind.startswith("petition")
    policy = policies.for_any_kind(kind, "petition" if petition else "incident")
    return library(with_rounds(policy, 2))


def _silent(kind: str, days: float = 1, **fields: Any) -> Scenario:
    scenario = Scenario(_two_rounds(kind))
    scenario.file(kind=kind, **fields)
    scenario.pass_days(days)
    return scenario


@story
def fire_that_nobody_answers() -> Scenario:
    return _silent("fire", place="the kitchen", summary="smoke", reporter="teacher")


@story
def gravest_incident_that_nobody_answers() -> Scenario:
    return _silent("fire", 0.2, severity="I")


@story
def poisoning_that_nobody_answers() -> Scenario:
    return _silent("food-poisoning", severity=None)


@story
def suspected_abuse_that_nobody_answers() -> Scenario:
    return _silent("suspected-abuse", 0.2, severity=None, urgent=True)


@story
def exam_leak_that_nobody_answers() -> Scenario:
    kind = shipped().for_kind("exam-safety").applies_to.kinds[0]
    return _silent(kind, 0.2, severity=None)


@story
def closed_school_that_nobody_answers() -> Scenario:
    return _silent("weather-closure", severity=None)


@story
def drill_that_nobody_answers() -> Scenario:
    return _silent("fire", 0.1, exercise=True, urgent=True, severity=None)


@story
def worker_that_slept_for_an_hour() -> Scenario:
    """It catches up with the same history; reminders that are overtaken are not sent, and nobody is blamed unheard."""
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file(late_minutes=0.5)
    scenario.sleep_minutes(60)
    scenario.say(NoteAdded, "teacher", text="is anybody there?")
    scenario.pass_minutes(100)
    return scenario


@story
def worker_that_slept_for_a_minute() -> Scenario:
    """Lateness up to a minute is nobody's loss: the next clock counts from the deadline."""
    scenario = Scenario(library(with_rounds(county(), 2)))
    scenario.file()
    scenario.pass_minutes(14.5)
    scenario.sleep_minutes(1.5)
    scenario.say(NoteAdded, "teacher", text="one minute late")
    scenario.pass_minutes(8.5)
    scenario.sleep_minutes(0.5 + 61 / 60)
    scenario.say(NoteAdded, "teacher", text="a second more")
    scenario.pass_minutes(40)
    return scenario


@story
def report_whose_time_has_not_come_yet() -> Scenario:
    """A client's clock that runs ahead is taken back to now; one that is behind starts nothing before the case."""
    scenario = Scenario()
    scenario.file()
    scenario.judge(IncidentAcknowledged(case_id="case-1", received_at=scenario.now + timedelta(hours=1), by="director"))
    scenario.judge(IncidentAcknowledged(case_id="case-1", received_at=scenario.now - timedelta(days=1), by="principal"))
    scenario.pass_minutes(25)
    return scenario


@story
def petition_that_nobody_answers() -> Scenario:
    scenario = Scenario(_two_rounds("petition"))
    scenario.petition(place="hall 2")
    scenario.pass_days(30)
    return scenario


@story
def crowd_at_the_gate_that_nobody_answers() -> Scenario:
    scenario = Scenario(_two_rounds("petition-on-site"))
    scenario.petition("petition-on-site", headcount=40, exercise=True)
    scenario.pass_minutes(200)
    scenario.say(FinalReportFiled, "principal", summary="they went home")
    scenario.pass_days(20)
    return scenario
