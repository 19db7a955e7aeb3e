"""An answer to a message, by whatever road it came: who may give it, and the one fact that it is.

The code is the credential, and the same answer counts once: typed into a client, sent back as an SMS, given by a key of
the telephone, it is one fact under one derived id.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import Row, Select, select

from escalation_policies.case import Case, Seat
from escalation_policies.reachability import round_of_case
from escalation_policies.roll_call.messages import KIND as ZERO_REPORT
from escalation_policies.schema import Family
from events.base import Utc
from events.ids import derived
from events.incident import IncidentAcknowledged, IncidentDeclined
from events.roll_call import Answer, ReportConfirmed
from services.intake.body import content_hash
from services.intake.deps import Deps
from services.intake.metrics import ACKNOWLEDGED, ZERO_REPORTS
from services.intake.rows import Keyed, append_fact, append_roll_call_fact, is_remembered, remember
from services.intake.visibility import may_hear
from services.runtime.roll_call_codes import ROLL_CALL_CODES, school_of_code
from services.runtime.store import UnitOfWork
from services.runtime.tables import cases, codes

ACTOR = "code"
"""Whose answers these are in the idempotency table: whoever holds the code."""

MOST_WAITING = 20
"""Newest open cases of one person that are looked through for those that wait for an answer."""

Verb = Literal["acknowledged", "declined"]
Via = Literal["code", "sms", "voice", "link"]


class CodeAccepted(BaseModel):
    """The acknowledgement is stored: its holder has taken responsibility."""

    case_id: str
    kind: str | None = Field(description="What happened, as the report says.")
    school: str | None = Field(description="Name of the school.")
    accepted_at: Utc = Field(description="The time by which it is judged; the first time, when it was sent before.")
    message: str = Field(description="What was understood: one sentence to show to the person, in their language.")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose code it is, and what the case is about; ``case`` is None while nobody has judged the case here."""

    code: str
    case_id: str
    person_id: str
    kind: str | None
    school_id: str | None
    case: Case | None

    @property
    def family(self) -> Family:
        """Return where the fact goes. A code is given when its case is judged; nothing else is known before."""
        return self.case.family if self.case is not None else "incident"

    @property
    def is_test(self) -> bool:
        """Return whether only the contact was tested: there is no case, and nobody takes anything up."""
        return round_of_case(self.case_id) is not None

    @property
    def roll_call_school(self) -> str | None:
        """Return the school whose roll calls the code answers; None when it belongs to a case."""
        return school_of_code(self.case_id)

    @property
    def standing(self) -> str:
        """Return where the person was told and what they declined since: an answer counts once for each standing.

        So a repeat is the same answer, but one after "cannot take it", or at a second level, is a new one.
        """
        mine = sorted((level, seat.question, str(seat.declined_at)) for level, seat in self._seats())
        return orjson.dumps(mine).decode() if self.case is not None else ""

    @property
    def is_awaited(self) -> bool:
        """Return whether the person was told, has not answered, and nobody has answered for their level."""
        if self.case is None or self.case.status != "open":
            return False
        done = {state.level for state in self.case.levels if state.acknowledged_at is not None}
        return any(
            seat.acknowledged_at is None and seat.declined_at is None
            for level, seat in self._seats()
            if level not in done
        )

    def may_answer(self, deps: Deps) -> bool:
        """Return whether the case has not come to concern them: then it does not exist for them."""
        return self.case is None or may_hear(deps.directory(), self.person_id, self.case.excluded)

    def _seats(self) -> list[tuple[str, Seat]]:
        levels = self.case.levels if self.case is not None else ()
        return [(level.level, seat) for level in levels for seat in level.seats if seat.person_id == self.person_id]


async def holders_of_codes(deps: Deps, typed: Collection[str]) -> list[Holder]:
    """Return the holders of these codes, as far as there are such, and the case does not concern them."""
    return await _found(deps, _CODES.where(codes.c.code.in_(typed)))


async def holder_in(deps: Deps, case_id: str, person_id: str) -> Holder | None:
    """Return a person as the holder of their code for one case, or None when they have none or may not hear of it."""
    found = await _found(deps, _CODES.where(codes.c.case_id == case_id, codes.c.person_id == person_id))
    return found[0] if found else None


async def holders_awaited(deps: Deps, person_ids: Collection[str]) -> list[Holder]:
    """Return what waits for an answer of these people, newest case first."""
    statement = _CODES.where(codes.c.person_id.in_(person_ids), cases.c.status == "open")
    found = await _found(deps, statement.order_by(cases.c.received_at.desc(), codes.c.code).limit(MOST_WAITING))
    return [holder for holder in found if holder.is_awaited]


async def holders_of_people(deps: Deps, person_ids: Collection[str]) -> list[Holder]:
    """Return these people as holders of codes that answer roll calls, of whatever month."""
    mine = (codes.c.person_id.in_(person_ids), codes.c.case_id.startswith(ROLL_CALL_CODES))
    return await _found(deps, _CODES.where(*mine).order_by(codes.c.case_id.desc()))


async def accept(
    deps: Deps, unit: UnitOfWork, holder: Holder, at: datetime, via: Via, said: str, traceparent: str | None = None
) -> str:
    """Store that the holder takes responsibility, once; return the answer, a ``CodeAccepted``, of the first time.

    ``said`` is what they are told.
    """
    answer = _answer(deps, holder, at, said)
    if holder.roll_call_school is not None:
        return await _report(deps, unit, holder, "zero", at, via, answer)
    fact = IncidentAcknowledged(case_id=holder.case_id, received_at=at, by=holder.person_id, via=via)
    turn = await _first_without(unit, holder, "declined")
    event_id = _event_id(holder, "acknowledged", turn)
    earlier = await remember(unit, Keyed(ACTOR, event_id, content_hash(event_id)), answer, at)
    if earlier is None:
        await append_fact(deps, unit, fact, event_id, traceparent, family=holder.family)
    ACKNOWLEDGED.labels(outcome="accepted" if earlier is None else "repeated").inc()
    return earlier or answer


async def decline(deps: Deps, unit: UnitOfWork, holder: Holder, at: datetime, via: Via = "code") -> None:
    """Store that the holder cannot take it, once: the stand-in is told at once. Of a roll call: that there were cases.

    Each of those is reported besides.
    """
    if holder.roll_call_school is not None:
        await _report(deps, unit, holder, "with_cases", at, via, "")
        return
    fact = IncidentDeclined(case_id=holder.case_id, received_at=at, by=holder.person_id)
    turn = await _first_without(unit, holder, "acknowledged", after=1)
    event_id = _event_id(holder, "declined", turn - 1)
    if await remember(unit, Keyed(ACTOR, event_id, content_hash(event_id)), "", at) is None:
        await append_fact(deps, unit, fact, event_id, family=holder.family)


async def _first_without(unit: UnitOfWork, holder: Holder, verb: Verb, after: int = 0) -> int:
    """Return the first turn, from ``after`` on, in which the person has not said this.

    Until their case is judged again, as while the bus is away, their standing stays as it is. An answer after the
    opposite one is in the next turn, and counts; said twice in one turn it is a repeat.
    """
    turn = after
    while await is_remembered(unit, ACTOR, _event_id(holder, verb, turn)):
        turn += 1
    return turn


def _event_id(holder: Holder, verb: Verb, turn: int) -> str:
    turns = [str(turn)] if turn else []
    return derived("fact", holder.case_id, verb, holder.person_id, holder.code, holder.standing, *turns)


async def _report(
    deps: Deps, unit: UnitOfWork, holder: Holder, status: Answer, at: datetime, via: Via, answer: str
) -> str:
    """Store a school's answer to its roll call; the same one again within a minute is a repeat."""
    assert holder.roll_call_school is not None
    fact = ReportConfirmed(
        school_id=holder.roll_call_school, received_at=at, status=status, by=holder.person_id, via=via
    )
    event_id = derived("zero-report", holder.code, status, f"{at:%Y-%m-%dT%H:%M}")
    earlier = await remember(unit, Keyed(ACTOR, event_id, content_hash(event_id)), answer, at)
    if earlier is None:
        await append_roll_call_fact(deps, unit, fact, event_id)
        ZERO_REPORTS.labels(via=via, status=status).inc()
    return earlier or answer


_CODES: Select[Any] = select(
    codes.c.code, codes.c.case_id, codes.c.person_id, cases.c.kind, cases.c.school_id, cases.c.state
).outerjoin(cases, cases.c.case_id == codes.c.case_id)


async def _found(deps: Deps, statement: Select[Any]) -> list[Holder]:
    async with deps.store.database.reading() as connection:
        rows = (await connection.execute(statement)).all()
    return [holder for holder in map(_holder, rows) if holder.may_answer(deps)]


def _holder(row: Row[Any]) -> Holder:
    case = Case.model_validate_json(row.state, extra="ignore") if row.state is not None else None
    if (school_id := school_of_code(row.case_id)) is not None:
        return Holder(row.code, row.case_id, row.person_id, ZERO_REPORT, school_id, None)
    return Holder(row.code, row.case_id, row.person_id, row.kind, row.school_id, case)


def _answer(deps: Deps, holder: Holder, at: datetime, said: str) -> str:
    school = deps.directory().school(holder.school_id) if holder.school_id else None
    accepted = CodeAccepted(
        case_id=holder.case_id,
        kind=holder.kind,
        school=school.name if school else None,
        accepted_at=at,
        message=said,
    )
    return orjson.dumps(accepted.model_dump(mode="json")).decode()
