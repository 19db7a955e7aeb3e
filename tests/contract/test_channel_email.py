"""The email channel against a real server: what is on the wire, and what each answer leads to."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.channels.base import Message, OutcomeUnknown, Refused, TryLater
from services.notifier.channels.smtp_email.channel import SmtpEmail
from services.notifier.channels.smtp_email.connections import Connections
from services.runtime.bounce_addresses import BounceAddresses
from tests.support.notices import MAILBOX, failure_of, message
from tests.support.ports import LOOPBACK
from tests.support.smtp_sink import SmtpSink

TIMEOUT = 1.0


@pytest.fixture
async def smtp() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def email(smtp: SmtpSink) -> AsyncIterator[SmtpEmail]:
    channel = email_to(smtp)
    yield channel
    await channel.close()


def email_to(
    smtp: SmtpSink,
    login: tuple[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    bounces: BounceAddresses | None = None,
) -> SmtpEmail:
    connections = Connections(
        host=LOOPBACK,
        port=smtp.port,
        starttls=tls is not None,
        username=login[0] if login else None,
        password=login[1] if login else None,
        timeout_seconds=TIMEOUT,
        tls=tls,
    )
    return SmtpEmail("Tocsin <tocsin@county.example>", connections, bounces)


def mail(**changes: object) -> Message:
    return message(address=MAILBOX, subject="事件通知：较大火灾", html="<p>较大火灾</p>", **changes)


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


NOTICE = "0b7c6d0e-5a0e-5c3b-9d0f-7c6a3f1b2e54"
BOUNCES = BounceAddresses(b"secret", "bounces.example.org")


@pytest.mark.parametrize("offers_dsn", [True, False])
async def test_email_returns_to_an_address_of_its_own_and_asks_what_the_server_offers(offers_dsn: bool) -> None:
    """The envelope sender names the notification; the sender that people see stays. DSN only where it is offered."""
    async with SmtpSink(offers_dsn=offers_dsn) as smtp:
        channel = email_to(smtp, bounces=BOUNCES)
        await channel.send(mail(notification_id=NOTICE))
        await channel.send(mail(notification_id="x" * 60))
        await channel.close()
        first, second = await smtp.mails.wait_for_count(2)
    assert BOUNCES.read(first.sender) == NOTICE
    assert first.message["From"] == "Tocsin <tocsin@county.example>"
    asked = ("RET=HDRS", f"ENVID={NOTICE}", "NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{MAILBOX}")
    assert first.asked == (asked if offers_dsn else ())
    assert (second.sender, second.asked) == ("tocsin@county.example", ())


async def test_old_server_that_knows_no_ehlo_is_greeted_as_it_can_be(smtp: SmtpSink) -> None:
    """Nothing is asked of it, and the email returns to its own address all the same."""
    smtp.knows_ehlo = False
    channel = email_to(smtp, bounces=BOUNCES)
    await channel.send(mail(notification_id=NOTICE))
    await channel.close()
    [found] = await smtp.mails.wait_for_count(1)
    assert BOUNCES.read(found.sender) == NOTICE


async def test_email_of_who_takes_no_bounces_asks_for_none() -> None:
    """Nobody would read them: it leaves as it always did."""
    async with SmtpSink(offers_dsn=True) as smtp:
        channel = email_to(smtp)
        await channel.send(mail(notification_id=NOTICE))
        await channel.close()
        [found] = await smtp.mails.wait_for_count(1)
    assert (found.sender, found.asked) == ("tocsin@county.example", ())
