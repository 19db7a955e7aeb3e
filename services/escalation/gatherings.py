"""Looks for the same thing at several schools, and opens the bureau's own case (``escalation_policies.gathering``).

One worker looks, a few times a minute: the owner of partition 0. What it opens is a report like any other, on its way
through the outbox.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime

import orjson
import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.gathering import KIND, OpenCase, grow
from escalation_policies.loader import PolicyLibrary
from escalation_policies.schema import Policy
from events.incident import SEVERITIES, IncidentFiled
from services.escalation.docket import report_record
from services.runtime.clock import Clock
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import StaleEpoch
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.remembered_facts import recall, remembering
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import cases

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 5.0
"""How often, in real seconds. A bureau that hears by its schools' own chains meanwhile can bear that."""

Place = tuple[str, str, bool]
"""(bureau, kind, exercise)."""


class Gatherings:
    """Grows bureau-level cases. ``claim`` returns the claim on the partition whose owner looks, if it is ours."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        directory: Callable[[], DirectorySnapshot],
        policies: PolicyLibrary,
        claim: Callable[[], Ownership | None],
        wake: Callable[[], None],
    ) -> None:
        self._topic = settings.topic("incidents")
        self._store = store
        self._clock = clock
        self._directory = directory
        self._policies = policies
        self._claim = claim
        self._wake = wake

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await through_outages(self.look, "cases of several schools are gathered later")
            except StaleEpoch:
                continue  # another worker owns the partition now, and looks

    async def look(self) -> int:
        """Open what is to be opened now; return how many."""
        claim = self._claim()
        policies = [policy for policy in self._policies.policies if policy.gather_schools is not None]
        if claim is None or not policies:
            return 0
        now = self._clock.now()
        found = [grown for policy in policies for grown in await self._grown(policy, now)]
        if not found:
            return 0
        # Nobody wrote meanwhile what was read: the claim's owner alone does, in this one place.
        async with self._store.transaction(claim) as unit:
            for name, report in found:
                await unit.append([(claim.name, Outgoing(self._topic, report_record(report, "gathered")))])
                known = orjson.dumps({"case_id": report.case_id, "opened_at": now}).decode()
                await unit.write(remembering(unit.connection, name, known))
        for _, report in found:
            log.warning("gathering.opened", case_id=report.case_id, severity=report.severity, bureau=report.school_id)
        self._wake()
        return len(found)

    async def _grown(self, policy: Policy, now: datetime) -> list[tuple[str, IncidentFiled]]:
        """Return what is to be opened under a policy: under which name it is remembered, and the report."""
        async with self._store.database.reading(at_length=True) as connection:
            found = []
            for (bureau, kind, exercise), open_cases in (await self._open_cases(connection, policy, now)).items():
                report = grow(policy, kind, bureau, open_cases, now, exercise=exercise)
                name = f"gathering:{bureau}:{kind}:{exercise}"
                if report is not None and not await _is_under_way(connection, name, policy, now):
                    found.append((name, report))
            return found

    async def _open_cases(
        self, connection: AsyncConnection, policy: Policy, now: datetime
    ) -> Mapping[Place, list[OpenCase]]:
        """Return the open cases of a policy's kinds, one for each school and grade: a storm has thousands."""
        assert policy.merge_within is not None
        statement = (
            select(
                cases.c.kind,
                cases.c.school_id,
                cases.c.exercise,
                cases.c.severity,
                func.min(cases.c.received_at).label("received_at"),
                func.min(cases.c.case_id).label("case_id"),
            )
            .where(
                cases.c.received_at >= now - policy.merge_within,
                cases.c.status == "open",
                cases.c.kind.in_([kind for kind in policy.applies_to.kinds if kind != KIND]),
            )
            .group_by(cases.c.kind, cases.c.school_id, cases.c.exercise, cases.c.severity)
        )
        found: defaultdict[Place, list[OpenCase]] = defaultdict(list)
        directory = self._directory()
        for row in await connection.execute(statement):
            bureau = directory.bureau_of(row.school_id)
            if bureau is not None and row.severity in SEVERITIES:
                case = OpenCase(row.case_id, row.school_id, row.severity, row.received_at)
                found[bureau, row.kind, row.exercise].append(case)
        return found


async def _is_under_way(connection: AsyncConnection, name: str, policy: Policy, now: datetime) -> bool:
    """Return whether the bureau's case of this kind was opened within the window, or is open still."""
    known = await recall(connection, name)
    if known is None:
        return False
    earlier = orjson.loads(known)
    assert policy.merge_within is not None
    if now - datetime.fromisoformat(earlier["opened_at"]) <= policy.merge_within:
        return True
    status = select(cases.c.status).where(cases.c.case_id == earlier["case_id"])
    return (await connection.execute(status)).scalar_one_or_none() == "open"
