"""The SMS channel against a real server: each answer of the provider leads to the right thing to do."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from services.notifier.channels.base import OutcomeUnknown, Refused, TryLater
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.runtime.clock import wall_now
from tests.support.fake_twilio import FakeTwilio
from tests.support.notices import PHONE, failure_of, message

TIMEOUT = 1.0
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
