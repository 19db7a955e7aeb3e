"""The fake's calls and its own requests: as Twilio makes them, checked against Twilio's file where that is there."""

from collections.abc import AsyncIterator

import httpx
import pytest
from twilio.request_validator import RequestValidator

from tests.support.fake_twilio import FakeTwilio
from tests.support.fake_twilio.client import GOOD, SENDER, TO, http_client, post
from tests.support.fake_twilio.twiml import read_twiml
from tests.support.fake_twilio.webhooks import Webhooks

CALL = {"To": TO, "From": SENDER, "Url": "https://tocsin.example.org/voice"}


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def api(twilio: FakeTwilio) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(twilio) as client:
        yield client


async def test_ordered_call_is_shown_whole_and_rings_by_itself_never(
    twilio: FakeTwilio, api: httpx.AsyncClient
) -> None:
    """201 with every field of the file; read again, it still waits for a test to pick up."""
    answer = await api.post("/Calls.json", data=CALL)
    assert answer.status_code == 201
    assert answer.json()["status"] == "queued"
    again = await api.get(f"/Calls/{answer.json()['sid']}.json")
    assert again.json() == answer.json()
    assert len(twilio.calls) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [({"To": "911"}, 21217), ({"From": "MG" + "a" * 32}, 21212), ({"Url": ""}, 21205)],
)
async def test_call_that_twilio_would_not_make_is_refused(
    twilio: FakeTwilio, api: httpx.AsyncClient, change: dict[str, str], code: int
) -> None:
    """With the code that a channel must understand, and nothing is taken."""
    answer = await api.post("/Calls.json", data={**CALL, **change})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert len(twilio.calls) == 0


async def test_calls_fail_as_they_are_told_to(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """The same orders as for messages."""
    twilio.fail_next(1, status=429, code=20429)
    assert (await api.post("/Calls.json", data=CALL)).status_code == 429
    twilio.refuse_number(TO, code=21614)
    assert (await api.post("/Calls.json", data=CALL)).status_code == 400


async def test_receipt_is_signed_over_its_address_and_fields(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """What a server receives passes Twilio's own check, and a forged one does not."""
    received: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(204)

    await post(api, **{**GOOD, "StatusCallback": "https://tocsin.example.org/status/1?a=b"})
    webhooks = Webhooks(twilio.account, lambda: httpx.AsyncClient(transport=httpx.MockTransport(take)))
    await webhooks.report(twilio.messages[0], "undelivered", error_code=30003)
    await webhooks.report(twilio.messages[0], "delivered", forged=True)
    validator = RequestValidator(twilio.account.token)
    forms = [dict(httpx.QueryParams(request.content.decode())) for request in received]
    assert [
        validator.validate(str(request.url), form, request.headers["X-Twilio-Signature"])
        for request, form in zip(received, forms, strict=True)
    ] == [True, False]
    assert (forms[0]["MessageStatus"], forms[0]["ErrorCode"], forms[0]["To"]) == ("undelivered", "30003", TO)


@pytest.mark.parametrize(
    "text",
    [
        "<Response><Shout>x</Shout></Response>",
        "<Answer/>",
        "<Response><Say></Say></Response>",
        "<Response><Gather numDigits='4' method='POST'/></Response>",
    ],
)
def test_script_that_twilio_would_not_carry_out_fails_the_test_that_reads_it(text: str) -> None:
    """As error 12100 would at Twilio."""
    with pytest.raises(AssertionError):
        read_twiml(text)
