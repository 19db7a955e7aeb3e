"""The channel of calls against a real server: what is ordered, and what each refusal leads to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.channels.base import OutcomeUnknown, Refused, TryLater
from services.notifier.channels.choice import build_channels
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.notifier.channels.twilio_voice.channel import TwilioVoice
from services.notifier.rendering import render
from services.runtime.clock import wall_now
from services.runtime.settings import Settings
from services.runtime.twilio_paths import status_path, voice_path
from tests.support.fake_twilio import Call, FakeTwilio
from tests.support.notices import PHONE, failure_of, message, requested

TIMEOUT = 1.0
SENDER, PUBLIC_URL = "+15005550006", "https://tocsin.example.org"


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def voice(twilio: FakeTwilio) -> AsyncIterator[TwilioVoice]:
    channel = voice_of(twilio)
    yield channel
    await channel.close()


def voice_of(twilio: FakeTwilio, public_url: str | None = PUBLIC_URL) -> TwilioVoice:
    transport = TwilioTransport(twilio.url, TIMEOUT)
    return TwilioVoice(twilio.account.sid, twilio.account.token, SENDER, transport, public_url)


async def ordered(twilio: FakeTwilio) -> Call:
    [call] = await twilio.calls.wait_for_count(1)
    return call


async def test_call_asks_the_intake_what_to_say_and_tells_it_the_end(twilio: FakeTwilio, voice: TwilioVoice) -> None:
    """One address for both, below the public one, with the notification's own id."""
    handed = await voice.send(message())
    call = await ordered(twilio)
    webhook = PUBLIC_URL + voice_path("notice-1")
    assert (call.to, call.sender, call.sid) == (PHONE, SENDER, handed.provider_id)
    assert (call.url, call.status_callback, call.twiml) == (webhook, webhook, None)
    assert call.machine_detection == "Enable"


@pytest.mark.parametrize(("valid", "rings"), [(None, 30), (600, 30), (20, 20), (1, 10)])
async def test_call_rings_no_longer_than_it_serves(
    twilio: FakeTwilio, voice: TwilioVoice, valid: int | None, rings: int
) -> None:
    """Nor so long that a mailbox takes it, nor too short to reach for it."""
    await voice.send(message(valid_seconds=valid))
    assert (await ordered(twilio)).timeout == rings


async def test_without_a_public_address_the_words_go_with_the_order(twilio: FakeTwilio) -> None:
    """Said twice with the code, since no key can be pressed; nothing is asked of an intake nobody reaches."""
    channel = voice_of(twilio, None)
    request = requested(channel="voice")
    await channel.send(message(text=render(request).text))
    await channel.close()
    call = await ordered(twilio)
    assert (call.url, call.status_callback) == (None, None)
    script = await twilio.webhooks.pick_up(call)
    assert script.words.count("K 7 Q 2 M X") == 2
    assert script.keys_go_to is None


@pytest.mark.parametrize(
    ("code", "flaw"),
    [(21211, "dead"), (21215, None), (21216, "dead"), (21217, "dead"), (13224, "dead"), (21210, None)],
)
async def test_number_that_cannot_be_called_is_refused(
    twilio: FakeTwilio, voice: TwilioVoice, code: int, flaw: str | None
) -> None:
    """Another channel is tried; a number that is wrong for good is flagged."""
    twilio.fail_next(1, status=400, code=code)
    error = await failure_of(voice.send(message()))
    assert isinstance(error, Refused)
    assert (str(code) in error.reason, error.flaw) == (True, flaw)


async def test_too_many_calls_are_tried_later_and_a_server_error_is_unknown(
    twilio: FakeTwilio, voice: TwilioVoice
) -> None:
    """As with messages: 429 was not taken, 5xx perhaps."""
    twilio.fail_next(1, status=429, code=20429)
    assert isinstance(await failure_of(voice.send(message())), TryLater)
    twilio.take_but_fail_next(1)
    assert isinstance(await failure_of(voice.send(message())), OutcomeUnknown)


async def test_call_of_unknown_outcome_is_ordered_again(twilio: FakeTwilio, voice: TwilioVoice) -> None:
    """No call says what it was for, so none is taken for this one: called twice is better than not at all."""
    since = wall_now()
    await voice.send(message())
    found: object = await voice.find(message(), since)  # type: ignore[func-returns-value] # what its protocol returns
    assert found is None


async def test_sms_asks_for_its_receipts_and_lives_no_longer_than_its_deadline(twilio: FakeTwilio) -> None:
    """Where a public address is known; Twilio's own limit is kept."""
    transport = TwilioTransport(twilio.url, TIMEOUT)
    sms = TwilioSms(twilio.account.sid, twilio.account.token, SENDER, transport, PUBLIC_URL)
    for valid in (None, 90, 100_000):
        await sms.send(message(valid_seconds=valid))
    await sms.close()
    sent = await twilio.wait_for_count(3)
    assert {one.status_callback for one in sent} == {PUBLIC_URL + status_path("notice-1")}
    assert [one.validity_period for one in sent] == [None, 90, 36_000]


@pytest.mark.parametrize(
    ("settings", "provider"),
    [
        ({"twilio_from": "+15005550006"}, "twilio-voice"),
        ({"twilio_from": "MG" + "a" * 32}, "local-outbox"),
        ({"twilio_from": "MG" + "a" * 32, "twilio_voice_from": "+15005550006"}, "twilio-voice"),
    ],
)
async def test_messaging_service_cannot_call(tmp_path: Path, settings: dict[str, str], provider: str) -> None:
    """A call needs a number: the sender's, or one of its own."""
    account = {"twilio_account_sid": "AC1", "twilio_auth_token": "t", "data_dir": str(tmp_path)}
    configured = build_channels(Settings.model_validate({**account, **settings}))
    assert [channel.provider for channel in configured["voice"]] == [provider]
    for channel in (channel for each in configured.values() for channel in each):
        await channel.close()
