"""Asks people whether messages reach them, and notes who answers (``escalation_policies.reachability``).

One worker asks: the owner of partition 0. Rows, codes and messages of a unit are written together, so each unit is
asked once a round, whatever dies in between. The answers come like any other, as facts on ``tocsin.incidents``.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from escalation_policies.reachability import (
    Asked,
    Round,
    asked_in,
    due_round,
    may_be_due,
    round_now,
    round_of_case,
)
from escalation_policies.reachability_plan import ReachabilityPlan
from events.base import CaseFact
from events.directory import PersonRecorded, UnitRecorded
from events.incident import IncidentAcknowledged, IncidentDeclined
from events.notification import NotificationRequested
from services.escalation.docket import SOURCE
from services.runtime.answer_codes import codes_for
from services.runtime.clock import Clock
from services.runtime.contact_flags import flags_of, still_unreachable
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import StaleEpoch
from services.runtime.message_records import request_record
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.reachability_rows import answering, asking, units_asked, wish_in
from services.runtime.settings import Settings
from services.runtime.store import Store, UnitOfWork

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 10.0
MOST_UNITS = 5
"""Asked in one unit of work: alerts that are judged meanwhile wait no longer than for a large case."""


class Reachability:
    """Asks the units whose time has come. ``claim`` returns that on the partition whose owner asks, if it is ours."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        directory: Callable[[], DirectorySnapshot],
        plan: ReachabilityPlan,
        code_key: bytes,
        claim: Callable[[], Ownership | None],
        wake: Callable[[], None],
    ) -> None:
        self._topic = settings.topic("notifications")
        self._store = store
        self._clock = clock
        self._directory = directory
        self._plan = plan
        self._code_key = code_key
        self._claim = claim
        self._wake = wake

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await through_outages(self.look, "people are asked later whether messages reach them")
            except StaleEpoch:
                continue  # another worker owns the partition now, and asks

    async def look(self) -> int:
        """Ask whoever is to be asked now; return how many people."""
        claim = self._claim()
        if claim is None:
            return 0
        now, directory = self._clock.now(), self._directory()
        async with self._store.database.reading(at_length=True) as connection:
            due = await self._due(connection, directory, now)
            flags = await flags_of(connection, is_sqlite=self._store.database.is_sqlite) if due else {}
        if not due:
            return 0
        flagged = {one.flag.contact_id for one in still_unreachable(flags.values(), directory)}
        people = _by_unit(directory)
        number = 0
        for start in range(0, len(due), MOST_UNITS):
            asked: list[Asked] = []
            requests: list[NotificationRequested] = []
            for one, unit in due[start : start + MOST_UNITS]:
                for person, messages in asked_in(self._plan, one, unit, people[unit.unit_id], flagged):
                    asked.append(_asked(one, person, messages))
                    requests += messages
            await self._write(claim, asked, requests)
            number += len(asked)
        log.info("reachability.asked", people=number, units=len(due))
        self._wake()
        return number

    async def _due(
        self, connection: AsyncConnection, directory: DirectorySnapshot, now: datetime
    ) -> list[tuple[Round, UnitRecorded]]:
        """Return the rounds of the units whose turn it is, by plan or by wish, and who were not asked in them yet."""
        found: list[tuple[Round, UnitRecorded]] = []
        staffed = {person.unit_id for person in directory.people}
        units = [unit for unit in directory.units if unit.unit_id in staffed]
        if may_be_due(self._plan, now):
            found += await asyncio.to_thread(
                lambda: [(one, unit) for unit in units if (one := due_round(self._plan, unit, now)) is not None]
            )
        wish = await wish_in(connection)
        if wish is not None and wish.at <= now < wish.at + self._plan.term:
            found += [
                (round_now(self._plan, wish.round_id, unit, now), unit)
                for unit in units
                if wish.unit_id is None or directory.is_within(unit.unit_id, wish.unit_id)
            ]
        done = await units_asked(connection, {one.round_id for one, _ in found})
        return [(one, unit) for one, unit in found if (one.round_id, unit.unit_id) not in done]

    async def _write(self, claim: Ownership, asked: Sequence[Asked], requests: Sequence[NotificationRequested]) -> None:
        if not asked:
            return
        async with self._store.transaction(claim) as unit:
            holders = [(request.case_id, request.person_id) for request in requests]
            codes = await codes_for(unit, self._code_key, holders)
            await unit.write(*asking(asked))
            await unit.append(
                [
                    (claim.name, Outgoing(self._topic, request_record(one, codes[one.case_id, one.person_id], SOURCE)))
                    for one in requests
                ]
            )


async def take_answer(unit: UnitOfWork, fact: CaseFact) -> bool:
    """Note an answer to a test; return whether the fact was about one. Also who "cannot take it" was reached."""
    round_id = round_of_case(fact.case_id)
    if round_id is None:
        return False
    if isinstance(fact, IncidentAcknowledged | IncidentDeclined):
        await unit.write(answering(round_id, fact.by, fact.received_at))
    return True


def _by_unit(directory: DirectorySnapshot) -> Mapping[str, list[PersonRecorded]]:
    found: defaultdict[str, list[PersonRecorded]] = defaultdict(list)
    for person in directory.people:
        found[person.unit_id].append(person)
    return found


def _asked(one: Round, person: PersonRecorded, messages: Sequence[NotificationRequested]) -> Asked:
    return Asked(one.round_id, one.unit_id, person.person_id, one.at, one.due_at, len(messages))
