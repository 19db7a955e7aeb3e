"""The fake Twilio is one: Twilio's SDK works with it, Twilio's OpenAPI file agrees, and it fails when told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.support.fake_twilio import FakeTwilio, contract
from tests.support.fake_twilio.segments import segment_count
from tests.support.own_process import own_process
from tests.support.ports import LOOPBACK

TO, SENDER = "+8613800000001", "+12025550100"
GOOD = {"To": TO, "From": SENDER, "Body": "演练：三年级二班请确认。"}

needs_contract = pytest.mark.skipif(not contract.present(), reason=f"no {contract.FILE}: set TOCSIN_CONTRACTS_DIR")


def sdk_client(server: FakeTwilio) -> Any:
    """Return Twilio's SDK with its requests sent to the fake instead of api.twilio.com."""

    class ToTheFake(TwilioHttpClient):  # type: ignore[misc] # the SDK is untyped
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(method, url.replace("https://api.twilio.com", server.url), *args, **kwargs)

    return Client(server.account.sid, server.account.token, http_client=ToTheFake(timeout=5))


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def api(twilio: FakeTwilio) -> AsyncIterator[httpx.AsyncClient]:
    base = f"{twilio.url}/2010-04-01/Accounts/{twilio.account.sid}"
    async with httpx.AsyncClient(base_url=base, auth=(twilio.account.sid, twilio.account.token), timeout=5) as client:
        yield client


async def post(api: httpx.AsyncClient, **changes: str | None) -> httpx.Response:
    form = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    return await api.post("/Messages.json", data=form)


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


async def test_failures_end_after_the_number_ordered(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """Two failures ordered are two failures, with the status, the code and the time to wait that were asked for."""
    twilio.fail_next(2, status=429, code=20429, retry_after=3)
    answers = [await post(api) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 201]
    assert answers[0].headers["Retry-After"] == "3"
    assert answers[0].json()["code"] == 20429
    assert (len(twilio.messages), twilio.request_count) == (1, 3)


async def test_a_taken_message_can_be_answered_500_and_is_found_in_the_list(
    twilio: FakeTwilio, api: httpx.AsyncClient
) -> None:
    """The worst lie a provider tells: the error says no, the recipient's phone says yes."""
    twilio.take_but_fail_next(1)
    assert (await post(api)).status_code == 500
    listed = await api.get("/Messages.json", params={"To": TO, "DateSent": datetime.now(UTC).date().isoformat()})  # noqa: TID251 - the day as the server sees it
    assert [each["body"] for each in listed.json()["messages"]] == [GOOD["Body"]]
    assert twilio.messages[0].answered == 500


async def test_a_refused_number_does_not_stop_the_others(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """One recipient who opted out is refused with 21610, the next is served."""
    twilio.refuse_number(TO, code=21610)
    refused, served = await post(api), await post(api, To="+8613800000002")
    assert (refused.status_code, refused.json()["code"], served.status_code) == (400, 21610, 201)


async def test_a_hanging_server_answers_once_it_resumes(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """A hung request waits, and goes on where it was."""
    twilio.hang()
    waiting = asyncio.create_task(post(api))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    twilio.resume()
    assert (await waiting).status_code == 201


async def test_a_delayed_server_answers_no_sooner(twilio: FakeTwilio, api: httpx.AsyncClient) -> None:
    """The delay ordered is the least a request takes."""
    twilio.delay(0.15)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await post(api)
    assert loop.time() - began >= 0.15


async def test_a_server_that_went_down_resets_and_refuses_until_it_comes_up(
    twilio: FakeTwilio, api: httpx.AsyncClient
) -> None:
    """Going down breaks the hanging request, refuses the next, and coming up serves on the same port."""
    twilio.hang()
    hanging = asyncio.create_task(post(api))
    await asyncio.sleep(0.1)
    twilio.go_down()
    with pytest.raises(httpx.TransportError):
        await hanging
    with pytest.raises(httpx.ConnectError):
        await post(api)
    twilio.behave()
    await twilio.come_up()
    assert (await post(api)).status_code == 201
    assert len(twilio.messages) == 1


async def test_waiting_for_a_message_ends_when_it_arrives_or_says_what_came(
    twilio: FakeTwilio, api: httpx.AsyncClient
) -> None:
    """A test waits no longer than it must, and a failed wait shows what arrived instead."""
    waiting = asyncio.create_task(twilio.wait_for(lambda message: message.body == "second"))
    await post(api, Body="first")
    await post(api, Body="second")
    assert (await waiting).body == "second"
    assert (await twilio.wait_for_count(2))[0].body == "first"
    with pytest.raises(AssertionError, match=r"2 other item\(s\) did.*second"):
        await twilio.wait_for(lambda message: message.body == "third", timeout=0.05)


@pytest.mark.parametrize(
    ("text", "segments"),
    [("x" * 160, 1), ("x" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("警" * 70, 1), ("警" * 71, 2), ("🚨" * 36, 2)],
)
def test_segments_are_counted_by_alphabet(text: str, segments: int) -> None:
    """Seven-bit texts break after 160 places, others after 70, and each part loses room to its header."""
    assert segment_count(text) == segments


async def test_as_a_process_it_obeys_control_logs_and_comes_back(tmp_path: Path) -> None:
    """A bench runs it on its own: commands by HTTP, messages in a file, stamps on the machine's clock."""
    log, account = tmp_path / "sent.jsonl", FakeTwilio().account
    async with own_process("tests.support.fake_twilio", "--log", str(log)) as server:
        url = f"http://{LOOPBACK}:{server.port}"
        base = f"{url}/2010-04-01/Accounts/{account.sid}"
        async with httpx.AsyncClient(base_url=base, auth=(account.sid, account.token)) as client:
            ordered = await client.post(f"{url}/_control", json={"command": "fail_next", "count": 1})
            assert ordered.status_code == 200
            assert [(await post(client)).status_code for _ in range(2)] == [503, 201]
            assert (await client.post(f"{url}/_control", json={"command": "explode"})).status_code == 400
            await client.post(f"{url}/_control", json={"command": "go_down", "seconds": 0.3})
            await asyncio.sleep(0.15)
            with pytest.raises(httpx.TransportError):
                await post(client)
            await asyncio.sleep(0.5)
            assert (await client.get(f"{url}/_control")).json()["messages"] == 1
    line = json.loads(log.read_text(encoding="utf-8"))
    assert (line["to"], line["answered"]) == (TO, 201)
    assert abs(line["arrived_monotonic"] - asyncio.get_running_loop().time()) < 60
