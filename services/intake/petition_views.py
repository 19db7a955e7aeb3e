"""How a petition looks to its holder: how far it is, which office owes the next answer and by when, what it said.

Offices are named by their unit, never by a person; what the holder reads is what the office wrote for them.
"""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import BaseModel, Field

from escalation_policies.case import Case, Clock, PetitionState
from escalation_policies.clock_rules import ClockName
from events.base import Utc
from services.intake.holders import Held
from services.runtime.directory import DirectorySnapshot

State = Literal["received", "open", "accepted", "declined", "answered", "in-review", "reviewed", "withdrawn"]
STATUTORY: tuple[ClockName, ...] = ("acceptance", "resolution", "review_request", "review")


class Unit(BaseModel):
    """A unit of the directory."""

    unit_id: str
    name: str | None


class Office(BaseModel):
    """Who has the petition now."""

    level: str
    units: tuple[Unit, ...]


class Term(BaseModel):
    """A deadline: `missed` stays missed, also when the answer came later."""

    clock: str
    level: str | None
    deadline: Utc
    state: Literal["running", "met", "missed"]


class Remedy(BaseModel):
    """What the petitioner can do next, or wait for."""

    act: Literal["wait", "ask-review", "ask-above", "none"]
    detail: str
    until: Utc | None


class PetitionStatus(BaseModel):
    """A petition, for whoever holds its secret."""

    receipt: str
    case_id: str
    state: State
    school: str | None = Field(description="Name of the school that it is about.")
    kind: str
    exercise: bool
    received_at: Utc
    office: Office | None = Field(description="Null until it has reached one.")
    deadlines: tuple[Term, ...]
    accepted_at: Utc | None = None
    declined_at: Utc | None = None
    notice: str | None = Field(default=None, description="What the office says of accepting or declining it.")
    extended_at: Utc | None = None
    extension_reason: str | None = None
    resolved_at: Utc | None = None
    answer: str | None = None
    review_asked_at: Utc | None = None
    review_answered_at: Utc | None = None
    review_answer: str | None = None
    withdrawn_at: Utc | None = None
    closed_at: Utc | None = None
    remedy: Remedy


def status_of(held: Held, directory: DirectorySnapshot) -> PetitionStatus:
    """Return how a petition stands."""
    school = directory.school(held.school_id)
    case = held.case
    if case is None or case.petition is None:
        promised = orjson.loads(held.response)
        return PetitionStatus(
            receipt=held.receipt,
            case_id=held.case_id,
            state="received",
            school=school.name if school else None,
            kind=held.kind,
            exercise=promised["exercise"],
            received_at=held.received_at,
            office=None,
            deadlines=tuple(
                Term(clock=key.partition("@")[0], level=None, deadline=deadline, state="running")
                for key, deadline in promised["deadlines"].items()
            ),
            remedy=Remedy(act="wait", detail="It is being handed to the office.", until=None),
        )
    said = {name: value for name, value in case.petition if name in PetitionStatus.model_fields}
    return PetitionStatus(
        receipt=held.receipt,
        case_id=held.case_id,
        state=_state(case.petition),
        school=case.school_name,
        kind=case.kind,
        exercise=case.exercise,
        received_at=case.received_at,
        office=_office(case, directory),
        deadlines=tuple(_term(clock) for clock in owed(case)),
        closed_at=case.closed_at,
        remedy=_remedy(case, case.petition),
        **said,
    )


def owed(case: Case) -> list[Clock]:
    """Return the clocks as the petitioner knows them: none called off, none that only chases a missed one."""
    found = [clock for clock in case.clocks if clock.status != "cancelled" and clock.because is None]
    return sorted(found, key=lambda clock: (clock.deadline, clock.key))


def time_to_ask(case: Case) -> Clock | None:
    """Return the clock within which review may be asked, if there is an answer to review."""
    return next((clock for clock in owed(case) if clock.name == "review_request"), None)


def _term(clock: Clock) -> Term:
    met = {"running": "running", "satisfied": "met"}.get(clock.status, "missed")
    return Term.model_validate({"clock": clock.name, "level": clock.level, "deadline": clock.deadline, "state": met})


def _state(petition: PetitionState) -> State:
    steps: tuple[tuple[datetime | None, State], ...] = (
        (petition.withdrawn_at, "withdrawn"),
        (petition.review_answered_at, "reviewed"),
        (petition.review_asked_at, "in-review"),
        (petition.resolved_at, "answered"),
        (petition.declined_at, "declined"),
        (petition.accepted_at, "accepted"),
    )
    return next((state for at, state in steps if at is not None), "open")


def _office(case: Case, directory: DirectorySnapshot) -> Office | None:
    """Return the office that owes the next answer, or that gave the last one."""
    clocks = [clock for name in reversed(STATUTORY) for clock in owed(case) if clock.name == name]
    level = clocks[0].level if clocks else next((one.level for one in case.levels if one.seats), None)
    told = case.level(level) if level is not None else None
    if told is None:
        return None
    unit_ids = dict.fromkeys(seat.unit_id for seat in told.seats if not seat.stand_in)
    unit_ids = unit_ids or dict.fromkeys(seat.unit_id for seat in told.seats)
    found = ((unit_id, directory.unit(unit_id)) for unit_id in unit_ids)
    units = tuple(Unit(unit_id=unit_id, name=unit.name if unit else None) for unit_id, unit in found)
    return Office(level=told.level, units=units)


def _remedy(case: Case, petition: PetitionState) -> Remedy:
    if petition.withdrawn_at is not None:
        return Remedy(act="none", detail="You took it back. You may petition again.", until=None)
    if petition.review_answered_at is not None:
        return _above_the_review(case, petition.review_answered_at)
    if petition.review_asked_at is not None:
        return _wait(case, "review", "The office above answers your request for review by then.")
    if petition.resolved_at is not None or petition.declined_at is not None:
        return _review(case)
    if petition.accepted_at is not None:
        return _wait(case, "resolution", "The office answers by then.")
    return _wait(case, "acceptance", "The office accepts it, or declines it with the reason, by then.")


def _wait(case: Case, name: ClockName, detail: str) -> Remedy:
    clock = next((clock for clock in owed(case) if clock.name == name), None)
    if clock is not None and clock.status == "breached":
        return Remedy(
            act="wait",
            detail="The office is late. The level above it was told, and is told again.",
            until=clock.deadline,
        )
    return Remedy(act="wait", detail=detail, until=clock.deadline if clock is not None else None)


def _review(case: Case) -> Remedy:
    clock = time_to_ask(case)
    if clock is None or clock.status != "running" or case.status == "closed":
        return Remedy(act="none", detail="The time to ask for review is over.", until=clock.deadline if clock else None)
    detail = "If you do not agree, ask the level above to review it by then (信访工作条例 2022 art 35)."
    return Remedy(act="ask-review", detail=detail, until=clock.deadline)


def _above_the_review(case: Case, answered_at: datetime) -> Remedy:
    rule = case.policy.clocks.review_request
    until = rule.end(case.severity, answered_at, case.policy.calendar) if rule is not None else None
    detail = (
        "If you do not agree with the review, ask the authority above the one that answered it for re-examination "
        "(复核) by then, at that authority itself (信访工作条例 2022 art 36)."
    )
    return Remedy(act="ask-above", detail=detail, until=until)
