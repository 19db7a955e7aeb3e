"""The sending pipeline on a real database: intent before the call, outcome after, and nothing lost in between."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from events.directory import EntryRemoved
from services.notifier.channels.base import Handed, Message, OutcomeUnknown, Refused, TryLater
from services.notifier.rules import SendingRules
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.settings import load_settings
from services.runtime.tables import notifications, outbox
from tests.support.notices import ScriptedChannel, failing, requested, silent
from tests.support.notifier_worker import NAME, QUICK, arrived, is_in, row_of, states_of, until, working
from tests.support.store_rows import rows_of


async def test_intent_is_stored_before_the_call_and_outcome_after(database: Database) -> None:
    """While the provider has the message, the row says ``attempted``; afterwards, that it was handed over."""
    during: list[tuple[str, int]] = []

    async def look(message: Message) -> Handed:
        row = await row_of(database)
        during.append((row.state, row.tries))
        return Handed("SM1")

    async with working(database, ScriptedChannel(script=[look])) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert during == [("attempted", 1)]
    assert (row.state, row.tries, row.provider, row.provider_id) == ("handed-over", 1, "scripted", "SM1")
    assert row.next_try_at is None
    assert await states_of(database) == [("attempted", 1), ("handed-over", 1)]


async def test_delivery_record_is_keyed_by_notification_and_has_a_derived_id(database: Database) -> None:
    """Two steps are two events, and the same step is the same event."""
    async with working(database, ScriptedChannel()) as worker:
        await worker.receive(requested())
        await worker.idle()
    async with database.reading() as connection:
        rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    assert {(row.topic, row.key, row.lane) for row in rows} == {("tocsin.deliveries", "notice-1", NAME)}
    assert len({row.event_id for row in rows}) == len(rows) == 2


async def test_repeated_request_is_sent_once(database: Database) -> None:
    """The same notification in one batch, and again in another, is one message."""
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(), requested())
        await worker.receive(requested())
        await worker.idle()
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == ["notice-1"]


async def test_message_is_in_a_sites_own_words(database: Database, tmp_path: Path) -> None:
    """The folder of the settings reaches whoever hands messages over."""
    own = "先拨110、119或120。{{ m.kind }}，{{ m.school }}，{{ m.deadline }}，{{ m.code }}"
    macro = f"{{% macro incident_alert(m) %}}{own}{{% endmacro %}}"
    (tmp_path / "sms.zh.j2").write_text(macro, encoding="utf-8")
    texts: list[str] = []

    async def read(message: Message) -> Handed:
        texts.append(message.text)
        return Handed("SM1")

    rules = SendingRules.of(load_settings(templates=tmp_path))
    async with working(database, ScriptedChannel(script=[read]), templates=rules.templates) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert texts == ["先拨110、119或120。火灾，阳光县第一中心小学，14:35，K7Q2MX"]


async def test_channel_that_nobody_serves_is_refused_and_the_request_beside_it_is_sent(database: Database) -> None:
    """A call that this notifier cannot make ends with its reason, and holds up nothing."""
    channel = ScriptedChannel()
    call = requested(notification_id="call-1", channel="voice")
    async with working(database, channel) as worker:
        await worker.receive(call, requested())
        await worker.idle()
    rows = {row.notification_id: row for row in await rows_of(database, notifications)}
    assert channel.sent == ["notice-1"]
    assert rows["call-1"].state == "failed-permanent"
    assert rows["call-1"].next_try_at is None


async def test_event_of_another_family_is_rejected_and_the_request_beside_it_is_sent(database: Database) -> None:
    """A stray record on the topic goes to the dead letters, and holds up nothing."""
    channel = ScriptedChannel()
    stray = arrived(EntryRemoved(entry_id="person-1"), EntryRemoved.TYPE)
    async with working(database, channel) as worker:
        async with worker.store.transaction(worker.owned) as unit:
            applied = await worker.consumer.apply(unit, [(worker.owned, stray), (worker.owned, arrived(requested()))])
        assert applied.after_commit is not None
        applied.after_commit()
        await worker.idle()
    assert [item.record for item in applied.rejected] == [stray.record]
    assert channel.sent == ["notice-1"]


async def test_temporary_failure_is_tried_again(database: Database) -> None:
    """Twice not taken, then taken; every try is told of."""
    channel = ScriptedChannel(script=[failing(TryLater("busy")), failing(TryLater("busy"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert await states_of(database) == [
        ("attempted", 1),
        ("failed-temporary", 1),
        ("attempted", 2),
        ("failed-temporary", 2),
        ("attempted", 3),
        ("handed-over", 3),
    ]


async def test_retry_after_is_waited_for(database: Database) -> None:
    """The provider's own pace is longer than ours, so it counts; the stored time says the same."""
    channel = ScriptedChannel(script=[failing(TryLater("busy", retry_after=timedelta(seconds=60)))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await until(lambda: is_in(database, "failed-temporary"))
        row = await row_of(database)
    assert row.next_try_at - row.updated_at > timedelta(seconds=59)
    assert channel.sent == ["notice-1"]


async def test_stored_next_try_means_real_time_at_any_speed_of_the_clock(database: Database) -> None:
    """Sixty real seconds are an hour of a clock sixty times faster."""
    channel = ScriptedChannel(script=[failing(TryLater("busy", retry_after=timedelta(seconds=60)))])
    async with working(database, channel, clock=Clock(speed=60)) as worker:
        await worker.receive(requested())
        await until(lambda: is_in(database, "failed-temporary"))
        row = await row_of(database)
    assert row.next_try_at - row.updated_at > timedelta(minutes=59)


async def test_permanent_failure_is_not_tried_again(database: Database) -> None:
    """An opted-out number gets one try, and the reason is kept."""
    channel = ScriptedChannel(script=[failing(Refused("21610: opted out"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert (row.state, row.reason, row.next_try_at) == ("failed-permanent", "21610: opted out", None)
    assert channel.sent == ["notice-1"]


async def test_failure_that_lasts_is_given_up_with_its_reason(database: Database) -> None:
    """After the limit the chain must go on by another road, so the end is told."""
    channel = ScriptedChannel(script=[failing(TryLater("no route"))] * 9)
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert len(channel.sent) == QUICK.tries
    assert (row.state, row.reason) == ("failed-permanent", "given up after 4 tries: no route")


async def test_unknown_outcome_found_at_the_provider_is_not_sent_again(database: Database) -> None:
    """Taken behind a 5xx: found, so handed over, with no second message."""
    channel = ScriptedChannel(script=[failing(OutcomeUnknown("500"))], has=lambda _: Handed("SM9"))
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == channel.looked_up == ["notice-1"]
    assert (await row_of(database)).provider_id == "SM9"
    assert await states_of(database) == [("attempted", 1), ("outcome-unknown", 1), ("handed-over", 1)]


async def test_unknown_outcome_not_found_is_sent_again(database: Database) -> None:
    """Not there: a duplicate would be better than silence."""
    channel = ScriptedChannel(script=[failing(OutcomeUnknown("500"))])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert channel.sent == ["notice-1", "notice-1"]
    assert (await row_of(database)).state == "handed-over"


async def test_provider_that_never_answers_is_an_unknown_outcome_and_given_up_in_the_end(database: Database) -> None:
    """Even a channel without a time-out of its own is held to one."""
    channel = ScriptedChannel(script=[silent])
    async with working(database, channel, timeout_seconds=0.05) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert ("outcome-unknown", 1) in await states_of(database)
    assert len(channel.sent) == 2


async def test_channel_that_breaks_holds_up_nothing(database: Database) -> None:
    """A bug in a channel is one unknown outcome, not the end of the notifier."""
    channel = ScriptedChannel(script=[failing(ZeroDivisionError())])
    async with working(database, channel) as worker:
        await worker.receive(requested(), requested(notification_id="notice-2"))
        await worker.idle()
    assert {(await row_of(database, each)).state for each in ("notice-1", "notice-2")} == {"handed-over"}
