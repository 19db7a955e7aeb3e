"""The reconciler: compares what was published with what downstream recorded, and publishes again what is missing.

A row is *confirmed* when its consumer's inbox has the event: deleted. It is *lost* when it went to an earlier
incarnation of the topic, when its consumer has read past its offset without having it, or when nothing was heard of
it for long: pending again. Ids are derived, so a repeat that was not needed does nothing.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence

import structlog
from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, delete, or_, select, union_all, update

from services.runtime.among import among
from services.runtime.database import Database
from services.runtime.metrics import RECORDS_REQUEUED
from services.runtime.outages import through_outages
from services.runtime.outbox_rows import CONFIRMED_BY
from services.runtime.settings import Settings
from services.runtime.tables import consumed, inbox, outbox
from services.runtime.topic_watch import TopicWatch

log = structlog.get_logger(__name__)
INTERVAL_SECONDS = 2.0
GRACE_MICROS = 2_000_000
"""A record younger than this may still be in a consumer's hands."""
SILENCE_MICROS = 600_000_000
"""Ten minutes without a word: published again, then after twenty, forty, … minutes."""
LONGEST_DOUBLING = 6
SILENCE_ROUNDS = 15
"""Silence is asked for every half a minute: it is the one question that looks at rows again and again."""
MOST_AT_ONCE = 10_000
"""Rows of a topic that one comparison deals with: the next one goes on."""
PAGE = 1_000
"""Rows that one transaction changes: others write in between."""


class Reconciler:
    """Looks after the lanes that this process owns."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        watch: TopicWatch,
        lanes: Callable[[], Sequence[str]],
        wake: Callable[[], None],
    ) -> None:
        self._database = database
        self._watch = watch
        self._lanes = lanes
        self._wake = wake
        self._rounds = 0
        self._asks_for_silence = False
        self._consumers = {settings.topic(name): consumer for name, consumer in CONFIRMED_BY.items()}

    async def run(self) -> None:
        """Compare every two seconds, for ever."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            await through_outages(self.compare, "nothing is compared meanwhile")

    async def compare(self) -> int:
        """Compare once; return how many records are to be published again."""
        lanes = list(self._lanes())
        requeued = 0
        if not lanes or not await self._any_unconfirmed(lanes):
            return 0
        self._asks_for_silence = self._rounds % SILENCE_ROUNDS == 0
        self._rounds += 1
        for topic, consumer in self._consumers.items():
            if topic in self._watch.ids and not self._watch.away:
                rows = await self._in_question(lanes, topic, consumer, self._watch.ids[topic])
                ours = and_(outbox.c.id.in_(rows), outbox.c.topic == topic, outbox.c.lane.in_(lanes))
                await self._remove_confirmed(ours, consumer)
                requeued += await self._requeue_lost(ours, consumer)
        if requeued:
            RECORDS_REQUEUED.inc(requeued)
            log.warning("records.requeued", count=requeued, meaning="the bus lost them; they are published again")
            self._wake()
        return requeued

    async def _any_unconfirmed(self, lanes: Sequence[str]) -> bool:
        """Return whether there is anything to compare: on a quiet day this one question is all that is asked."""
        some = select(outbox.c.id).where(outbox.c.lane.in_(lanes), ~outbox.c.pending).limit(1)
        async with self._database.reading() as connection:
            return (await connection.execute(some)).first() is not None

    async def _in_question(
        self, lanes: Sequence[str], topic: str, consumer: str, topic_id: str
    ) -> CompoundSelect[tuple[int]]:
        """Return which rows of a topic there is something to say about, each found by an index.

        What its consumer has not reached is most of what there is while that is away or behind: nobody looks at it.
        """
        places = select(consumed.c.topic_id, consumed.c.partition, consumed.c.offset).where(
            consumed.c.consumer == consumer, consumed.c.topic == topic
        )
        async with self._database.reading() as connection:
            reached = (await connection.execute(places)).all()
        published = select(outbox.c.id).where(~outbox.c.pending, outbox.c.topic == topic)
        elsewhere = [published.where(outbox.c.topic_id < topic_id), published.where(outbox.c.topic_id > topic_id)]
        read = [
            published.where(
                outbox.c.topic_id == place.topic_id,
                outbox.c.partition == place.partition,
                outbox.c.offset <= place.offset,
            )
            for place in reached
        ]
        to_come = published.where(outbox.c.lane.in_(lanes), self._is_to_come())
        silent = [select(outbox.c.id).where(~outbox.c.pending, outbox.c.lane.in_(lanes), self._silent())]
        return union_all(*elsewhere, *read, to_come, *(silent if self._asks_for_silence else ()))

    async def _remove_confirmed(self, ours: ColumnElement[bool], consumer: str) -> None:
        """Delete the rows that their consumer has handled."""
        ids = await self._ids(ours, _handled_by(consumer).exists())
        for page in _pages(ids):
            async with self._database.writing() as connection:
                await connection.execute(delete(outbox).where(self._among(page)))

    async def _requeue_lost(self, ours: ColumnElement[bool], consumer: str) -> int:
        """Make the rows pending that are old enough and were not handled; return how many."""
        old = or_(outbox.c.published_at < self._database.now_micros - GRACE_MICROS, self._is_to_come())
        ids = await self._ids(ours, old, ~_handled_by(consumer).exists())
        for page in _pages(ids):
            async with self._database.writing() as connection:
                await connection.execute(update(outbox).where(self._among(page)).values(pending=True))
        return len(ids)

    async def _ids(self, *conditions: ColumnElement[bool]) -> list[int]:
        async with self._database.reading() as connection:
            return [
                row.id for row in await connection.execute(select(outbox.c.id).where(*conditions).limit(MOST_AT_ONCE))
            ]

    def _among(self, ids: Collection[int]) -> ColumnElement[bool]:
        return among(outbox.c.id, ids, is_sqlite=self._database.is_sqlite)

    def _is_to_come(self) -> ColumnElement[bool]:
        """Return the condition that a record was published in a time to come: the clock was set back since.

        How long ago it was nobody can say, and its time may be hours away: it is published again at once, and has then
        a time of the present.
        """
        return outbox.c.published_at > self._database.now_micros

    def _silent(self) -> ColumnElement[bool]:
        now = self._database.now_micros
        by_tries = or_(
            *(
                and_(outbox.c.tries == doublings + 1, outbox.c.published_at < now - (SILENCE_MICROS << doublings))
                for doublings in range(LONGEST_DOUBLING)
            ),
            and_(
                outbox.c.tries > LONGEST_DOUBLING,
                outbox.c.published_at < now - (SILENCE_MICROS << LONGEST_DOUBLING),
            ),
        )
        return and_(outbox.c.published_at < now - SILENCE_MICROS, by_tries)


def _handled_by(consumer: str) -> Select[tuple[str]]:
    """Return the inbox's own row of an outbox row."""
    return select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == outbox.c.event_id)


def _pages(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + PAGE] for start in range(0, len(ids), PAGE))
