"""How a case looks from outside: what runs, who was told, who answered, what was missed."""

import json
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from escalation_policies.case import Case, PetitionState
from escalation_policies.schema import Family
from events.base import Utc
from events.incident import Casualties, Severity
from events.receipt import receipt_of
from services.intake.case_rows import Known
from services.runtime.directory import DirectorySnapshot

Status = Literal["received", "open", "closed"]


class CaseSummary(BaseModel):
    """A case as it stands in a list. Kind and severity of a received case are what the report says, if it does."""

    case_id: str
    receipt: str
    status: Status = Field(description="`received`: stored, and about to be judged. Then `open`, then `closed`.")
    school_id: str
    school: str | None = Field(description="Name of the school.")
    family: Family
    kind: str | None
    severity: Severity | None
    urgent: bool
    exercise: bool
    place: str | None
    received_at: Utc
    updated_at: Utc
    deadlines: Mapping[str, Utc] = Field(description="Running clocks, by name.")
    breached: tuple[str, ...] = Field(
        description="Clocks that were missed, by name. Of many rounds of one clock the first and the latest: the "
        "timeline has all."
    )


class Answerer(BaseModel):
    """One person who was told, and what they answered."""

    person_id: str
    name: str | None
    role: str
    unit_id: str
    stand_in: bool
    told_at: Utc
    acknowledged_at: Utc | None
    declined_at: Utc | None


class LevelView(BaseModel):
    """One level of the chain that was told."""

    level: str
    told_at: Utc
    acknowledged_at: Utc | None = Field(description="When the level's receipt was complete.")
    reported_at: Utc | None = Field(description="When this level reported upward.")
    people: tuple[Answerer, ...]


class Breach(BaseModel):
    """A deadline that passed."""

    clock: str
    level: str
    started_at: Utc
    deadline: Utc


class CaseView(CaseSummary):
    """A case, whole."""

    summary: str | None
    casualties: Casualties | None
    occurred_at: Utc | None
    submitted_at: Utc | None
    updates: int = Field(description="How many updates (续报) were filed.")
    final_reported_at: Utc | None
    concerns: tuple[str, ...] = Field(description="Person and unit ids of whom it concerns.")
    owner: str | None = Field(description="Who must remove a hazard, by person id.")
    due_at: Utc | None = Field(description="By when a hazard must be gone.")
    joined: int = Field(description="How many further reports of the same event joined the case.")
    headcount: int | None = Field(description="How many petition.")
    petition: PetitionState | None = Field(description="How far a petition has come, and what its holder reads.")
    policy: str | None = Field(description="The policy frozen into the case, `<id>@<version>`.")
    levels: tuple[LevelView, ...]
    breaches: tuple[Breach, ...]


def summary_of(known: Known, directory: DirectorySnapshot) -> CaseSummary:
    """Return a case as a line of a list."""
    return CaseSummary.model_validate(view_of(known, directory).model_dump(include=set(CaseSummary.model_fields)))


def view_of(known: Known, directory: DirectorySnapshot) -> CaseView:
    """Return a case as far as it is known."""
    return _received(known, directory) if known.case is None else _judged(known.case, directory)


def _received(known: Known, directory: DirectorySnapshot) -> CaseView:
    filed = known.filed
    school = directory.school(known.school_id)
    return CaseView(
        case_id=known.case_id,
        receipt=receipt_of(known.case_id),
        status="received",
        school_id=known.school_id,
        school=school.name if school else None,
        family=known.family,
        kind=filed.kind if filed else None,
        severity=filed.severity if filed else None,
        urgent=filed.urgent if filed else False,
        exercise=filed.exercise if filed else False,
        place=filed.place if filed else None,
        received_at=known.received_at,
        updated_at=known.received_at,
        deadlines=json.loads(known.response or "{}").get("deadlines", {}),
        breached=(),
        summary=filed.summary if filed else None,
        casualties=filed.casualties if filed else None,
        occurred_at=filed.occurred_at if filed else None,
        submitted_at=filed.submitted_at if filed else None,
        updates=0,
        final_reported_at=None,
        concerns=filed.concerns if filed else (),
        owner=filed.owner if filed else None,
        due_at=filed.due_at if filed else None,
        joined=0,
        headcount=None,
        petition=None,
        policy=None,
        levels=(),
        breaches=(),
    )


def _judged(case: Case, directory: DirectorySnapshot) -> CaseView:
    missed = [clock for clock in case.clocks if clock.status == "breached"]
    return CaseView(
        case_id=case.case_id,
        receipt=receipt_of(case.case_id),
        status=case.status,
        school_id=case.school_id,
        school=case.school_name,
        family=case.family,
        kind=case.kind,
        severity=case.severity,
        urgent=case.urgent,
        exercise=case.exercise,
        place=case.place,
        received_at=case.received_at,
        updated_at=case.updated_at,
        deadlines=case.deadlines(),
        breached=tuple(clock.key for clock in missed),
        summary=case.summary,
        casualties=case.casualties,
        occurred_at=case.occurred_at,
        submitted_at=case.submitted_at,
        updates=case.updates,
        final_reported_at=case.final_reported_at,
        concerns=case.concerns,
        owner=case.owner,
        due_at=case.due_at,
        joined=case.joined,
        headcount=case.headcount,
        petition=case.petition,
        policy=f"{case.policy.id}@{case.policy.version}",
        levels=_levels(case, directory),
        breaches=tuple(
            Breach(clock=clock.key, level=clock.level, started_at=clock.started_at, deadline=clock.deadline)
            for clock in missed
        ),
    )


def _levels(case: Case, directory: DirectorySnapshot) -> tuple[LevelView, ...]:
    states = (state for level in case.policy.chain if (state := case.level(level.level)) is not None)
    return tuple(
        LevelView(
            level=level.level,
            told_at=level.told_at,
            acknowledged_at=level.acknowledged_at,
            reported_at=level.reported_at,
            people=tuple(
                Answerer(
                    person_id=seat.person_id,
                    name=name_of(directory, seat.person_id),
                    role=seat.role,
                    unit_id=seat.unit_id,
                    stand_in=seat.stand_in,
                    told_at=seat.told_at,
                    acknowledged_at=seat.acknowledged_at,
                    declined_at=seat.declined_at,
                )
                for seat in level.seats
            ),
        )
        for level in states
    )


def name_of(directory: DirectorySnapshot, person_id: str) -> str | None:
    """Return a person's name, or None when the directory no longer knows them."""
    person = directory.person(person_id)
    return person.name if person else None
