"""The fake Twilio fails, stalls, lies and dies exactly as told, inside the test and as a process of its own."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.fake_twilio import Account, FakeTwilio
from tests.support.fake_twilio.client import GOOD, TO, http_client, post
from tests.support.own_process import own_process
from tests.support.ports import LOOPBACK


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server


@pytest.fixture
async def api(twilio: FakeTwilio) -> AsyncIterator[httpx.AsyncClient]:
    async with http_client(twilio) as client:
        yield client


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


async def test_as_a_process_it_obeys_control_logs_and_comes_back(tmp_path: Path) -> None:
    """A bench runs it on its own: commands by HTTP, messages in a file, stamps on the machine's clock."""
    log, account = tmp_path / "sent.jsonl", Account()
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
