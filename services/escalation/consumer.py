"""The escalation service's part of the unit of work: facts and deadlines go through the machine."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from escalation_policies.errors import PolicyError
from escalation_policies.loader import PolicyLibrary
from escalation_policies.selector import Directory
from events.base import CaseFact
from events.codec import Encoded
from events.topics import TopicName
from services.escalation.docket import Docket, Following
from services.escalation.reachability import take_answer
from services.escalation.timers import Timers
from services.runtime.clock import Clock
from services.runtime.consumption import OUR_SOURCES, Applied, Received, Rejected
from services.runtime.home import home_partition
from services.runtime.metrics import DEADLINE_LATENESS
from services.runtime.outbox_rows import Outgoing
from services.runtime.ownership import Ownership
from services.runtime.settings import Settings
from services.runtime.store import Store, UnitOfWork

FUTURE_LIMIT = timedelta(minutes=5)
"""A fact "received" further ahead than this carries a wrong clock, and its client should hear so.

Not one of ours: it was answered with a 202, and our own clock was set back since. It is judged as said now."""


_FAMILIES = ("edu.tocsin.incident.", "edu.tocsin.petition.")


class EscalationConsumer:
    """Applies the facts of incidents and petitions, and the stored deadlines of owned partitions."""

    name = "escalation"
    topics: tuple[TopicName, ...] = ("incidents", "petitions")

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        directory: Callable[[], Directory],
        policies: PolicyLibrary,
        code_key: bytes,
        timers: Timers,
        claims: Callable[[str], Ownership | None],
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._directory = directory
        self._policies = policies
        self._code_key = code_key
        self._timers = timers
        self._claims = claims
        self._wake = wake

    async def apply(self, unit: UnitOfWork, batch: Sequence[tuple[Ownership, Received]]) -> Applied:
        """Judge each event in its order; send on what belongs to another partition."""
        now = self._clock.now()
        away = [(owned, event) for owned, event in batch if _home(event) not in {None, event.record.partition}]
        await unit.append([(owned.name, _forward(event)) for owned, event in away])
        forwarded = [event for _, event in away]
        mine = [(owned, event) for owned, event in batch if event not in forwarded]
        docket = Docket(unit, self._directory(), self._policies, now)
        await docket.load({event.body.case_id for _, event in mine if isinstance(event.body, CaseFact)})
        rejected = []
        for owned, event in mine:
            reason = await self._hear(unit, docket, owned, event, now)
            if reason is not None:
                rejected.append(Rejected(event.record, reason, event.event_id))
        following = await docket.write(self._settings, self._code_key)
        return Applied(lambda: self._after(following), rejected, forwarded)

    async def _hear(
        self, unit: UnitOfWork, docket: Docket, owned: Ownership, event: Received, now: datetime
    ) -> str | None:
        """Judge one event; return why it cannot be, if it cannot."""
        body = event.body
        if not isinstance(body, CaseFact) or not event.envelope.type.startswith(_FAMILIES):
            return f"{event.envelope.type} does not belong on this topic"
        if body.received_at > now + FUTURE_LIMIT and not event.envelope.source.startswith(OUR_SOURCES):
            return f"received_at {body.received_at.isoformat()} lies in the future: is the producer's clock right?"
        try:
            if not await take_answer(unit, body):
                await docket.hear(owned, event.event_id, body)
        except PolicyError as error:
            return str(error)
        return None

    async def fire(self, due: Mapping[str, Sequence[str]]) -> None:
        """Apply the due deadlines of some cases, partition by partition, in one unit of work.

        Raises:
            StaleEpoch: some partitions belong to somebody else now; nothing was applied.
        """
        claims = {name: claim for name in due if (claim := self._claims(name)) is not None}
        fired: list[datetime] = []
        async with self._store.transaction(*claims.values()) as unit:
            now = self._clock.now()
            docket = Docket(unit, self._directory(), self._policies, now)
            await docket.load([case_id for name in claims for case_id in due[name]])
            for name, claim in claims.items():
                for case_id in due[name]:
                    fired += docket.fire(claim, case_id)
                await asyncio.sleep(0)  # who waits to read or to publish waits for one partition's share, not for all
            following = await docket.write(self._settings, self._code_key)
        for deadline in fired:
            DEADLINE_LATENESS.observe(self._clock.real_seconds(now - deadline))
        self._after(following)

    def _after(self, following: Sequence[Following]) -> None:
        for name, due, case_id in following:
            self._timers.put(name, due, case_id)
        self._wake()

    async def claimed(self, owned: Ownership) -> None:
        """Take up a partition: load its deadlines inside the horizon."""
        await self._timers.load(owned.name)

    async def lost(self, owned: Ownership) -> None:
        """Drop a partition's deadlines."""
        self._timers.drop(owned.name)


def _home(event: Received) -> int | None:
    return home_partition(event.body.case_id) if isinstance(event.body, CaseFact) else None


def _forward(event: Received) -> Outgoing:
    """Return the same event, bytes and id unchanged, keyed so that it reaches its case's home."""
    record = event.record
    assert isinstance(event.body, CaseFact)
    encoded = Encoded(event.event_id, event.body.case_id, list(record.headers), record.value or b"")
    return Outgoing(record.topic, encoded)
