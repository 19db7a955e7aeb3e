"""The chat channel: apprise's own plugins against a real HTTP server, and what their yes and no lead to."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog

from services.notifier.channels.base import OutcomeUnknown, Refused, TryLater
from services.notifier.channels.chat.channel import Chat
from services.notifier.channels.chat.lines import OF_ONE_TARGET, Lines
from services.notifier.channels.smtp_email.mime import compose
from services.runtime.errors import SettingsError
from services.runtime.logging import configure_logging
from services.runtime.settings import Settings
from tests.support.notices import failure_of, message
from tests.support.receiver import Receiver

TIMEOUT = 1.0
KEY = "k3ysecretk3ysecretk3ysecre"
ADDRESSES = {
    "wecombot": f"wecombot://{KEY}",
    "dingtalk": f"dingtalk://SEC{KEY}@{KEY}",
    "feishu": f"feishu://{KEY}",
    "lark": f"lark://{KEY}",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    "workflow": f"workflow://example.org:443/{KEY}/{KEY}/",
    "mmosts": f"mmosts://example.org/{KEY}",
    "rockets": f"rockets://{KEY}/{KEY}@example.org/room",
    "zulip": f"zulip://botname@example/{KEY}{KEY[:6]}/",
    "matrixs": f"matrixs://user:{KEY}@example.org/#room",
    "ntfys": f"ntfys://example.org/{KEY}",
}
"""One address of each kind that the settings allow unasked."""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as server:
        yield server


@pytest.fixture
def quiet(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Logging as a service has it, at its chattiest, into what the test captures; and as it was afterwards."""
    del capsys
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("test", "json", "debug")
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def chat_of(*, timeout: float = TIMEOUT, **addresses: str) -> Chat:
    return Chat(addresses, timeout)


def to(target: str, **changes: Any) -> Any:
    return message(address=target, **changes)


def json_at(receiver: Receiver, query: str = "") -> str:
    return f"json://127.0.0.1:{receiver.port}/{KEY}{query}"


async def test_text_arrives_whole(receiver: Receiver) -> None:
    """By name; what is in the directory is no address."""
    chat = chat_of(team=json_at(receiver))
    handed = await chat.send(to("team"))
    await chat.close()
    [post] = receiver.posts
    assert post.event["message"] == message().text
    assert handed.provider_id is None


@pytest.mark.parametrize(("scheme", "field"), [("mmost", "text"), ("ntfy", "message")])
async def test_plugin_of_a_real_chat_says_the_text(receiver: Receiver, scheme: str, field: str) -> None:
    """Mattermost and ntfy can be run anywhere, so here, too."""
    receiver.answer_next(200)
    chat = chat_of(team=f"{scheme}://127.0.0.1:{receiver.port}/{KEY}")
    await chat.send(to("team"))
    await chat.close()
    assert "K7Q2MX" in receiver.posts[0].event[field]


@pytest.mark.parametrize("scheme", Settings().chat_schemes.split(","))
def test_kind_that_the_settings_allow_is_one_of_apprises(scheme: str) -> None:
    """A misspelt one would be refused when somebody at last uses it."""
    Chat({"team": ADDRESSES[scheme]}, TIMEOUT)


def test_emails_are_written_as_before_where_there_are_chats() -> None:
    """One of apprise's plugins would have every email of the process written otherwise, from its loading on."""
    wanted = compose(message(subject="事件通知：较大火灾", html="<p>火灾</p>"), "tocsin@county.example")
    Chat({"team": ADDRESSES["wecombot"]}, TIMEOUT)
    written = compose(message(subject="事件通知：较大火灾", html="<p>火灾</p>"), "tocsin@county.example")
    for email in (wanted, written):
        assert b"Subject: =?utf-8?b?" in email
        assert email.count(b"Content-Transfer-Encoding: base64") == 2


async def test_messages_to_one_chat_do_not_wait_for_each_other(receiver: Receiver) -> None:
    """A plugin that is kept lets 5.5 s pass between two."""
    chat = chat_of(team=f"mmost://127.0.0.1:{receiver.port}/{KEY}", timeout=4.0)
    for _ in range(2):
        receiver.answer_next(200)
        await chat.send(to("team"))
    await chat.close()
    assert len(receiver.posts) == 2


@pytest.mark.parametrize("status", [302, 403, 429, 500])
async def test_no_leaves_the_outcome_unknown_and_says_nothing_of_other_chats(receiver: Receiver, status: int) -> None:
    """Apprise tells a refusal and a lost answer alike; no redirect is followed."""
    receiver.answer_next(status, Location=f"{receiver.url}/elsewhere")
    chat = chat_of(team=json_at(receiver))
    failure = await failure_of(chat.send(to("team")))
    await chat.close()
    assert isinstance(failure, OutcomeUnknown)
    assert failure.of_recipient
    assert len(receiver.posts) == 1


async def test_silent_chat_leaves_the_outcome_unknown_and_its_lines_free(receiver: Receiver) -> None:
    """Within the time-out, whatever its address asks for: the third message finds a line again."""
    chat = chat_of(team=json_at(receiver, "?rto=60&cto=60"))
    receiver.hang()
    failures = await asyncio.gather(*(failure_of(chat.send(to("team"))) for _ in range(OF_ONE_TARGET)))
    failures.append(await failure_of(chat.send(to("team"))))
    receiver.go_down()
    await chat.close()
    assert {type(failure) for failure in failures} == {OutcomeUnknown}


async def test_chat_that_is_down_leaves_the_outcome_unknown(receiver: Receiver) -> None:
    """Apprise says no more than no."""
    chat = chat_of(team=json_at(receiver))
    receiver.go_down()
    failure = await failure_of(chat.send(to("team")))
    await chat.close()
    assert isinstance(failure, OutcomeUnknown)


async def test_unknown_name_is_refused_and_not_held_against_the_contact() -> None:
    """It may be added to the file."""
    chat = chat_of()
    failure = await failure_of(chat.send(to("team")))
    assert isinstance(failure, Refused)
    assert failure.flaw is None
    assert "TOCSIN_CHAT_TARGETS" in failure.reason


async def test_stalled_chat_leaves_lines_to_the_others(receiver: Receiver) -> None:
    """Each chat is a server of its own."""
    receiver.hang()
    async with Receiver() as other:
        chat = chat_of(stalled=json_at(receiver), other=json_at(other), timeout=2.0)
        stalled = [asyncio.create_task(chat.send(to("stalled"))) for _ in range(6)]
        await receiver.posts.wait_for_count(OF_ONE_TARGET)
        await chat.send(to("other"))
        outcomes = await asyncio.gather(*stalled, return_exceptions=True)
        await chat.close()
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OutcomeUnknown"] * 2 + ["TryLater"] * 4


async def test_line_is_taken_until_its_call_comes_back_though_nobody_waits_any_more() -> None:
    """A thread cannot be ended; counted free, they would become more and more."""
    lines, stuck = Lines(wait_seconds=0.05, threads=1), threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await lines.run("a", stuck.wait)
    with pytest.raises(TryLater):
        await lines.run("b", lambda: True)
    stuck.set()
    async with asyncio.timeout(5):
        while True:
            try:
                assert await lines.run("b", lambda: True)
            except TryLater:
                continue
            break
    lines.close()


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("status", [200, 500])
async def test_key_of_a_chat_is_in_no_log_line(
    receiver: Receiver, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither apprise's nor its HTTP client's, at the chattiest level; nor in the reason."""
    receiver.answer_next(status)
    chat = chat_of(team=f"mmost://127.0.0.1:{receiver.port}/{KEY}")
    reason = ""
    try:
        await chat.send(to("team"))
    except OutcomeUnknown as error:
        reason = error.reason
    await chat.close()
    assert KEY in receiver.posts[0].path
    told = capsys.readouterr()
    assert KEY not in told.err + told.out + reason


@pytest.mark.usefixtures("quiet")
def test_address_that_apprise_cannot_use_is_named_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """At start, by the name of its target."""
    with pytest.raises(SettingsError) as refused:
        chat_of(team=f"wecombot://{KEY}.$$/")
    told = capsys.readouterr()
    assert "team" in str(refused.value)
    assert KEY not in str(refused.value) + told.err + told.out
