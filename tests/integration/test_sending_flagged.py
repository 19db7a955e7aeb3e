"""Contacts that a provider calls dead or opted out: flagged once, skipped from then on, until the address changes."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from events.directory import ContactAddress, PersonRecorded
from services.notifier.channels.base import Flaw, Refused
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from tests.support.notices import PHONE, START, ScriptedChannel, failing, requested
from tests.support.notifier_worker import facts_of, row_of, states_of, working
from tests.support.store_rows import rows_of

NEW_PHONE = "+8613800000099"


def refusing(flaw: Flaw) -> ScriptedChannel:
    return ScriptedChannel(script=[failing(Refused("Twilio 21211: not valid", flaw=flaw))])


def with_phone(address: str) -> Callable[[str], Any]:
    contact = ContactAddress(contact_id="person-1:sms", channel="sms", address=address)
    person = PersonRecorded(person_id="person-1", name="Li Ming", unit_id="school-1", contacts=(contact,))
    return lambda _: (person, contact)


@pytest.mark.parametrize(("flaw", "state"), [("dead", "failed-permanent"), ("opted-out", "opted-out")])
async def test_contact_that_is_refused_for_what_it_is_gets_a_flag(database: Database, flaw: Flaw, state: str) -> None:
    """The row ends, the flag is there, the case hears, and the log says what to do; nothing names the number."""
    with capture_logs() as logged:
        async with working(database, refusing(flaw)) as worker:
            await worker.receive(requested())
            await worker.idle()
    [flag] = await rows_of(database, contact_flags)
    assert (flag.contact_id, flag.flaw, flag.address_hash) == ("person-1:sms", flaw, hash_of(PHONE))
    assert (await row_of(database)).state == state
    assert [fact.cause for fact in await facts_of(database)] == ["failed"]
    assert [line["flaw"] for line in logged if line["event"] == "contact.flagged"] == [flaw]
    assert PHONE not in str(logged) + flag.reason


async def test_next_message_to_a_flagged_contact_is_skipped_and_told_of_at_once(database: Database) -> None:
    """Also by another process, which has the flag from the store: nothing is sent, the next channel is tried."""
    async with working(database, refusing("dead")) as worker:
        await worker.receive(requested())
        await worker.idle()
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.receive(requested(notification_id="notice-3"), requested(notification_id="bulk", lane="bulk"))
        await worker.idle()
    assert channel.sent == []
    assert [await states_of(database, each) for each in ("notice-2", "notice-3")] == [[("skipped", 1)]] * 2
    assert "flagged as dead" in (await row_of(database, "notice-3")).reason
    causes = [(fact.notification_id, fact.cause) for fact in await facts_of(database)]
    assert causes == [("notice-1", "failed"), ("notice-2", "dead-contact"), ("notice-3", "dead-contact")]


async def test_message_that_waited_when_its_contact_was_flagged_is_skipped_by_who_takes_it_over(
    database: Database,
) -> None:
    """Claimed with the partition, not read from the bus: the flag counts as well."""
    async with working(database, ScriptedChannel()) as worker, worker.store.transaction(worker.owned) as unit:
        await unit.write(contact_flags.insert(), [_flag()])
    async with working(database, ScriptedChannel()) as worker:
        await worker.consumer.lost(worker.owned)
        await worker.receive(requested())
    channel = ScriptedChannel()
    async with working(database, channel) as worker:
        await worker.idle()
    assert channel.sent == []


async def test_corrected_address_ends_the_flag(database: Database) -> None:
    """Another number is another contact, whatever was said of the old one."""
    async with working(database, refusing("dead")) as worker:
        await worker.receive(requested())
        await worker.idle()
    channel = ScriptedChannel()
    async with working(database, channel, lookup=with_phone(NEW_PHONE)) as worker:
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    assert channel.sent == ["notice-2"]


async def test_flag_that_was_taken_back_in_the_store_counts_no_more(database: Database) -> None:
    """Somebody opted in again: the next request is sent, though this process has known the flag."""
    channel = refusing("opted-out")
    async with working(database, channel) as worker:
        await worker.receive(requested())
        await worker.idle()
        async with database.writing() as connection:
            await connection.execute(contact_flags.delete())
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    assert channel.sent == ["notice-1", "notice-2"]


def _flag() -> dict[str, Any]:
    return {
        "contact_id": "person-1:sms",
        "address_hash": hash_of(PHONE),
        "flaw": "dead",
        "reason": "a landline",
        "since": START,
    }
