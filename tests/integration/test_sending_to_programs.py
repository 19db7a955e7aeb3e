"""Webhooks and chats on the pipeline: what their receivers answer is what is on record, and what the case hears."""

from collections.abc import AsyncIterator, Callable
from ipaddress import ip_network

import pytest

from events.channel import Channel
from events.directory import ContactAddress, PersonRecorded
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.networks import Networks
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from tests.support.notices import requested
from tests.support.notifier_worker import facts_of, row_of, states_of, working
from tests.support.receiver import Receiver
from tests.support.store_rows import rows_of

# The pipeline is tested on both databases; here it is about what these channels tell it.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HERE = Networks([ip_network("127.0.0.0/8")])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


def known_by(channel: Channel, address: str) -> Callable[[str], tuple[PersonRecorded, ContactAddress]]:
    def find(contact_id: str) -> tuple[PersonRecorded, ContactAddress]:
        contact = ContactAddress(contact_id=contact_id, channel=channel, address=address)
        return PersonRecorded(person_id="person-1", name="Li", unit_id="school-1", contacts=(contact,)), contact

    return find


async def test_program_that_fails_and_then_takes_has_one_message(database: Database, receiver: Receiver) -> None:
    """In doubt it is sent again, with the same id; handed over in the end."""
    receiver.answer_next(500)
    channel = Webhook(["k" * 32], 2.0, HERE)
    lookup = known_by("webhook", f"{receiver.url}/alarm")
    async with working(database, channel, lookup=lookup, timeout_seconds=2) as worker:
        await worker.receive(requested(channel="webhook", contact_id="person-1:webhook"))
        await worker.idle()
    assert [post.headers["webhook-id"] for post in receiver.posts] == ["notice-1", "notice-1"]
    assert [state for state, _ in await states_of(database)] == [
        "attempted",
        "outcome-unknown",
        "attempted",
        "handed-over",
    ]


async def test_program_that_is_gone_is_flagged_and_called_no_more(database: Database, receiver: Receiver) -> None:
    """410: the case hears, and the next message is skipped."""
    receiver.answer_next(410)
    channel = Webhook(["k" * 32], 2.0, HERE)
    lookup = known_by("webhook", f"{receiver.url}/alarm")
    async with working(database, channel, lookup=lookup, timeout_seconds=2) as worker:
        for number in (1, 2):
            await worker.receive(
                requested(channel="webhook", contact_id="person-1:webhook", notification_id=f"n{number}")
            )
            await worker.idle()
    assert [(flag.contact_id, flag.flaw) for flag in await rows_of(database, contact_flags)] == [
        ("person-1:webhook", "dead")
    ]
    assert [fact.cause for fact in await facts_of(database)] == ["failed", "dead-contact"]
    assert len(receiver.posts) == 1


async def test_chat_that_says_no_once_hears_it_the_second_time(database: Database, receiver: Receiver) -> None:
    """Apprise's no is an unknown outcome, and the pipeline tries again."""
    receiver.answer_next(500)
    channel = Chat({"team": f"json://127.0.0.1:{receiver.port}/"}, 2.0)
    async with working(database, channel, lookup=known_by("chat", "team"), timeout_seconds=2) as worker:
        await worker.receive(requested(channel="chat", contact_id="person-1:chat"))
        await worker.idle()
    assert (await row_of(database)).state == "handed-over"
    assert [state for state, _ in await states_of(database)].count("outcome-unknown") == 1
    assert len(receiver.posts) == 2
