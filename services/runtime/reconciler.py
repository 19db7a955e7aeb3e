"""The reconciler: compares what was published with what downstream recorded, and publishes again what is missing.

A row is *confirmed* when its consumer's inbox has the event: deleted. It is *lost* when it went to an earlier
incarnation of the topic, when its consumer has read past its offset without having it, or when nothing was heard of
it for long: pending again. Ids are derived, so a repeat that was not needed does nothing.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

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
PAGE = 1_000


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
        for topic, consumer in self._consumers.items():
            if topic in self._watch.ids and not self._watch.away:
                await self._remove_confirmed(lanes, topic, consumer)
                requeued += await self._requeue_lost(lanes, topic, consumer, self._watch.ids[topic])
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

    async def _remove_confirmed(self, lanes: Sequence[str], topic: str, consumer: str) -> None:
        confirmed = select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == outbox.c.event_id)
        page = (
            select(outbox.c.id)
            .where(outbox.c.lane.in_(lanes), ~outbox.c.pending, outbox.c.topic == topic, confirmed.exists())
            .limit(PAGE)
        )
        while True:
            async with self._database.reading() as connection:
                ids = list((await connection.execute(page)).scalars())
            if ids:
                async with self._database.writing() as connection:
                    await connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
            if len(ids) < PAGE:
                return

    async def _requeue_lost(self, lanes: Sequence[str], topic: str, consumer: str, topic_id: str) -> int:
        confirmed = select(inbox.c.event_id).where(inbox.c.consumer == consumer, inbox.c.event_id == outbox.c.event_id)
        lost = select(outbox.c.id).where(
            outbox.c.lane.in_(lanes),
            ~outbox.c.pending,
            outbox.c.topic == topic,
            outbox.c.published_at < self._database.now_micros - GRACE_MICROS,
            ~confirmed.exists(),
            or_(outbox.c.topic_id != topic_id, self._passed_over(consumer), self._silent()),
        )
        async with self._database.reading() as connection:
            if not (await connection.execute(select(func.count()).select_from(lost.subquery()))).scalar_one():
                return 0
        async with self._database.writing() as connection:
            result = await connection.execute(update(outbox).where(outbox.c.id.in_(lost)).values(pending=True))
            return int(result.rowcount)

    @staticmethod
    def _passed_over(consumer: str) -> ColumnElement[bool]:
        return (
            select(consumed.c.offset)
            .where(
                consumed.c.consumer == consumer,
                consumed.c.topic == outbox.c.topic,
                consumed.c.partition == outbox.c.partition,
                consumed.c.topic_id == outbox.c.topic_id,
                consumed.c.offset >= outbox.c.offset,
            )
            .exists()
        )

    def _silent(self) -> ColumnElement[bool]:
        now = self._database.now_micros
        return or_(
            *(
                and_(outbox.c.tries == doublings + 1, outbox.c.published_at < now - (SILENCE_MICROS << doublings))
                for doublings in range(LONGEST_DOUBLING)
            ),
            and_(
                outbox.c.tries > LONGEST_DOUBLING,
                outbox.c.published_at < now - (SILENCE_MICROS << LONGEST_DOUBLING),
            ),
        )
