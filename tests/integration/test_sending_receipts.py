"""A row never moves backwards: what a provider's receipt says stays, whenever our own step is written."""

from typing import Any

import pytest
from sqlalchemy import update

from services.notifier.channels.base import Handed, Message, OutcomeUnknown
from services.notifier.rows import Step, write_steps
from services.runtime.database import Database
from services.runtime.tables import notifications
from tests.support.notices import START, ScriptedChannel, requested, silent
from tests.support.notifier_worker import is_true, row_of, states_of, until, working


async def receipt(database: Database, state: str) -> None:
    """Write what the intake writes when a receipt comes."""
    async with database.writing() as connection:
        await connection.execute(update(notifications).values(state=state, reason="told by a receipt"))


@pytest.mark.parametrize("state", ["sent", "delivered", "undelivered"])
async def test_receipt_that_came_before_our_own_step_stays(database: Database, state: str) -> None:
    """The callback is faster than the answer: *delivered* is not overwritten with *handed over*."""

    async def faster(message: Message) -> Handed:
        await receipt(database, state)
        return Handed("SM1")

    async with working(database, ScriptedChannel(script=[faster])) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert (row.state, row.next_try_at, row.provider_id, row.reason) == (state, None, "SM1", "told by a receipt")
    assert await states_of(database) == [("attempted", 1), ("handed-over", 1)]


async def test_message_whose_receipt_came_is_not_sent_again_though_its_answer_was_lost(database: Database) -> None:
    """A time-out, then the callback: the provider has it, and need not be asked."""

    async def lost(message: Message) -> Handed:
        await receipt(database, "sent")
        raise OutcomeUnknown("no answer")

    channel = ScriptedChannel(script=[lost])
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
    row = await row_of(database)
    assert (channel.sent, channel.looked_up, row.state, row.next_try_at) == (["notice-1"], [], "sent", None)


async def test_message_whose_receipt_came_after_a_death_is_left_alone(database: Database) -> None:
    """Nobody's answer was written, but the receipt was: the next owner does not take it up."""
    dying = ScriptedChannel(script=[silent])
    async with working(database, dying, timeout_seconds=30, patience_seconds=0) as worker:
        await worker.receive(requested())
        await until(lambda: is_true(dying.sent))
    await receipt(database, "delivered")
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        assert worker.sender.unfinished == 0
    assert (channel.sent, channel.looked_up) == ([], [])


@pytest.mark.parametrize(
    ("state", "provider_id", "provider"),
    [("attempted", None, "twilio"), ("failed-temporary", None, "twilio"), ("handed-over", "g-1", "gateway")],
)
async def test_who_told_of_a_message_stays_its_provider_until_another_took_it(
    database: Database, state: Any, provider_id: str | None, provider: str
) -> None:
    """Failed over at the moment at which the first told that it is sent: what they tell next is not lost."""
    async with working(database, ScriptedChannel()) as worker:
        await worker.receive(requested())
        await worker.idle()
        async with database.writing() as connection:
            values = {"state": "sent", "provider": "twilio", "provider_id": "SM1"}
            await connection.execute(update(notifications).values(values))
        step = Step("notice-1", state, 2, None, "gateway", provider_id, None, START)
        async with worker.store.transaction(worker.owned) as unit:
            await write_steps(unit, [step])
    row = await row_of(database)
    assert (row.state, row.provider) == ("sent", provider)
