"""Several providers of one channel: the next one is tried at once, and who may have a message is asked first."""

import asyncio
from datetime import timedelta
from typing import Any

from services.notifier.channels.base import Handed, OutcomeUnknown, Refused, TryLater
from services.runtime.database import Database
from tests.support.notices import ScriptedChannel, failing, requested, silent
from tests.support.notifier_worker import facts_of, is_in, is_true, row_of, states_of, until, working

DOWN = failing(TryLater("cannot be reached", retry_after=timedelta(seconds=60)))


def pair(**first: Any) -> tuple[ScriptedChannel, ScriptedChannel]:
    return ScriptedChannel(provider="first", **first), ScriptedChannel(provider="second")


async def test_message_that_the_first_provider_does_not_take_goes_to_the_second_at_once(database: Database) -> None:
    """The first said: come back in a minute. Nobody waits for that while another is there."""
    first, second = pair(script=[DOWN])
    async with working(database, first, second) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert (first.sent, second.sent) == (["notice-1"], ["notice-1"])
    row = await row_of(database)
    assert (row.state, row.provider, row.tries) == ("handed-over", "second", 2)


async def test_first_provider_is_preferred_while_it_works(database: Database) -> None:
    """The order of the settings is kept."""
    first, second = pair()
    async with working(database, first, second) as worker:
        await worker.receive(*(requested(notification_id=f"n{number}") for number in range(5)))
        await worker.idle()
    assert (len(first.sent), second.sent) == (5, [])


async def test_provider_that_may_have_it_is_asked_before_another_sends_it(database: Database) -> None:
    """Taken behind a 5xx: the first has it, so the second sends nothing."""
    first, second = pair(script=[failing(OutcomeUnknown("500"))], has=lambda _: Handed("SM9"))
    async with working(database, first, second) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert (first.looked_up, second.sent) == (["notice-1"], [])
    assert ((await row_of(database)).provider, (await row_of(database)).provider_id) == ("first", "SM9")


async def test_message_that_the_first_does_not_have_is_sent_by_the_second(database: Database) -> None:
    """Unknown, looked up, not there: the one that answers so badly is not the one to try again."""
    first, second = pair(script=[failing(OutcomeUnknown("500"))])
    async with working(database, first, second) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert (first.sent, first.looked_up, second.sent) == (["notice-1"], ["notice-1"], ["notice-1"])


async def test_claim_after_a_death_asks_the_provider_that_the_row_names(database: Database) -> None:
    """Died while the second had it: the first, though preferred, knows nothing of it."""
    first, second = pair(script=[DOWN])
    second.script = [silent]
    async with working(database, first, second, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(second.sent))
    first, second = pair()
    second._has = lambda _: Handed("SM2")
    async with working(database, first, second) as worker:
        await worker.idle()
    assert (first.looked_up, second.looked_up, first.sent, second.sent) == ([], ["notice-1"], [], [])
    assert (await row_of(database)).provider == "second"


async def test_message_of_a_provider_that_is_no_more_is_sent_again(database: Database) -> None:
    """The settings have changed since: who may have it cannot be asked."""
    gone = ScriptedChannel(provider="gone", script=[silent])
    async with working(database, gone, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(gone.sent))
    first, second = pair()
    async with working(database, first, second) as worker:
        await worker.idle()
    assert (first.sent, first.looked_up) == (["notice-1"], [])


async def test_refusal_ends_a_message_only_when_every_provider_refused(database: Database) -> None:
    """The first one's account is suspended (30002): the second is asked; when both refuse, the case hears."""
    first, second = pair(script=[failing(Refused("30002: suspended"))] * 2)
    second.script = [failing(Refused("region not enabled"))]
    async with working(database, first, second) as worker:
        await worker.receive(requested())
        await worker.idle()
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    assert (first.sent, second.sent) == (["notice-1", "notice-2"], ["notice-1", "notice-2"])
    assert [state for state, _ in await states_of(database)][-1] == "failed-permanent"
    assert (await row_of(database, "notice-2")).state == "handed-over"
    assert [fact.reason for fact in await facts_of(database)] == ["region not enabled"]


async def test_provider_that_takes_nothing_is_passed_over_and_what_waits_for_it_moves(database: Database) -> None:
    """After two messages it is not asked any more; those that waited for its room go to the second."""
    first, second = pair(script=[DOWN] * 9, limit=1)
    async with working(database, first, second, breaker_failures=2, breaker_open_seconds=60) as worker:
        await worker.receive(
            *(requested(notification_id=f"n{number}", lane="reminder", deadline=None) for number in range(6))
        )
        await worker.idle()
    assert len(first.sent) == 2
    assert sorted(second.sent) == [f"n{number}" for number in range(6)]


async def test_failures_of_recipients_own_servers_say_nothing_of_the_provider(database: Database) -> None:
    """One receiver of webhooks is down: reminders to the others do not wait for a probe."""
    only = ScriptedChannel(script=[failing(OutcomeUnknown("down", of_recipient=True))] * 4)
    async with working(database, only, breaker_failures=2, breaker_open_seconds=60) as worker:
        for number in range(4):
            await worker.receive(requested(notification_id=f"n{number}", lane="reminder", deadline=None))
        await worker.receive(requested(notification_id="other", lane="reminder", deadline=None))
        await worker.idle()
    assert (await row_of(database, "other")).state == "handed-over"


async def test_provider_that_works_again_is_found_by_one_probe(database: Database) -> None:
    """While it is open one message in a while goes there; the first that it takes brings the others back."""
    first, second = pair(script=[DOWN] * 2)
    async with working(database, first, second, breaker_failures=2, breaker_open_seconds=0.6) as worker:
        await worker.receive(*(requested(notification_id=f"n{number}") for number in range(2)))
        await worker.idle()
        await worker.receive(requested(notification_id="open"))
        await worker.idle()
        await asyncio.sleep(0.65)
        for name in ("probe", "after"):
            await worker.receive(requested(notification_id=name))
            await worker.idle()
    assert first.sent == ["n0", "n1", "probe", "after"]
    assert second.sent == ["n0", "n1", "open"]


async def test_only_provider_that_takes_nothing_holds_back_reminders_and_no_escalation(database: Database) -> None:
    """There is nobody else: an alert is tried all the same, and shows that the provider works again."""
    only = ScriptedChannel(script=[failing(TryLater("down"))] * 2)
    async with working(database, only, breaker_failures=2, breaker_open_seconds=60) as worker:
        await worker.receive(
            *(requested(notification_id=f"n{number}", lane="reminder", deadline=None) for number in range(2))
        )
        await until(lambda: is_in(database, "failed-temporary", "n1"))
        await asyncio.sleep(0.2)
        assert len(only.sent) == 2
        await worker.receive(requested(notification_id="alert"))
        await worker.idle()
    assert only.sent[2] == "alert"
    assert sorted(only.sent[3:]) == ["n0", "n1"]


async def test_escalation_takes_the_next_provider_rather_than_wait_for_room(database: Database) -> None:
    """The first is full of calls that hang; an alert does not stand in line behind them, a reminder does."""
    first, second = pair(script=[silent] * 2, limit=2)
    async with working(database, first, second, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(*(requested(notification_id=f"stuck-{number}") for number in range(2)))
        await until(lambda: is_true(len(first.sent) == 2))
        await worker.receive(requested(notification_id="reminder", lane="reminder", deadline=None))
        await worker.receive(requested(notification_id="alert"))
        await until(lambda: is_in(database, "handed-over", "alert"))
        assert second.sent == ["alert"]
        await worker.consumer.lost(worker.owned)
