"""The webhook channel against a real receiver: what it gets, what each answer leads to, and where nothing is sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from services.notifier.addressing import compose
from services.notifier.channels.base import ChannelError, OutcomeUnknown, Refused, TryLater
from services.notifier.channels.receivers import MOST_OWED, Receivers
from services.notifier.channels.webhook.channel import Webhook
from services.notifier.channels.webhook.networks import Networks
from services.runtime.standard_webhooks import secret_for
from tests.support.certificate import server_context
from tests.support.notices import START, failure_of, message, requested
from tests.support.published_standards import standard
from tests.support.receiver import Receiver

TIMEOUT = 1.0
KEY, OLD_KEY = "k" * 32, "o" * 32
HERE = Networks([ip_network("127.0.0.0/8")])
NOW = datetime(2026, 3, 2, 6, 20, tzinfo=UTC)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    channel = Webhook([KEY, OLD_KEY], TIMEOUT, HERE, lambda: NOW)
    yield channel
    await channel.close()


def at(receiver: Receiver, path: str = "/alarm") -> str:
    return receiver.url + path


async def test_receiver_gets_a_cloudevent_that_says_what_the_message_says(receiver: Receiver, webhook: Webhook) -> None:
    """Structured mode, valid by the standard's own schema; the words, and the case by its codes."""
    request = requested(channel="webhook")
    handed = await webhook.send(compose(request, at(receiver), START))
    [post] = receiver.posts
    assert post.headers["content-type"] == "application/cloudevents+json"
    event = post.event
    assert (event["specversion"], event["id"], event["subject"]) == ("1.0", "notice-1", "case-1")
    assert handed.provider_id == event["id"]
    data = event["data"]
    assert "K7Q2MX" in data["text"]
    assert "14:35" in data["text"]
    assert (data["deadline"], data["exercise"], data["asks_acknowledgement"]) == ("2026-03-02T06:35:00Z", False, True)
    assert data["about"]["kind"] == "fire"
    assert data["parameters"]["code"] == "K7Q2MX"
    Draft7Validator(standard("cloudevents-1.0.schema.json")).validate(event)


@pytest.mark.parametrize("template", ["incident_alert", "petition_alert"])
async def test_receiver_never_gets_what_somebody_told(receiver: Receiver, webhook: Webhook, template: str) -> None:
    """A summary may name a child, and a petition's content is sealed: neither leaves by this road."""
    request = requested(channel="webhook", template=template, summary="学生张小明手部烧伤", note=None)
    await webhook.send(compose(request, at(receiver), START))
    assert "张小明" not in receiver.posts[0].body.decode()


async def test_receiver_can_check_the_signature_with_its_own_secret_alone(receiver: Receiver, webhook: Webhook) -> None:
    """By the scheme's own rules; another address's secret, and a changed body, do not fit."""
    address = at(receiver)
    await webhook.send(message(address=address))
    [post] = receiver.posts
    assert post.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert post.headers["webhook-id"] == "notice-1"
    assert post.is_signed(secret_for(KEY, address))
    assert not post.is_signed(secret_for(KEY, address + "/other"))
    changed = type(post)(post.path, post.headers, post.body.replace(b"K7Q2MX", b"AAAAAA"))
    assert not changed.is_signed(secret_for(KEY, address))


async def test_key_that_is_being_changed_signs_beside_the_new_one(receiver: Receiver, webhook: Webhook) -> None:
    """A receiver that still has the old secret loses nothing."""
    await webhook.send(message(address=at(receiver)))
    assert receiver.posts[0].is_signed(secret_for(OLD_KEY, at(receiver)))


@pytest.mark.parametrize(
    ("status", "error", "flaw"),
    [
        (301, Refused, None),
        (400, Refused, None),
        (401, Refused, None),
        (404, Refused, None),
        (408, TryLater, None),
        (410, Refused, "dead"),
        (415, Refused, None),
        (418, Refused, None),
        (429, TryLater, None),
        (500, OutcomeUnknown, None),
        (503, OutcomeUnknown, None),
        (599, OutcomeUnknown, None),
    ],
)
async def test_answer_leads_to_the_right_thing_to_do(
    receiver: Receiver, webhook: Webhook, status: int, error: type[ChannelError], flaw: str | None
) -> None:
    """What may pass is tried again, what will not is another channel's; 410 is the end of the contact."""
    receiver.answer_next(status)
    failure = await failure_of(webhook.send(message(address=at(receiver))))
    assert type(failure) is error
    assert str(status) in failure.reason
    assert getattr(failure, "flaw", None) == flaw
    assert failure.of_recipient is (error is not Refused)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("Mon, 02 Mar 2026 06:21:30 GMT", 90), ("9" * 30, 600), ("Mon, 02 Mar 2020 06:21:30 GMT", 0)],
)
async def test_retry_after_is_kept(
    receiver: Receiver, webhook: Webhook, status: int, header: str, seconds: int
) -> None:
    """In seconds or as a date; never longer than an alert can wait."""
    receiver.answer_next(status, Retry_After=header)
    failure = await failure_of(webhook.send(message(address=at(receiver))))
    assert failure.retry_after == timedelta(seconds=seconds)


async def test_message_is_the_same_to_its_receiver_however_often_it_is_sent(
    receiver: Receiver, webhook: Webhook
) -> None:
    """Taken behind a 500, sent again: one id."""
    receiver.answer_next(500)
    await failure_of(webhook.send(message(address=at(receiver))))
    await webhook.send(message(address=at(receiver)))
    assert {(post.headers["webhook-id"], post.event["id"]) for post in receiver.posts} == {("notice-1", "notice-1")}


async def test_redirect_is_not_followed(receiver: Receiver, webhook: Webhook) -> None:
    """It could lead anywhere, to our own network too."""
    async with Receiver() as other:
        receiver.answer_next(307, Location=at(other))
        failure = await failure_of(webhook.send(message(address=at(receiver))))
        assert isinstance(failure, Refused)
        assert len(other.posts) == 0


async def test_silent_receiver_leaves_the_outcome_unknown(receiver: Receiver, webhook: Webhook) -> None:
    """Silence says nothing about what was taken."""
    receiver.hang()
    assert isinstance(await failure_of(webhook.send(message(address=at(receiver)))), OutcomeUnknown)


async def test_refused_connection_is_tried_later(receiver: Receiver, webhook: Webhook) -> None:
    """No connection, no message; and nothing is said of other receivers."""
    receiver.go_down()
    failure = await failure_of(webhook.send(message(address=at(receiver))))
    assert isinstance(failure, TryLater)
    assert failure.of_recipient


async def test_certificate_that_nobody_vouches_for_gets_nothing(webhook: Webhook, tmp_path: Path) -> None:
    """Whoever answers there may be anybody."""
    tls: ssl.SSLContext = await asyncio.to_thread(server_context, tmp_path)
    async with Receiver(tls) as receiver:
        failure = await failure_of(webhook.send(message(address=at(receiver))))
        assert isinstance(failure, TryLater)
        assert "certificate" in failure.reason
        assert len(receiver.posts) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_private_network_is_not_called_unless_the_settings_name_it(receiver: Receiver, host: str) -> None:
    """By its address or by a name that leads there, nothing arrives."""
    channel = Webhook([KEY], TIMEOUT, Networks(), lambda: NOW)
    failure = await failure_of(channel.send(message(address=f"http://{host}:{receiver.port}/alarm")))
    await channel.close()
    assert isinstance(failure, Refused)
    assert "TOCSIN_WEBHOOK_NETWORKS" in failure.reason
    assert len(receiver.posts) == 0


@pytest.mark.parametrize(
    "address",
    [
        "http://alarm.example.org/",
        "ftp://alarm.example.org/",
        "https://user:secret@alarm.example.org/",
        "https://alarm.example.org/#part",
        "https://",
        "https://alarm.example.org:99999/",
        "not an address",
        "https://alarm.example.org/\r\nX: y",
    ],
)
async def test_address_that_is_no_safe_one_is_refused(webhook: Webhook, address: str) -> None:
    """Nothing goes out in the clear, and nothing fakes a header."""
    assert isinstance(await failure_of(webhook.send(message(address=address))), Refused)


async def test_receiver_that_never_answers_does_not_keep_the_places_of_others(receiver: Receiver) -> None:
    """Once it owes several answers for long it is given no more, while another is served."""
    channel = Webhook([KEY], 5.0, HERE, lambda: NOW, Receivers(patience_seconds=0.0))
    receiver.hang()
    stalled = [
        asyncio.create_task(channel.send(message(notification_id=f"n{number}", address=at(receiver))))
        for number in range(MOST_OWED)
    ]
    await receiver.posts.wait_for_count(MOST_OWED)
    failure = await failure_of(channel.send(message(address=at(receiver))))
    assert isinstance(failure, TryLater)
    async with Receiver() as other:
        await channel.send(message(address=at(other).replace("127.0.0.1", "localhost")))
    for task in stalled:
        task.cancel()
    await asyncio.gather(*stalled, return_exceptions=True)
    await channel.close()
