"""A message that does not arrive is told to its case, so that the next channel, or another person, is tried."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.notifier.channels.base import Refused, TryLater
from services.runtime.clock import Clock, wall_now
from services.runtime.database import Database
from services.runtime.tables import outbox
from tests.support.notices import ScriptedChannel, failing, requested, silent
from tests.support.notifier_worker import NAME, facts_of, is_true, row_of, topic, until, working

BUSY = failing(TryLater("busy", retry_after=timedelta(seconds=0.3)))


async def test_message_that_no_provider_takes_in_time_is_told_of_once_and_goes_on(database: Database) -> None:
    """Late, then handed over after all: the case heard why, and nothing was given up."""
    channel = ScriptedChannel(script=[BUSY, BUSY])
    async with working(database, channel, handover_patience_seconds=0.1) as worker:
        await worker.receive(requested())
        await worker.idle()
    [fact] = await facts_of(database)
    assert (fact.cause, fact.notification_id, fact.case_id) == ("late", "notice-1", "case-1")
    assert fact.reason == "no provider has taken it within 0.1 s: busy"
    assert (await row_of(database)).state == "handed-over"


async def test_fact_says_what_the_message_was_to_say_and_has_a_key_and_an_envelope(database: Database) -> None:
    """The machine needs its level, clock and template to send the same by another way; the record's key is the case."""
    request = requested(lane="reminder", template="incident_reminder", note="again", deadline=None)
    async with working(database, ScriptedChannel(script=[failing(Refused("no"))])) as worker:
        await worker.receive(request)
        await worker.idle()
    [fact] = await facts_of(database)
    same = ("level", "clock", "step", "lane", "template", "deadline", "note", "person_id", "contact_id", "channel")
    assert {name: getattr(fact, name) for name in same} == {name: getattr(request, name) for name in same}
    async with database.reading() as connection:
        rows = (await connection.execute(select(outbox).where(outbox.c.topic == topic("incidents")))).all()
    assert [(row.key, row.lane) for row in rows] == [("case-1", NAME)]
    assert '"ce_source","/tocsin/notifier"' in rows[0].headers.replace(" ", "")


async def test_message_that_ends_is_told_of_in_the_same_transaction_as_its_end(database: Database) -> None:
    """Refused for good: one fact, with the provider's reason, next to the row's last step."""
    async with working(database, ScriptedChannel(script=[failing(Refused("30007: filtered"))])) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(worker.sender.unfinished == 0))
    [fact] = await facts_of(database)
    assert (fact.cause, fact.reason) == ("failed", "30007: filtered")


async def test_late_message_that_then_fails_is_told_of_twice_under_two_ids(database: Database) -> None:
    """*Late* asks for another way; *failed* says that this way is over."""
    channel = ScriptedChannel(script=[BUSY, failing(Refused("no"))])
    async with working(database, channel, handover_patience_seconds=0.05) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert [fact.cause for fact in await facts_of(database)] == ["late", "failed"]
    async with database.reading() as connection:
        ids = (
            await connection.execute(select(outbox.c.event_id).where(outbox.c.topic == topic("incidents")))
        ).scalars()
        assert len(set(ids)) == 2


async def test_petitions_fact_goes_to_the_topic_of_petitions(database: Database) -> None:
    """Where every other fact about that case goes."""
    async with working(database, ScriptedChannel(script=[failing(Refused("no"))])) as worker:
        await worker.receive(requested(template="petition_alert"))
        await worker.idle()
    async with database.reading() as connection:
        topics = set((await connection.execute(select(outbox.c.topic))).scalars())
    assert topics == {topic("petitions"), topic("deliveries")}


@pytest.mark.parametrize("script", [[BUSY], [failing(Refused("no"))]], ids=["late", "failed"])
async def test_nobody_is_told_of_bulk(database: Database, script: list[object]) -> None:
    """A notice to ten thousand does not call the stand-ins of those it misses."""
    async with working(database, ScriptedChannel(script=script), handover_patience_seconds=0.05) as worker:  # type: ignore[arg-type]
        await worker.receive(requested(lane="bulk"))
        await worker.idle()
    assert await facts_of(database) == []


async def test_patience_counts_on_while_nobody_answers(database: Database) -> None:
    """The provider is silent, and the case hears it long before the call is given up."""
    channel = ScriptedChannel(script=[silent])
    async with working(
        database, channel, timeout_seconds=30, patience_seconds=0, handover_patience_seconds=0.1
    ) as worker:
        await worker.receive(requested())

        async def told() -> bool:
            return len(await facts_of(database)) == 1

        await until(told)
        await worker.consumer.lost(worker.owned)


async def test_next_owner_does_not_tell_again_that_a_message_is_late(database: Database) -> None:
    """It was told in a transaction with the row, so whoever takes over knows."""
    long_busy = failing(TryLater("busy", retry_after=timedelta(seconds=60)))
    async with working(database, ScriptedChannel(script=[long_busy]), handover_patience_seconds=0.05) as worker:
        await worker.receive(requested())

        async def told() -> bool:
            return bool((await row_of(database)).is_late)

        await until(told)
    async with working(database, ScriptedChannel(), handover_patience_seconds=0.05) as worker:
        await until(lambda: is_true(worker.sender.unfinished == 1))
    assert len(await facts_of(database)) == 1


async def test_patience_is_real_time_at_any_speed_of_the_clock(database: Database) -> None:
    """A clock a thousand times faster makes no message late in a fifteenth of a second."""
    slow, fast = failing(TryLater("busy")), Clock(1000.0, wall_now(), wall_now())
    async with working(database, ScriptedChannel(script=[slow, slow]), clock=fast) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert await facts_of(database) == []


async def test_long_reason_is_cut_to_what_a_fact_may_carry(database: Database) -> None:
    """A provider's essay does not make the fact unwritable."""
    async with working(database, ScriptedChannel(script=[failing(TryLater("x" * 300))] * 4)) as worker:
        await worker.receive(requested())
        await worker.idle()
    [fact] = await facts_of(database)
    assert (fact.cause, len(fact.reason)) == ("failed", 300)
