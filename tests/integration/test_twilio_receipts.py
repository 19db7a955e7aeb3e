"""Receipts of messages: they move a notification forward only, once, and tell the case when nobody was reached."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.unreached import ContactUnreached
from services.notifier.rows import Step, write_steps
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.ownership import OwnershipRows
from services.runtime.tables import contact_flags
from services.runtime.twilio_paths import status_path
from tests.support.intake import NOW, PRINCIPAL
from tests.support.twilio_intake import NOTICE, PHONE, SID, Line, counted, directory, make_line


@pytest.fixture
def line(database: Database) -> Line:
    """An intake with Twilio set up."""
    return make_line(database)


async def unreached(line: Line) -> list[tuple[str, ContactUnreached]]:
    return [(topic, body) for topic, body in await line.outgoing() if isinstance(body, ContactUnreached)]


async def test_delivered_message_is_on_record_and_nobody_else_is_told(line: Line) -> None:
    """The row and the delivery record, and no fact for the case: delivered is not acknowledged."""
    await line.request()
    line.intake.clock.show(NOW + timedelta(seconds=9))
    answer = await line.twilio.report(line.message(), "delivered")
    row = await line.row()
    assert answer.status_code == 204
    assert (row.state, row.provider_id, row.updated_at) == ("delivered", SID, NOW + timedelta(seconds=9))
    [(topic, body)] = await line.outgoing()
    assert topic == "tocsin.deliveries"
    assert (body.state, body.notification_id, body.at) == ("delivered", NOTICE, NOW + timedelta(seconds=9))  # type: ignore[attr-defined]
    assert line.intake.wakes == [1]


@pytest.mark.parametrize(
    ("code", "meaning", "flaw"),
    [
        (30001, "queue overflow", None),
        (30002, "suspended", None),
        (30003, "handset unreachable", None),
        (30005, "unknown handset", "dead"),
        (30006, "landline", "dead"),
        (30007, "filtered", None),
        (30008, "unknown error", None),
        (21610, "opted out", "opted-out"),
        (39999, "not delivered", None),
        (None, "not delivered", None),
    ],
)
async def test_lost_message_brings_in_the_next_contact_and_flags_a_dead_one(
    line: Line, code: int | None, meaning: str, flaw: str | None
) -> None:
    """Each code of the domain's table: the case hears why, and what is dead for good is not tried again."""
    request = await line.request()
    await line.twilio.report(line.message(), "failed", error_code=code)
    row = await line.row()
    assert row.state == "undelivered"
    assert meaning in row.reason
    assert str(code or "failed") in row.reason
    [(topic, fact)] = await unreached(line)
    assert topic == "tocsin.incidents"
    assert (fact.cause, fact.reason, fact.received_at) == ("undelivered", row.reason, NOW)
    told = ("case_id", "notification_id", "person_id", "contact_id", "level", "clock", "step", "deadline", "lane")
    assert [getattr(fact, name) for name in told] == [getattr(request, name) for name in told]
    flags = await line.intake.rows(contact_flags)
    assert [(flag.contact_id, flag.flaw, flag.address_hash) for flag in flags] == (
        [(f"{PRINCIPAL}:sms", flaw, hash_of(PHONE))] if flaw else []
    )


async def test_callback_that_comes_twenty_times_at_once_counts_once(line: Line) -> None:
    """One record, one fact, every answer 204."""
    await line.request()
    reports = (line.twilio.report(line.message(), "undelivered", error_code=30003) for _ in range(20))
    assert {answer.status_code for answer in await asyncio.gather(*reports)} == {204}
    assert await line.deliveries() == [("undelivered", 1)]
    assert len(await unreached(line)) == 1


async def test_callbacks_out_of_order_never_move_a_message_back(line: Line) -> None:
    """Delivered, then what was before it: nothing more is written."""
    await line.request()
    for status in ("delivered", "sent", "undelivered", "queued", "sending", "failed"):
        await line.twilio.report(line.message(), status)
    assert (await line.row()).state == "delivered"
    assert await line.deliveries() == [("delivered", 1)]
    assert await unreached(line) == []


async def test_message_that_arrives_after_all_is_delivered(line: Line) -> None:
    """The carrier gave it up too early; that another way was tried meanwhile stays on record."""
    await line.request()
    await line.twilio.report(line.message(), "undelivered", error_code=30008)
    await line.twilio.report(line.message(), "delivered")
    row = await line.row()
    assert (row.state, row.reason) == ("delivered", None)
    assert await line.deliveries() == [("undelivered", 1), ("delivered", 1)]


@pytest.mark.parametrize("state", ["attempted", "outcome-unknown"])
async def test_receipt_that_comes_before_the_hand_over_is_written_is_not_lost(
    line: Line, database: Database, state: str
) -> None:
    """Twilio was faster than our own answer from it, or that was lost: nothing is left to look up or to send again."""
    await line.request(state, provider_id=None)
    await line.twilio.report(line.message(), "sent")
    row = await line.row()
    assert (row.state, row.provider_id, row.next_try_at) == ("sent", SID, None)
    owned = await OwnershipRows(database, "worker", 5.0).claim("notifier/0")
    assert owned is not None
    late = Step(NOTICE, "handed-over", 1, None, "twilio", SID, None, NOW)
    async with line.intake.deps.store.transaction(owned) as unit:
        await write_steps(unit, [late])
    assert (await line.row()).state == "sent"
    await line.twilio.report(line.message(), "delivered")
    assert await line.deliveries() == [("sent", 1), ("delivered", 1)]


async def test_queued_message_of_unknown_outcome_is_with_the_provider(line: Line) -> None:
    """The answer to the sending was lost, but its receipt says that Twilio has it."""
    await line.request("outcome-unknown", provider_id=None)
    await line.twilio.report(line.message(), "queued")
    row = await line.row()
    assert (row.state, row.next_try_at) == ("handed-over", None)


async def test_other_message_of_the_same_notification_that_is_lost_says_nothing(line: Line) -> None:
    """Sent twice in doubt: the first got lost, the second is on its way; delivered is delivered by either."""
    await line.request(tries=2)
    other = line.message(sid="SM" + "2" * 32)
    await line.twilio.report(other, "undelivered", error_code=30003)
    assert (await line.row()).state == "handed-over"
    assert await line.outgoing() == []
    await line.twilio.report(other, "delivered")
    assert (await line.row()).state == "delivered"
    assert await line.deliveries() == [("delivered", 2)]


async def test_message_that_another_provider_has_by_now_is_not_lost_with_twilio(line: Line) -> None:
    """Failed over: what Twilio lost meanwhile does not count against the other's."""
    await line.request(provider="gateway", provider_id="g-1")
    await line.twilio.report(line.message(), "undelivered", error_code=30003)
    assert (await line.row()).state == "handed-over"


@pytest.mark.parametrize("first", ["queued", "sent"])
async def test_message_that_the_first_provider_had_after_all_is_lost_when_they_lose_it(line: Line, first: str) -> None:
    """Failed over in doubt; while the second was asked, the first told that they have it. Nobody else may ever."""
    await line.request("attempted", provider="gateway", provider_id=None, tries=2)
    await line.twilio.report(line.message(), first)
    row = await line.row()
    assert (row.provider, row.provider_id, row.next_try_at) == ("twilio", SID, None)
    await line.twilio.report(line.message(), "undelivered", error_code=30003)
    assert (await line.row()).state == "undelivered"
    assert [fact.cause for _, fact in await unreached(line)] == ["undelivered"]


async def test_stranger_is_answered_and_nothing_is_written(line: Line) -> None:
    """An unknown id, such as of another installation of the account: 204, so that Twilio does not ask again."""
    before = counted("message", "stranger")
    for notification_id in ("nobody", "x" * 300, "a\x00b"):
        assert (await line.twilio.report(line.message(notification_id), "delivered")).status_code == 204
    assert counted("message", "stranger") == before + 3
    assert await line.outgoing() == []


@pytest.mark.parametrize("change", [{"MessageStatus": "flying", "SmsStatus": ""}, {"MessageSid": "", "SmsSid": ""}])
async def test_callback_that_says_nothing_known_is_answered_and_changes_nothing(
    line: Line, change: dict[str, str]
) -> None:
    """A status of tomorrow must not make Twilio repeat itself."""
    await line.request()
    before = counted("message", "unreadable")
    message = line.message()
    form = {"MessageSid": SID, "SmsSid": SID, "MessageStatus": "delivered", **change}
    answer = await line.twilio.post(str(message.status_callback), form)
    assert answer.status_code == 204
    assert counted("message", "unreadable") == before + 1
    assert (await line.row()).state == "handed-over"


async def test_lost_bulk_message_replaces_nobody(line: Line) -> None:
    """A notice to everybody: on record, and the case hears nothing."""
    await line.request(lane="bulk")
    await line.twilio.report(line.message(), "undelivered", error_code=30003)
    assert (await line.row()).state == "undelivered"
    assert await unreached(line) == []


async def test_petitions_fact_goes_where_petitions_are_judged(line: Line) -> None:
    """The fact is on the topic of its case."""
    await line.request(template="petition_alert")
    await line.twilio.report(line.message(), "undelivered", error_code=30003)
    assert [topic for topic, _ in await unreached(line)] == ["tocsin.petitions"]


async def test_number_that_was_corrected_meanwhile_is_not_flagged(database: Database) -> None:
    """What is said of the old number says nothing of the new one."""
    line = make_line(database, directory(number="+12025550177"))
    await line.request()
    await line.twilio.report(line.message(), "undelivered", error_code=30006)
    assert await line.intake.rows(contact_flags) == []
    assert len(await unreached(line)) == 1


def forged(line: Line) -> Any:
    return line.twilio.report(line.message(), "delivered", forged=True)


async def unsigned(line: Line) -> Any:
    async with line.intake.anonymous() as client:
        return await client.post(str(line.message().status_callback), data={"MessageStatus": "delivered"})


async def changed(line: Line) -> Any:
    """Send what was signed, with another status."""
    url = str(line.message().status_callback)
    headers = line.twilio.signature(url, line.twilio.receipt(line.message(), "sent"))
    async with line.intake.anonymous() as client:
        return await client.post(url, data=line.twilio.receipt(line.message(), "delivered"), headers=headers)


async def not_a_form(line: Line) -> Any:
    async with line.intake.anonymous() as client:
        return await client.post(str(line.message().status_callback), content=b"\xff=\xfe")


@pytest.mark.parametrize("send", [forged, unsigned, changed, not_a_form])
async def test_callback_that_twilio_did_not_sign_is_refused_and_counted(
    line: Line, send: Callable[[Line], Any]
) -> None:
    """403 with what to set when it was Twilio after all; nothing is written."""
    await line.request()
    before = counted("message", "forged")
    answer = await send(line)
    assert answer.status_code == 403, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tocsin:problem:bad-signature"
    assert "TOCSIN_PUBLIC_URL" in answer.json()["detail"]
    assert counted("message", "forged") == before + 1
    assert (await line.row()).state == "handed-over"
    assert await line.outgoing() == []


async def test_without_a_public_address_no_forwarders_word_is_taken_for_it(database: Database) -> None:
    """The address is what this connection shows; a header that anybody may write moves it nowhere."""
    line = make_line(database, public_url=None)
    await line.request()
    path = status_path(NOTICE)
    assert (await line.twilio.report(line.message(), "sent", url=f"http://intake{path}")).status_code == 204
    form = line.twilio.receipt(line.message(), "delivered")
    forwarded = {
        "x-forwarded-proto": "https",
        "x-forwarded-host": "elsewhere.example",
        "forwarded": "proto=https;host=elsewhere.example",
    }
    async with line.intake.anonymous() as client:
        headers = {**line.twilio.signature(f"https://elsewhere.example{path}", form), **forwarded}
        assert (await client.post(path, data=form, headers=headers)).status_code == 403
    assert await line.deliveries() == [("sent", 1)]


async def test_public_address_behind_a_proxy_is_the_one_that_was_signed(database: Database) -> None:
    """The proxy talks to us by another name and below another path: the setting says how Twilio calls us."""
    line = make_line(database, public_url="https://county.example.org/alarm/")
    await line.request()
    path, form = status_path(NOTICE), line.twilio.receipt(line.message(), "sent")
    headers = line.twilio.signature(f"https://county.example.org/alarm{path}", form)
    async with line.intake.anonymous() as client:
        assert (await client.post(path, data=form, headers=headers)).status_code == 204
    assert (await line.row()).state == "sent"


async def test_without_twilio_settings_the_webhooks_say_what_to_set(database: Database) -> None:
    """Nobody to check a signature with: 404, readable."""
    line = make_line(database, twilio_account_sid=None, twilio_auth_token=None, twilio_from=None)
    await line.request()
    answer = await line.twilio.report(line.message(), "delivered")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:tocsin:problem:no-provider"
    assert "TOCSIN_TWILIO_ACCOUNT_SID" in answer.json()["detail"]
