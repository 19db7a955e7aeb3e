"""The channels against real servers: each answer of a provider leads to the right thing to do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from services.notifier.channels.base import ChannelError, Message, OutcomeUnknown, Refused, TryLater
from services.notifier.channels.choice import build_channels
from services.notifier.channels.outbox.channel import OutboxChannel
from services.notifier.channels.smtp_email.channel import SmtpEmail
from services.notifier.channels.smtp_email.connections import Connections
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.runtime.clock import wall_now
from services.runtime.settings import Settings
from tests.support.fake_twilio import FakeTwilio
from tests.support.notices import MAILBOX, PHONE, message
from tests.support.ports import LOOPBACK
from tests.support.smtp_sink import SmtpSink

TIMEOUT = 0.5
SENDER = "+15005550006"


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def sms(twilio: FakeTwilio) -> AsyncIterator[TwilioSms]:
    channel = sms_to(twilio)
    yield channel
    await channel.close()


def sms_to(twilio: FakeTwilio, sender: str = SENDER) -> TwilioSms:
    return TwilioSms(twilio.account.sid, twilio.account.token, sender, TwilioTransport(twilio.url, TIMEOUT))


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def email(smtp: SmtpSink) -> AsyncIterator[SmtpEmail]:
    channel = email_to(smtp)
    yield channel
    await channel.close()


def email_to(smtp: SmtpSink, login: tuple[str, str] | None = None, tls: ssl.SSLContext | None = None) -> SmtpEmail:
    connections = Connections(
        host=LOOPBACK,
        port=smtp.port,
        starttls=tls is not None,
        username=login[0] if login else None,
        password=login[1] if login else None,
        timeout_seconds=TIMEOUT,
        tls=tls,
    )
    return SmtpEmail("Tocsin <tocsin@county.example>", connections)


def mail(**changes: object) -> Message:
    return message(address=MAILBOX, subject="事件通知：较大火灾", html="<p>较大火灾</p>", **changes)


async def failure_of(call: Awaitable[object]) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await call
    assert PHONE[4:] not in caught.value.reason
    assert MAILBOX not in caught.value.reason
    return caught.value


async def test_sms_is_taken_with_its_text_and_the_providers_id(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """What the provider has is what we meant, under the id we keep."""
    handed = await sms.send(message())
    [found] = await twilio.wait_for_count(1)
    assert (found.to, found.sender, found.body, found.sid) == (PHONE, SENDER, message().text, handed.provider_id)


async def test_messaging_service_is_named_as_such(twilio: FakeTwilio) -> None:
    """A sender of MG… is a service, not a number."""
    channel = sms_to(twilio, "MG" + "a" * 32)
    await channel.send(message())
    await channel.close()
    [found] = await twilio.wait_for_count(1)
    assert (found.sender, found.messaging_service_sid) == (None, "MG" + "a" * 32)


async def test_too_many_requests_is_tried_later_at_the_providers_pace(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """Retry-After is read through the SDK."""
    twilio.fail_next(1, status=429, code=20429, retry_after=7)
    error = await failure_of(sms.send(message()))
    assert isinstance(error, TryLater)
    assert error.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("code", [21211, 21610, 21614, 21408, 21635])
async def test_permanent_code_is_refused(twilio: FakeTwilio, sms: TwilioSms, code: int) -> None:
    """A number that can't be reached is not tried again."""
    twilio.fail_next(1, status=400, code=code)
    error = await failure_of(sms.send(message()))
    assert isinstance(error, Refused)
    assert str(code) in error.reason


async def test_wrong_token_is_tried_later(twilio: FakeTwilio) -> None:
    """A login can be put right, and then the message must go."""
    channel = TwilioSms(twilio.account.sid, "wrong", SENDER, TwilioTransport(twilio.url, TIMEOUT))
    error = await failure_of(channel.send(message()))
    await channel.close()
    assert isinstance(error, TryLater)
    assert "login refused" in error.reason


async def test_message_taken_behind_a_5xx_is_found(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """The lie is seen through: one SMS, found by its text."""
    since = wall_now()
    twilio.take_but_fail_next(1)
    assert isinstance(await failure_of(sms.send(message())), OutcomeUnknown)
    found = await sms.find(message(), since)
    assert found is not None
    assert found.provider_id == twilio.messages[0].sid
    assert len(twilio.messages) == 1


async def test_message_not_taken_behind_a_5xx_is_not_found(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """Nothing there: send again."""
    twilio.fail_next(1)
    assert isinstance(await failure_of(sms.send(message())), OutcomeUnknown)
    assert await sms.find(message(), wall_now()) is None


async def test_other_message_with_the_same_code_is_not_taken_for_this_one(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """The alert that went well does not hide a reminder that did not."""
    await sms.send(message())
    reminder = message(text="催办：" + message().text)
    assert await sms.find(reminder, wall_now()) is None


async def test_same_text_from_before_is_not_taken_for_this_one(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """The reminder of five minutes ago is not this reminder."""
    await sms.send(message())
    assert await sms.find(message(), wall_now() + timedelta(minutes=5)) is None


async def test_silent_provider_leaves_the_outcome_unknown(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """Silence says nothing about what was taken."""
    twilio.hang()
    assert isinstance(await failure_of(sms.send(message())), OutcomeUnknown)


async def test_provider_that_dies_in_the_call_leaves_the_outcome_unknown(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """A lost line says nothing either."""
    twilio.hang()
    sending = asyncio.create_task(sms.send(message()))
    await asyncio.sleep(0.1)
    twilio.go_down()
    assert isinstance(await failure_of(sending), OutcomeUnknown)


async def test_refused_connection_is_tried_later(twilio: FakeTwilio, sms: TwilioSms) -> None:
    """No connection, no message: no look-up is needed."""
    twilio.go_down()
    assert isinstance(await failure_of(sms.send(message())), TryLater)


async def test_email_is_threaded_urgent_and_has_both_parts(smtp: SmtpSink, email: SmtpEmail) -> None:
    """The headers of DOMAIN §5, on the wire."""
    handed = await email.send(mail())
    [found] = await smtp.mails.wait_for_count(1)
    assert found.recipients == (MAILBOX,)
    assert found.message["Message-ID"] == "<notice-1@county.example>" == handed.provider_id
    assert found.message["In-Reply-To"] == found.message["References"] == "<case-case-1@county.example>"
    assert found.message["Auto-Submitted"] == "auto-generated"
    assert (found.message["Importance"], found.message["X-Priority"]) == ("high", "1")
    assert found.message["Subject"] == "事件通知：较大火灾"
    html = found.message.get_body(("html",))
    assert html is not None
    assert "较大火灾" in html.get_content()
    assert "K7Q2MX" in found.text


async def test_unknown_mailbox_is_refused(smtp: SmtpSink, email: SmtpEmail) -> None:
    """5.1.1 invalidates the address; the connection stays usable."""
    smtp.reject(MAILBOX)
    error = await failure_of(email.send(mail()))
    assert isinstance(error, Refused)
    assert "5.1.1" in error.reason
    await email.send(message(address="other@school.example", notification_id="notice-2"))
    assert len(smtp.mails) == 1


async def test_temporary_refusal_is_tried_later(smtp: SmtpSink, email: SmtpEmail) -> None:
    """Class 4 may be tried again, and then it goes."""
    smtp.defer_next(1)
    assert isinstance(await failure_of(email.send(mail())), TryLater)
    await email.send(mail())
    assert len(smtp.mails) == 1


async def test_silence_after_the_content_leaves_the_outcome_unknown(smtp: SmtpSink, email: SmtpEmail) -> None:
    """The server may have taken what it did not confirm."""
    smtp.hang()
    assert isinstance(await failure_of(email.send(mail())), OutcomeUnknown)
    smtp.behave()


async def test_dead_mail_server_is_tried_later(smtp: SmtpSink, email: SmtpEmail) -> None:
    """No connection, no mail."""
    smtp.go_down()
    assert isinstance(await failure_of(email.send(mail())), TryLater)


async def test_kept_connection_that_died_does_not_cost_a_try(smtp: SmtpSink, email: SmtpEmail) -> None:
    """A restarted server is met by a fresh connection at once."""
    await email.send(mail())
    smtp.go_down()
    await smtp.come_up()
    await email.send(mail(notification_id="notice-2"))
    assert len(smtp.mails) == 2


async def test_connection_is_kept_between_mails(smtp: SmtpSink, email: SmtpEmail) -> None:
    """Ten mails, one connection."""
    for number in range(10):
        await email.send(mail(notification_id=f"notice-{number}"))
    assert len(smtp._sessions) == 1


async def test_starttls_and_login_come_before_the_mail() -> None:
    """By default nothing travels in the clear."""
    async with SmtpSink(credentials=("tocsin", "secret")) as smtp:
        assert smtp.certificate is not None
        channel = email_to(smtp, ("tocsin", "secret"), trusting(smtp.certificate))
        await channel.send(mail())
        await channel.close()
        [found] = await smtp.mails.wait_for_count(1)
        assert found.encrypted
        assert found.authenticated


async def test_wrong_password_is_tried_later() -> None:
    """A login can be put right, and then the mail must go."""
    async with SmtpSink(credentials=("tocsin", "secret")) as smtp:
        assert smtp.certificate is not None
        channel = email_to(smtp, ("tocsin", "wrong"), trusting(smtp.certificate))
        error = await failure_of(channel.send(mail()))
        assert isinstance(error, TryLater)
        assert "login refused" in error.reason


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


async def test_server_without_starttls_gets_nothing(smtp: SmtpSink) -> None:
    """Rather late than readable by everybody on the way."""
    channel = email_to(smtp, tls=ssl.create_default_context())
    error = await failure_of(channel.send(mail()))
    assert isinstance(error, TryLater)
    assert "STARTTLS" in error.reason
    assert len(smtp.mails) == 0


@pytest.fixture
def outbox(tmp_path: Path) -> Callable[[], OutboxChannel]:
    return lambda: OutboxChannel("sms", tmp_path / "deep" / "outbox.jsonl")


async def test_outbox_keeps_a_line_that_only_its_owner_reads(
    outbox: Callable[[], OutboxChannel], tmp_path: Path
) -> None:
    """Addresses and texts are for the person at this machine."""
    channel = outbox()
    handed = await channel.send(message())
    await channel.close()
    file = tmp_path / "deep" / "outbox.jsonl"
    assert "K7Q2MX" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert handed.provider_id == "notice-1"


async def test_outbox_finds_what_a_process_before_it_kept(outbox: Callable[[], OutboxChannel], tmp_path: Path) -> None:
    """A crash between line and record makes no second line; a line cut short is no message."""
    before = outbox()
    await before.send(message())
    await before.close()
    with (tmp_path / "deep" / "outbox.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"notification_id": "notice-2", "te')
    after = outbox()
    assert await after.find(message(), wall_now()) is not None
    assert await after.find(message(notification_id="notice-2"), wall_now()) is None


async def test_settings_choose_the_providers(tmp_path: Path) -> None:
    """Without settings everything stays here; with them it goes out."""
    local = build_channels(Settings(data_dir=tmp_path))
    assert {channel.provider for channel in local.values()} == {"local-outbox"}
    configured = build_channels(
        Settings(
            data_dir=tmp_path,
            twilio_account_sid="AC1",
            twilio_auth_token="t",
            twilio_from=SENDER,
            smtp_host="mail.example",
        )
    )
    assert [configured[name].provider for name in ("sms", "email")] == ["twilio", "smtp"]
    for channel in configured.values():
        await channel.close()
