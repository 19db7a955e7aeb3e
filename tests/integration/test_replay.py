"""A database that is lost is rebuilt from the bus: the same cases, timelines and notification ids (promise 10)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from events.incident import IncidentAcknowledged, IncidentDeclined, ReportJoined, ReportSeparated
from services.cli.replay.rebuilding import NotEmpty, Rebuilt, rebuild
from services.cli.replay.verifying import verdicts
from services.escalation.journal_topic import JournalTopic
from services.runtime.bus_admin import BusAdmin
from services.runtime.database import Database
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tables import cases, codes, journal, notifications, outbox
from services.runtime.topic_watch import TopicWatch
from tests.support.intake import DIRECTOR, LAKE, NOW, PRINCIPAL
from tests.support.lost_memory import assert_same, contents, live, messages, sent
from tests.support.paper_bus import PaperBus
from tests.support.store_rows import CODE_KEY, claim, rows_of
from tests.support.whole_chain import Chain, chain_on

SETTINGS = Settings()


@asynccontextmanager
async def on_paper(database: Database, folder: Path) -> AsyncIterator[tuple[Chain, PaperBus]]:
    bus = PaperBus(SETTINGS)
    async with chain_on(database, SETTINGS, bus, folder) as chain:
        yield chain, bus


async def replayed(chain: Chain, into: Database) -> Rebuilt:
    return await rebuild(SETTINGS, Store(into), chain.bus.past, CODE_KEY, chain.clock.now())


async def test_worker_goes_on_from_a_rebuilt_database(database: Database, empty: Database, tmp_path: Path) -> None:
    """It reads the bus from its start and applies nothing twice, sends nothing twice, and fires what is due next."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await live(chain)
        await replayed(chain, empty)
        before = sent(tmp_path)
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            again.clock.show(chain.clock.now())
            await again.read()
            await assert_same(database, empty, cases, journal)
            assert (await rows_of(empty, outbox), sent(tmp_path)) == ([], before)
            for one in (chain, again):
                await one.pass_minutes(90)
            await assert_same(database, empty, cases, journal)
            open_case = next(row for row in await rows_of(empty, cases) if row.kind == "food-poisoning").case_id
            fact = IncidentAcknowledged(case_id=open_case, received_at=again.clock.now(), by=PRINCIPAL)
            await again.say(fact, "said after the loss")
            await again.settle()
    last = [row for row in await rows_of(empty, journal) if row.case_id == open_case][-1]
    assert PRINCIPAL in last.entry
    assert len(sent(tmp_path)) == len(set(sent(tmp_path)))


async def test_what_had_not_reached_the_bus_is_done_again(database: Database, empty: Database, tmp_path: Path) -> None:
    """The database died between a decision's first record on the bus and its last: the rest goes out, once."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await chain.intake.file(school_id=LAKE, severity="III")
        await chain.publish()
        await chain.judge()
        lanes = list(chain.claims)
        assert await bus.publish(database, lanes, most=2) == 2
        lost = await rows_of(database, outbox)
        assert {row.topic for row in lost} == {"tocsin.escalations", "tocsin.notifications"}
        done = await replayed(chain, empty)
        assert done.sent_on == len(lost)
        await assert_same(database, empty, cases, journal, codes)
        again = [(row.topic, row.event_id, row.value) for row in await rows_of(empty, outbox)]
        assert again == [(row.topic, row.event_id, row.value) for row in lost]


async def test_report_that_was_separated_and_not_published_is_on_its_way_again(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """By the journal it opens a case of its own: it goes out, and does; one that is on the bus is not sent again."""
    async with on_paper(database, tmp_path) as (chain, bus):
        case_id = (await chain.intake.file(school_id=LAKE, report_id="first"))["case_id"]
        for name in ("second", "third"):
            await chain.intake.file(school_id=LAKE, report_id=name, separate=False)
        joined = [fact for fact in await chain.intake.facts() if isinstance(fact, ReportJoined)]
        await chain.settle()
        for fact in joined:
            parted = ReportSeparated(case_id=case_id, received_at=NOW, by=DIRECTOR, report=fact.report)
            await chain.say(parted, fact.report.report_id)
            await chain.judge()
        waiting = [row.topic for row in await rows_of(database, outbox)]
        await bus.publish(database, list(chain.claims), most=waiting.index("tocsin.incidents"))
        done = await replayed(chain, empty)
        lost = [row.event_id for row in await rows_of(database, outbox) if row.topic == "tocsin.incidents"]
        assert [row.event_id for row in await rows_of(empty, outbox) if row.topic == "tocsin.incidents"] == lost
        assert (len(lost), done.recognised, done.facts) == (1, 5, 6)
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            await again.settle()
            await again.read()
    assert len(await rows_of(empty, cases)) == 3


async def test_message_that_nobody_took_up_is_sent_and_one_of_long_ago_is_not(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """On the bus without a trace: sent when the notifier starts; a day later it says nothing any more."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await chain.intake.file(school_id=LAKE, severity="III")
        await chain.judge()
        await chain.publish()
        [[asked]] = [log for log in bus.log("notifications") if log]
        assert asked.value is not None
        chain.clock.show(NOW + timedelta(hours=23))
        await replayed(chain, empty)
        assert await rows_of(empty, notifications) == []
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            await again.read()
        [message] = await rows_of(empty, notifications)
        assert (message.state, sent(tmp_path)) == ("handed-over", [message.notification_id])


async def test_old_message_without_a_trace_is_kept_as_not_sent(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """More than a day after it was due it is not sent any more, and its row says why; so too off the bus."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await chain.intake.file(school_id=LAKE, severity="III")
        await chain.judge()
        await chain.publish()
        await chain.pass_minutes(5)
        await bus.publish(database, list(chain.claims), most=1)
        chain.clock.show(NOW + timedelta(hours=25))
        done = await replayed(chain, empty)
        rows = await rows_of(empty, notifications)
        assert {(row.state, row.next_try_at) for row in rows} == {("failed-permanent", None)}
        assert len(rows) == done.notifications == 2
        assert all("no record says what became of it" in row.reason for row in rows)
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            await again.read()
    assert not (tmp_path / "outbox.jsonl").exists()


async def test_case_whose_journal_is_not_whole_is_left_out_and_its_facts_are_judged_anew(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """Retention cut the journal's start: the case is named, and opened by its report when the worker starts."""
    async with on_paper(database, tmp_path) as (chain, bus):
        cut = (await chain.intake.file(school_id=LAKE, severity="III"))["case_id"]
        whole = (await chain.intake.file(school_id=LAKE, kind="injury"))["case_id"]
        await chain.settle()
        for log in bus.log("escalations"):
            if log and log[0].key == cut.encode():
                del log[0]
        done = await replayed(chain, empty)
        assert list(done.left_out) == [cut]
        assert done.left_out[cut] == "entry 1 is missing"
        assert [row.case_id for row in await rows_of(empty, cases)] == [whole]
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            await again.settle()
            await again.read()
        assert {row.case_id for row in await rows_of(empty, cases)} == {cut, whole}
    assert len(sent(tmp_path)) == len(set(sent(tmp_path)))


async def test_records_that_came_twice_count_once(database: Database, empty: Database, tmp_path: Path) -> None:
    """A relay that died before it noted what was published repeats it: the memory is the same."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await live(chain)
        for topic in ("escalations", "notifications", "deliveries"):
            for log in bus.log(topic):
                log.extend(log[len(log) // 2 :])
        await replayed(chain, empty)
    await assert_same(database, empty, cases, journal, codes)
    assert await messages(empty) == await messages(database)


async def test_two_facts_that_say_the_same_count_as_often_as_the_journal_has_them(
    database: Database, empty: Database, tmp_path: Path
) -> None:
    """One of two equal refusals was applied when the database was lost: the other is applied after it."""
    async with on_paper(database, tmp_path) as (chain, bus):
        case_id = (await chain.intake.file(school_id=LAKE, severity="III"))["case_id"]
        await chain.settle()
        fact = IncidentDeclined(case_id=case_id, received_at=chain.clock.now(), by=PRINCIPAL)
        await chain.say(fact, "once")
        await chain.settle()
        await chain.say(fact, "twice")
        await chain.publish()
        done = await replayed(chain, empty)
        assert (done.facts, done.recognised) == (3, 2)
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            await again.read()
    known = [row.kind for row in await rows_of(database, journal)]
    assert [row.kind for row in await rows_of(empty, journal)] == [*known, "action-withheld"]


async def test_database_with_a_past_of_its_own_is_refused(database: Database, tmp_path: Path) -> None:
    """Nothing is written into it."""
    async with on_paper(database, tmp_path) as (chain, _):
        await chain.intake.file(school_id=LAKE)
        await chain.settle()
        before = await contents(database, cases, journal, codes)
        with pytest.raises(NotEmpty, match="cases has 1 rows"):
            await replayed(chain, database)
        assert await contents(database, cases, journal, codes) == before


async def test_rebuilt_database_follows_from_its_journals(database: Database, empty: Database, tmp_path: Path) -> None:
    """`tocsin verify` finds nothing in the lost database nor in the new one."""
    async with on_paper(database, tmp_path) as (chain, _):
        await live(chain)
        await replayed(chain, empty)
    for one in (database, empty):
        found = [verdict async for verdict in verdicts(one)]
        assert [verdict.fault for verdict in found] == [None] * 4


@pytest.mark.parametrize("topic_id", ["id-of-escalations", "the-next-id"])
async def test_topic_that_is_recreated_after_the_replay_is_given_the_whole_journal_again(
    database: Database, empty: Database, tmp_path: Path, topic_id: str
) -> None:
    """The rebuilt memory knows which incarnation of the topic has its past: this one needs nothing, the next all."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await chain.intake.file(school_id=LAKE, severity="III")
        await chain.settle()
        await replayed(chain, empty)
    entries = await rows_of(empty, journal)
    owned = await claim(empty, f"escalation/{entries[0].partition}")
    watch = TopicWatch(SETTINGS, BusAdmin(SETTINGS, "127.0.0.1:1"))
    topic = JournalTopic(SETTINGS, Store(empty), watch, lambda: [owned], lambda: None)
    await topic.catch_up(owned, topic_id)
    expected = [] if topic_id == bus.topic_id("escalations") else [row.entry for row in entries]
    assert [row.value.decode() for row in await rows_of(empty, outbox)] == expected


@pytest.mark.parametrize("lost", [0, 1], ids=["all is on the bus", "the cancellation never reached the bus"])
async def test_message_that_was_called_back_in_the_night_is_not_sent_from_a_rebuilt_database(
    database: Database, empty: Database, tmp_path: Path, lost: int
) -> None:
    """A petition of 23:00 is answered before anybody is woken for it: nobody is, though all was lost in the night."""
    async with on_paper(database, tmp_path) as (chain, bus):
        await chain.pass_minutes(9 * 60)
        await chain.intake.petition(kind="petition-fees")
        await chain.settle()
        [message] = await rows_of(database, notifications)
        answered = IncidentAcknowledged(case_id=message.case_id, received_at=chain.clock.now(), by=PRINCIPAL)
        await chain.say(answered, "said in the night")
        await chain.judge()
        waiting = [row.topic for row in await rows_of(database, outbox)]
        assert waiting[-1] == "tocsin.notifications"
        await bus.publish(database, list(chain.claims), most=len(waiting) - lost)
        if not lost:
            await chain.read()
            await chain.settle()
        done = await replayed(chain, empty)
        assert done.sent_on == lost
        async with chain_on(empty, SETTINGS, bus, tmp_path) as again:
            again.clock.show(chain.clock.now())
            await again.settle()
            await again.read()
            await again.pass_minutes(10 * 60)
            await again.settle()
    states = {row.notification_id: row.state for row in await rows_of(empty, notifications)}
    assert states[message.notification_id] == "cancelled"
    assert not (tmp_path / "outbox.jsonl").exists()
