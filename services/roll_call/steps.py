"""Takes the steps that are due: schools are chased page by page, districts and bureau hear, the roll call closes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from escalation_policies.roll_call.bureaus import take_step
from escalation_policies.roll_call.call import CLOSE, RollCall, Step, Taken
from escalation_policies.roll_call.page import StepReached
from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.sheet import sheet_of
from events.topics import PARTITIONS
from services.roll_call.docket import Docket
from services.roll_call.plan import Place, Plan
from services.roll_call.rolls import Rolls
from services.runtime.clock import Clock
from services.runtime.directory import DirectorySnapshot
from services.runtime.metrics import DEADLINE_LATENESS
from services.runtime.open_calls import OpenCalls
from services.runtime.ownership import Ownership
from services.runtime.roll_call_rows import Part, StoredCall
from services.runtime.settings import Settings
from services.runtime.store import Store

PAGE = 120
"""Most schools of one roll call that one unit of work looks at, and most of all its roll calls together.

A unit of so many holds the database's write lock for a few milliseconds: whoever files an incident in the second of the
cut-off waits no longer than that.
"""


@dataclass(frozen=True, slots=True)
class _Chase:
    """One partition's page of schools, and the step that is taken for them."""

    owned: Ownership
    stored: StoredCall
    step: Step
    part: Part
    page: Sequence[School]
    is_last: bool


class Steps:
    """One unit of work for many places that are due."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        directory: Callable[[], DirectorySnapshot],
        calls: OpenCalls,
        rolls: Rolls,
        plan: Plan,
        code_key: bytes,
        claims: Callable[[str], Ownership | None],
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._directory = directory
        self._calls = calls
        self._rolls = rolls
        self._plan = plan
        self._code_key = code_key
        self._claims = claims
        self._wake = wake

    async def take(self, due: Mapping[Place, datetime]) -> set[Place]:
        """Take what is due, and plan what follows; return the places that have to wait for other workers.

        Raises:
            StaleEpoch: some partitions belong to somebody else now; nothing was taken.
        """
        claims = {place: claim for place in due if (claim := self._claims(f"roll_call/{place.partition}")) is not None}
        if not claims:
            return set()
        async with self._store.transaction(*dict.fromkeys(claims.values())) as unit:
            now = self._clock.now()
            docket = Docket(unit, self._directory(), self._settings, self._code_key, now)
            stored = await docket.rows.calls({place.roll_call_id for place in claims})
            waiting: set[Place] = set()
            for place, owned in claims.items():
                known = stored.get(place.roll_call_id) if place.whole else None
                if known is not None and not await self._take_whole(docket, owned, known, now):
                    waiting.add(place)
            chases, left = self._chases(claims, stored, now)
            parts = await self._chase_all(docket, chases, now)
            await docket.write()
        not_yet = left | waiting
        self._after({place: owned for place, owned in claims.items() if place not in not_yet}, stored, docket, parts)
        for place in left:
            self._plan.again(place, due[place])
        for place, at in due.items():
            if place not in not_yet:
                DEADLINE_LATENESS.observe(self._clock.real_seconds(now - at))
        self._wake()
        return waiting

    async def _take_whole(self, docket: Docket, owned: Ownership, stored: StoredCall, now: datetime) -> bool:
        """Take the step that is due of the whole, if one is; return False when it has to wait.

        After the closing nobody is found missing any more: it waits for every worker that is behind.
        """
        call = stored.call
        step = call.next_of_bureau()
        if step is None or step.at > now:
            return True
        if step.step == CLOSE and await self._has_schools_to_chase(docket, call):
            return False
        days = await docket.rows.days_in(call.roll_call_id)
        event = StepReached(step=step.step, at=step.at, fired_at=now)
        sheet = sheet_of(call, self._rolls.asked(call), days, now)
        docket.take(owned, take_step(call, event, self._directory(), lambda: sheet, now), stored.changes)
        return True

    async def _has_schools_to_chase(self, docket: Docket, call: RollCall) -> bool:
        """Return whether any partition, ours or another worker's, has a step about its schools to take."""
        parts = await docket.rows.parts_of(call.roll_call_id)
        return any(
            call.next_step(("school",), parts.get(partition, Part()).taken) is not None
            for partition in range(PARTITIONS)
            if self._rolls.in_partition(call, partition)
        )

    def _chases(
        self, claims: Mapping[Place, Ownership], stored: Mapping[str, StoredCall], now: datetime
    ) -> tuple[list[_Chase], set[Place]]:
        """Return the pages of one unit of work, and the places that have to wait for the next one."""
        chases: list[_Chase] = []
        left: set[Place] = set()
        schools = 0
        for place, owned in claims.items():
            if place.whole or place.roll_call_id not in stored:
                continue
            if schools >= PAGE:
                left.add(place)
                continue
            chase = self._chase(owned, place, stored[place.roll_call_id], now)
            if chase is not None:
                chases.append(chase)
                schools += len(chase.page)
        return chases, left

    def _chase(self, owned: Ownership, place: Place, stored: StoredCall, now: datetime) -> _Chase | None:
        part = self._plan.part(place.partition, place.roll_call_id)
        step = stored.call.next_step(("school",), part.taken)
        if step is None or step.at > now or stored.call.closed_at is not None:
            return None
        schools = self._rolls.in_partition(stored.call, place.partition)
        rest = [school for school in schools if part.after is None or school.unit_id > part.after]
        return _Chase(owned, stored, step, part, rest[:PAGE], len(rest) <= PAGE)

    async def _chase_all(
        self, docket: Docket, chases: Sequence[_Chase], now: datetime
    ) -> dict[tuple[int, str], tuple[RollCall, Part]]:
        """Take the step for every school of the pages that has not answered; return how far each partition came."""
        by_date: dict[date, set[str]] = {}
        for chase in chases:
            schools = by_date.setdefault(chase.stored.call.window.date, set())
            schools.update(school.unit_id for school in chase.page)
        answered: set[tuple[str, str]] = set()
        for on, schools in by_date.items():
            have, days = await docket.rows.unanswered(on, schools)
            answered |= have
            docket.know(days)
        parts: dict[tuple[int, str], tuple[RollCall, Part]] = {}
        for chase in chases:
            call = chase.stored.call
            event = StepReached(step=chase.step.step, at=chase.step.at, fired_at=now)
            for school in chase.page:
                if (call.roll_call_id, school.unit_id) not in answered:
                    docket.hear(chase.owned, call, school, event)
            part = _advanced(chase)
            docket.take_part(call.roll_call_id, chase.owned.partition, part)
            parts[chase.owned.partition, call.roll_call_id] = (call, part)
        return parts

    def _after(
        self,
        claims: Mapping[Place, Ownership],
        stored: Mapping[str, StoredCall],
        docket: Docket,
        parts: Mapping[tuple[int, str], tuple[RollCall, Part]],
    ) -> None:
        """Plan what follows, as it was committed."""
        for one in docket.calls.values():
            self._calls.put(one)
        for place in claims:
            known = docket.calls.get(place.roll_call_id) or stored.get(place.roll_call_id)
            if known is not None:
                _, part = parts.get((place.partition, place.roll_call_id), (None, None))
                self._plan.put(known.call, place.partition, part)


def _advanced(chase: _Chase) -> Part:
    if not chase.is_last:
        return replace(chase.part, after=chase.page[-1].unit_id)
    taken = Taken(step=chase.step.step, revision=chase.stored.call.revision)
    return Part((*chase.part.taken, taken))
