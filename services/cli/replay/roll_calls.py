"""Roll calls from the bus: what was opened, moved and closed. What schools said of them is in ``school_days``.

Nothing is sent from here. A step that was taken is not written: the service takes those of a roll call that is still
open once more, and since a message's id follows from its step, whoever was told already is not told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from escalation_policies.roll_call.bureaus import move_cut_off, open_by_officer, open_by_schedule
from escalation_policies.roll_call.call import CLOSE, RollCall
from escalation_policies.roll_call.loader import Schedules
from escalation_policies.roll_call.window import Window
from escalation_policies.selector import Directory, SchoolName, Selector
from events.codec import decode
from events.errors import EventError
from events.escalation import Recipient
from events.ids import roll_call_id
from events.roll_call import CaseNoted, CutOffMoved, RollCallClosed, RollCallFact, RollCallOpened
from services.cli.replay.past import Past
from services.roll_call.opening import SINCE
from services.runtime.consumption import OUR_SOURCES, event_key
from services.runtime.directory import DirectorySnapshot
from services.runtime.remembered_facts import remembering
from services.runtime.roll_call_rows import StoredCall, call_row, saving_calls
from services.runtime.store import Store

OfBureau = RollCallOpened | CutOffMoved | RollCallClosed
PAGE = 200
"""Roll calls written in one transaction."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A fact about a whole roll call. ``ours``: it came by our own door, where its sender was checked."""

    fact: OfBureau
    ours: bool

    @property
    def by(self) -> str | None:
        """Return whose right to say it was checked."""
        return getattr(self.fact, "by", None) if self.ours else None


@dataclass
class BureausSaid:
    """What the bus has of whole roll calls, by roll call; and which cases were told to schools' roll calls."""

    facts: dict[str, dict[str, _Said]] = field(default_factory=dict)
    cases_told: set[str] = field(default_factory=set)
    records: int = 0

    async def read(self, past: Past) -> None:
        """Read ``tocsin.zero-reports``. A record that is there twice counts once; what cannot be read is no fact."""
        async for record in past.records("zero-reports"):
            try:
                found = decode(record.headers, record.value)
            except EventError:
                continue
            body, event_id = found.body, event_key(found.envelope)
            self.records += isinstance(body, RollCallFact)
            if isinstance(body, CaseNoted):
                self.cases_told.add(event_id)
            elif isinstance(body, OfBureau):
                wanted = roll_call_id(body.bureau_id, body.date.isoformat(), body.call)
                said = _Said(body, found.envelope.source.startswith(OUR_SOURCES))
                if said.ours or getattr(body, "by", None) is not None:  # only we open by a schedule, and close
                    self.facts.setdefault(wanted, {}).setdefault(event_id, said)

    @property
    def since(self) -> datetime | None:
        """Return when the first roll call that the bus knows of opened."""
        opened = (one.fact.received_at for facts in self.facts.values() for one in facts.values())
        return min(opened, default=None)

    def calls(self, schedules: Schedules, directory: DirectorySnapshot) -> list[RollCall]:
        """Return the roll calls as they stand. The schedule of each is the present one: the bus has none."""
        found = (_call(list(facts.values()), schedules, directory) for facts in self.facts.values())
        return [call for call in found if call is not None]


class AsAdmitted(Directory):
    """The directory, in which somebody holds whatever post is asked for.

    Who may answer, excuse or move was checked at the door by the directory of that day, which is not on the bus any
    more: a principal who has left since did answer for the school.
    """

    def __init__(self, directory: Directory, person_id: str | None) -> None:
        self._directory = directory
        self._admitted = person_id

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the people meant, and who was admitted."""
        found = self._directory.resolve(selector, school_id, at)
        if self._admitted is None:
            return found
        admitted = Recipient(person_id=self._admitted, name="", role="admitted", unit_id=school_id, unit_name="")
        return (*found, admitted)

    def school(self, school_id: str) -> SchoolName | None:
        """Return the school."""
        return self._directory.school(school_id)

    def recipient(self, person_id: str) -> Recipient | None:
        """Return a person by id."""
        return self._directory.recipient(person_id)

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return ``ids`` with whoever goes with them."""
        return self._directory.concerned(ids, heads)


def _call(facts: Sequence[_Said], schedules: Schedules, directory: DirectorySnapshot) -> RollCall | None:
    in_order = sorted(facts, key=lambda one: one.fact.received_at)
    opened = (
        _opened(one.fact, AsAdmitted(directory, one.by), schedules, directory)
        for one in in_order
        if isinstance(one.fact, RollCallOpened)
    )
    call = next((call for call in opened if call is not None), None)
    for one in in_order:
        if isinstance(one.fact, CutOffMoved) and call is not None:
            at = one.fact.received_at
            call = move_cut_off(call, one.fact, AsAdmitted(directory, one.by), at).state
    closed = next((one.fact for one in in_order if isinstance(one.fact, RollCallClosed)), None)
    return _closed(call, closed) if closed is not None and call is not None else call


def _opened(
    fact: RollCallOpened, admitted: Directory, schedules: Schedules, directory: DirectorySnapshot
) -> RollCall | None:
    schedule, bureau = schedules.of(fact.bureau_id), directory.unit(fact.bureau_id)
    if schedule is None or bureau is None:
        return None
    window = Window(
        bureau_id=fact.bureau_id,
        date=fact.date,
        call=fact.call,
        timezone=schedule.timezone or bureau.timezone,
        opens_at=fact.opens_at,
        cut_off=fact.cut_off,
        closes_at=fact.closes_at,
    )
    if fact.by is None:
        return open_by_schedule(schedule, window, bureau.name, fact.received_at).state
    return open_by_officer(None, fact, schedule, admitted, window, bureau.name).state


def _closed(call: RollCall, fact: RollCallClosed) -> RollCall:
    changed = call.model_copy(update={"closed_at": fact.received_at, "counts": fact.counts})
    return changed.noting(fact.received_at, f"{CLOSE}: as the bus has it")


async def keep_calls(store: Store, calls: Sequence[RollCall], since: datetime | None) -> None:
    """Write roll calls, and since when there are any: what should have opened meanwhile is opened afterwards."""
    is_sqlite = store.database.is_sqlite
    for start in range(0, len(calls), PAGE):
        rows = [call_row(StoredCall(call, 1)) for call in calls[start : start + PAGE]]
        async with store.transaction() as unit:
            await unit.write(saving_calls(is_sqlite=is_sqlite), rows)
    if since is not None:
        async with store.transaction() as unit:
            await unit.write(remembering(unit.connection, SINCE, since.isoformat()))
