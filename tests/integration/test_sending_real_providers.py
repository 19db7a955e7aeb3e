"""The pipeline against a real HTTP provider and a real mail server that misbehave at the moment of filing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.notifier.backoff import Backoff
from services.notifier.channels.base import Channel
from services.notifier.channels.smtp_email.channel import SmtpEmail
from services.notifier.channels.smtp_email.connections import Connections
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from tests.support.fake_twilio import FakeTwilio
from tests.support.notices import MAILBOX, PHONE, requested
from tests.support.notifier_worker import facts_of, is_in, row_of, states_of, until, working
from tests.support.smtp_sink import SmtpSink
from tests.support.store_rows import rows_of

MAIL = {"notification_id": "mail", "channel": "email", "contact_id": "person-1:email"}
SCALE = 0.04
"""Of real time in the short tests: a provider that is down for two minutes is down for five seconds."""

SHORT = Backoff(first=timedelta(seconds=2 * SCALE), longest=timedelta(seconds=60 * SCALE))


def sms(twilio: FakeTwilio, timeout: float) -> Channel:
    return TwilioSms(twilio.account.sid, twilio.account.token, "+12025550100", TwilioTransport(twilio.url, timeout))


def email(smtp: SmtpSink, timeout: float) -> Channel:
    connections = Connections(
        host="127.0.0.1", port=smtp.port, starttls=False, username=None, password=None, timeout_seconds=timeout
    )
    return SmtpEmail("tocsin@example.org", connections)


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


async def down_at_filing(database: Database, twilio: FakeTwilio, smtp: SmtpSink, scale: float, rules: Backoff) -> None:
    """File while Twilio is down for two minutes of ``scale``; the case must hear within the patience of 15 s."""
    loop = asyncio.get_running_loop()
    timeout, patience = max(10 * scale, 0.3), 15 * scale
    twilio.go_down()
    async with working(
        database, sms(twilio, timeout), email(smtp, timeout), timeout_seconds=timeout, backoff=rules,
        handover_patience_seconds=patience,
    ) as worker:  # fmt: skip
        filed = loop.time()
        await worker.receive(requested())

        async def told() -> bool:
            return [fact.cause for fact in await facts_of(database)] == ["late"]

        async with asyncio.timeout(patience * 2 + 1):
            while not await told():  # noqa: ASYNC110 - a database row has no Event
                await asyncio.sleep(patience / 50)
        assert patience <= loop.time() - filed < patience + max(1.0, patience / 2)
        await worker.receive(requested(**MAIL))  # what the machine asks for then: the next channel
        await smtp.wait_for(lambda mail: MAILBOX in mail.recipients)
        await asyncio.sleep(max(0.0, filed + 120 * scale - loop.time()))
        await twilio.come_up()
        message = await twilio.wait_for(lambda m: m.to == PHONE, timeout=61 * scale + 5)
        async with asyncio.timeout(5):
            while not await is_in(database, "handed-over"):  # noqa: ASYNC110 - likewise
                await asyncio.sleep(0.02)
    assert "K7Q2MX" in message.body
    assert [fact.cause for fact in await facts_of(database)] == ["late"]
    assert len(twilio.messages) == 1


async def test_provider_down_at_filing_loses_no_first_notice_and_the_case_hears_in_time(
    database: Database, twilio: FakeTwilio, smtp: SmtpSink
) -> None:
    """Down for two minutes (scaled): *late* within the patience, another channel by then, the SMS when it is back."""
    await down_at_filing(database, twilio, smtp, SCALE, SHORT)


@pytest.mark.long
@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_provider_down_for_two_minutes_of_real_time_loses_no_first_notice(
    database: Database, twilio: FakeTwilio, smtp: SmtpSink
) -> None:
    """The same with the defaults: patience of 15 s, time-outs of 10 s, the backoff as it is."""
    await down_at_filing(database, twilio, smtp, 1.0, Backoff())


async def test_message_taken_behind_a_5xx_is_not_sent_twice(
    database: Database, twilio: FakeTwilio, smtp: SmtpSink
) -> None:
    """The provider took it and said 500: it is looked up and found."""
    twilio.take_but_fail_next(1)
    async with working(database, sms(twilio, 2), email(smtp, 2), timeout_seconds=2) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert len(twilio.messages) == 1
    assert await states_of(database) == [("attempted", 1), ("outcome-unknown", 1), ("handed-over", 1)]
    assert (await row_of(database)).provider_id == twilio.messages[0].sid


async def test_second_account_takes_over_while_the_first_is_down(database: Database, twilio: FakeTwilio) -> None:
    """Two providers of one channel over real HTTP: nobody waits for a retry."""

    class Second(TwilioSms):
        provider = "second"

    async with FakeTwilio() as other:
        twilio.go_down()
        second = Second(other.account.sid, other.account.token, "+12025550100", TwilioTransport(other.url, 2))
        async with working(database, sms(twilio, 2), second, timeout_seconds=2) as worker:
            await worker.receive(requested())
            await worker.idle()
        assert len(other.messages) == 1
        await twilio.come_up()
    assert (await row_of(database)).provider == "second"


@pytest.mark.parametrize(
    ("code", "state", "flaw"), [(21211, "failed-permanent", "dead"), (21610, "opted-out", "opted-out")]
)
async def test_number_that_the_provider_refuses_is_flagged(
    database: Database, twilio: FakeTwilio, code: int, state: str, flaw: str
) -> None:
    """By its own code; the next message is not sent."""
    twilio.refuse_number(PHONE, code=code)
    async with working(database, sms(twilio, 2), timeout_seconds=2) as worker:
        await worker.receive(requested())
        await worker.idle()
        twilio.behave()
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    [flag] = await rows_of(database, contact_flags)
    assert (flag.flaw, flag.address_hash) == (flaw, hash_of(PHONE))
    assert [(await row_of(database, each)).state for each in ("notice-1", "notice-2")] == [state, "skipped"]
    assert len(twilio.messages) == 0


async def test_mailbox_that_does_not_exist_is_flagged(database: Database, smtp: SmtpSink) -> None:
    """550 5.1.1 at RCPT TO."""
    smtp.reject(MAILBOX)
    async with working(database, email(smtp, 2), timeout_seconds=2) as worker:
        await worker.receive(requested(**MAIL))
        await until(lambda: is_in(database, "failed-permanent", "mail"))
    assert [(flag.contact_id, flag.flaw) for flag in await rows_of(database, contact_flags)] == [
        ("person-1:email", "dead")
    ]
    assert [fact.cause for fact in await facts_of(database)] == ["failed"]
