"""The fake Twilio is one: Twilio's SDK works with it and Twilio's OpenAPI file agrees."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException

from tests.support.fake_twilio import FakeTwilio, contract
from tests.support.fake_twilio.client import GOOD, SENDER, TO, http_client, post, sdk_client
from tests.support.fake_twilio.segments import segment_count

needs_contract = pytest.mark.skipif(not contract.present(), reason=f"no {contract.FILE}: set TOCSIN_CONTRACTS_DIR")


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def api(twilio: FakeTwilio) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(twilio) as client:
        yield client


async def test_the_sdk_creates_fetches_and_lists_a_message(twilio: FakeTwilio) -> None:
    """Twilio's own client can't tell the fake from the real one."""

    def talk() -> tuple[Any, Any, list[Any], list[Any]]:
        client = sdk_client(twilio)
        try:
            created = client.messages.create(to=TO, from_=SENDER, body=GOOD["Body"])
            fetched = client.messages(created.sid).fetch()
            hour = timedelta(hours=1)
            recent = client.messages.list(to=TO, date_sent_after=created.date_created - hour)
            return created, fetched, recent, client.messages.list(to=TO, date_sent_after=created.date_created + hour)
        finally:
            client.http_client.session.close()

    created, fetched, recent, later = await asyncio.to_thread(talk)
    assert (created.status, created.to, created.num_segments) == ("queued", TO, "1")
    assert created.date_created.tzinfo is not None
    assert (created.date_sent, fetched.date_sent) == (None, created.date_created)
    assert (fetched.sid, fetched.status, fetched.body) == (created.sid, "sent", GOOD["Body"])
    assert [message.sid for message in recent] == [created.sid]
    assert later == []
    assert twilio.violations == []


async def test_the_sdk_follows_the_pages_of_a_long_list(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """Five messages in pages of two arrive once each, newest first, even when a sixth comes in between."""
    for number in range(5):
        await post(api, Body=str(number))

    first = (await api.get("/Messages.json", params={"PageSize": 2})).json()
    await post(api, Body="newer than the listing")
    second = (await api.get(twilio.url + first["next_page_uri"])).json()
    assert [each["body"] for each in first["messages"] + second["messages"]] == ["4", "3", "2", "1"]

    def everything() -> list[Any]:
        client = sdk_client(twilio)
        try:
            return list(client.messages.stream(page_size=2))
        finally:
            client.http_client.session.close()

    assert [message.body for message in (await asyncio.to_thread(everything))[1:]] == ["4", "3", "2", "1", "0"]
    assert twilio.violations == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"To": "13800000001"}, 21211), ({"Body": None}, 21602), ({"From": None}, 21603), ({"Body": "x" * 1601}, 21617)],
)
async def test_a_bad_field_gets_twilios_code_and_nothing_is_taken(
    twilio: FakeTwilio, api: httpx.AsyncClient, changes: dict[str, str | None], code: int
) -> None:
    """Each mistake is answered with the code and the error shape that Twilio documents."""
    answer = await post(api, **changes)
    assert answer.status_code == 400
    assert answer.json().keys() == {"code", "message", "more_info", "status"}
    assert (answer.json()["code"], answer.json()["status"]) == (code, 400)
    assert len(twilio.messages) == 0


async def test_a_wrong_token_is_answered_401_with_code_20003(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """Nobody sends without the account's token, and the SDK raises what it raises for Twilio."""
    answer = await api.post("/Messages.json", data=GOOD, auth=(twilio.account.sid, "wrong"))
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)

    def send() -> None:
        client = sdk_client(twilio)
        client.auth = (twilio.account.sid, "wrong")
        try:
            client.messages.create(to=TO, from_=SENDER, body="x")
        finally:
            client.http_client.session.close()

    with pytest.raises(TwilioRestException) as raised:
        await asyncio.to_thread(send)
    assert (raised.value.status, raised.value.code) == (401, 20003)


async def test_an_unknown_message_is_answered_404(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """A sid nobody was given names nothing."""
    answer = await api.get(f"/Messages/SM{'0' * 32}.json")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@needs_contract
async def test_an_answer_the_contract_does_not_allow_is_a_loud_500(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """A fake that drifts from Twilio's file fails the test that relies on it."""
    sid = (await post(api)).json()["sid"]
    twilio.report(sid, "teleported")
    answer = await api.get(f"/Messages/{sid}.json")
    assert answer.status_code == 500
    assert "status: 'teleported' is not one of" in twilio.violations[0]


@needs_contract
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"To": None}, "'To' is a required property"),
        ({"StatusCallBack": "http://x.example"}, "StatusCallBack"),
        ({"ValidityPeriod": "soon"}, "ValidityPeriod: 'soon' is not of type 'integer'"),
    ],
)
async def test_a_request_the_contract_does_not_allow_is_a_loud_500(
    twilio: FakeTwilio, api: httpx.AsyncClient, changes: dict[str, str | None], said: str
) -> None:
    """A client that forgets, misspells or mistypes a field is told, and nothing is taken."""
    assert (await post(api, **changes)).status_code == 500
    assert said in twilio.violations[0]
    assert len(twilio.messages) == 0


@needs_contract
async def test_a_missing_field_of_an_answer_is_a_violation() -> None:
    """The file requires nothing of a response; the check does, or an empty answer would pass."""
    checked = contract.load(contract.location())
    operation = checked.operation("GET", f"/2010-04-01/Accounts/AC{'0' * 32}/Messages.json")
    with pytest.raises(contract.ContractViolation, match="is a required property"):
        checked.check_answer(operation, 200, {"messages": []})


async def test_without_the_file_nothing_is_checked_and_everything_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without Twilio's file still has its fake, and can tell that it is unchecked."""
    monkeypatch.setenv("TOCSIN_CONTRACTS_DIR", str(tmp_path))
    assert not contract.present()
    async with FakeTwilio() as server, httpx.AsyncClient(auth=(server.account.sid, server.account.token)) as client:
        answer = await client.post(
            f"{server.url}/2010-04-01/Accounts/{server.account.sid}/Messages.json", data={**GOOD, "Unknown": "x"}
        )
    assert (answer.status_code, server.violations) == (201, [])


@pytest.mark.parametrize(
    ("text", "segments"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("警" * 70, 1), ("警" * 71, 2), ("🚨" * 36, 2)],
)
def test_segments_are_counted_by_alphabet(text: str, segments: int) -> None:
    """Seven-bit texts break after 160 places, others after 70, and each part loses room to its header."""
    assert segment_count(text) == segments
