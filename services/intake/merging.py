"""Several reports of one event are one case with several reporters (DOMAIN §8: a storm is many reports of each event).

The policy says within which span (``merge_within``). The row of ``open_events`` decides, not a look at the cases: its
key lets only one of two reports that arrive together open a case, and its lock makes the others wait until that is
stored. Its rows come from reports filed here; a case that came straight over Kafka absorbs none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, select, update

from escalation_policies.case import Case
from escalation_policies.schema import Policy
from events.incident import IncidentFiled, ReportJoined
from services.intake.filing import is_hazard
from services.intake.rows import insert_once
from services.runtime.store import UnitOfWork
from services.runtime.tables import cases, joined_reports, open_events, reports


async def case_to_join(unit: UnitOfWork, fact: IncidentFiled, policy: Policy, *, separate: bool) -> str | None:
    """Return the open case of the same event, or None when the report opens its own; then later ones may join that.

    ``separate``: the reporter says that it is another event.
    """
    if not _can_merge(policy, fact):
        return None
    key = {"school_id": fact.school_id, "kind": fact.kind, "exercise": fact.exercise}
    own = {"case_id": fact.case_id, "opened_at": fact.received_at}
    if await insert_once(unit.connection, open_events, {**key, **own}):
        return None
    where = and_(*(open_events.c[name] == value for name, value in key.items()))
    event = await _locked(unit, where)
    if (
        policy.merge_within is not None
        and fact.received_at - event.opened_at <= policy.merge_within
        and event.status != "closed"
    ):
        return None if separate else str(event.case_id)
    await unit.write(update(open_events).where(where).values(**own))
    return None


async def join(unit: UnitOfWork, fact: IncidentFiled, case_id: str) -> ReportJoined:
    """Keep the report whole, so that it can be separated again, and return the fact about the case that it joins."""
    await unit.write(
        joined_reports.insert(),
        [
            {
                "report_id": fact.report_id,
                "case_id": case_id,
                "joined_at": fact.received_at,
                "report": fact.model_dump_json(),
            }
        ],
    )
    return ReportJoined(case_id=case_id, received_at=fact.received_at, report=fact)


async def running_deadlines(unit: UnitOfWork, case_id: str) -> Mapping[str, datetime]:
    """Return the deadlines that run in a case; of one that is not judged yet, those that its reporter was promised."""
    state = (
        await unit.connection.execute(select(cases.c.state).where(cases.c.case_id == case_id))
    ).scalar_one_or_none()
    if state is not None:
        return Case.model_validate_json(state, extra="ignore").deadlines()
    promised = select(reports.c.response).where(reports.c.case_id == case_id).order_by(reports.c.received_at).limit(1)
    response = (await unit.connection.execute(promised)).scalar_one()
    found: Mapping[str, str] = orjson.loads(response)["deadlines"]
    return {name: datetime.fromisoformat(text) for name, text in found.items()}


def _can_merge(policy: Policy, fact: IncidentFiled) -> bool:
    """Return whether such reports join, and are joined by, others.

    Never those that name whom they concern: each has its own people who must not hear of it. Never hazards: each has
    its own owner and date. Petitions never come here: each is one person's right to an answer.
    """
    secret = bool(fact.concerns) or policy.conflict.without_school
    return policy.merge_within is not None and not secret and not is_hazard(policy)


async def _locked(unit: UnitOfWork, where: ColumnElement[bool]) -> Any:
    """Return the event with its case's status (None: not judged yet), held until the end of this transaction."""
    status = select(cases.c.status).where(cases.c.case_id == open_events.c.case_id).scalar_subquery()
    locked = select(open_events.c.case_id).where(where).with_for_update()
    await unit.connection.execute(locked)
    statement = select(open_events.c.case_id, open_events.c.opened_at, status.label("status")).where(where)
    return (await unit.connection.execute(statement)).one()
