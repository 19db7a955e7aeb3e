"""The template gateway's channel against a real server: what it is sent, and what each answer leads to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.notifier.addressing import compose
from services.notifier.channels.base import ChannelError, Message, OutcomeUnknown, Refused, TryLater
from services.notifier.channels.sms_gateway.channel import SmsGateway
from services.runtime.clock import wall_now
from tests.support.fake_gateway import LIMIT, FakeGateway, Order, sms_to
from tests.support.notices import PHONE, START, failure_of, requested


@pytest.fixture
async def server() -> AsyncIterator[FakeGateway]:
    async with FakeGateway() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def sms(server: FakeGateway) -> AsyncIterator[SmsGateway]:
    channel = sms_to(server)
    yield channel
    await channel.close()


def alert(**changes: Any) -> Message:
    return compose(requested(**changes), PHONE, START)


async def test_message_is_a_template_and_its_parameters_in_order(server: FakeGateway, sms: SmsGateway) -> None:
    """With our own id of it, to the number as domestic gateways write it; the id that we keep is the gateway's."""
    handed = await sms.send(alert())
    [found] = server.taken
    assert (found.number, found.template_id, found.out_id) == ("13800000001", "SMS_1", "notice-1")
    assert found.parameters == ["火灾", "阳光县第一中心小学", "14:35", "K7Q2MX"]
    assert found.callback_url is None
    assert handed.provider_id == found.message_id


async def test_gateway_that_fills_by_name_gets_names_and_where_receipts_go(server: FakeGateway) -> None:
    """Its own names for our values."""
    template = {"id": "SMS_2", "parameters": {"t": "deadline", "c": "code"}}
    channel = sms_to(server, public_url="https://tocsin.example.org/in", templates=[template])
    await channel.send(alert())
    await channel.close()
    [found] = server.taken
    assert found.parameters == {"t": "14:35", "c": "K7Q2MX"}
    assert found.callback_url == "https://tocsin.example.org/in/v1/webhooks/sms-gateway/status"


async def test_long_name_is_cut_to_what_the_gateway_takes(server: FakeGateway, sms: SmsGateway) -> None:
    """Otherwise it would be refused whole."""
    await sms.send(alert(school_name="阳光县" + "第一中心小学" * 10))
    [found] = server.taken
    assert len(found.parameters[1]) == LIMIT
    assert found.parameters[1].endswith("…")
    assert found.parameters[3] == "K7Q2MX"


@pytest.mark.parametrize(
    ("status", "code", "error", "flaw"),
    [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", Refused, "dead"),
        (200, "MOBILE_IN_BLACK", Refused, "opted-out"),
        (200, "isv.SMS_TEMPLATE_ILLEGAL", Refused, None),
        (200, "isv.AMOUNT_NOT_ENOUGH", TryLater, None),
        (200, "Throttling.User", TryLater, None),
        (403, "SignatureDoesNotMatch", TryLater, None),
        (200, "isp.SYSTEM_ERROR", OutcomeUnknown, None),
        (500, "isv.MOBILE_NUMBER_ILLEGAL", Refused, "dead"),
        (200, "never.heard.of", Refused, None),
        (400, None, Refused, None),
        (429, None, TryLater, None),
        (502, "OK", OutcomeUnknown, None),
        (503, None, OutcomeUnknown, None),
        (200, None, OutcomeUnknown, None),
        (302, None, OutcomeUnknown, None),
    ],
)
async def test_answer_leads_to_the_right_thing_to_do(
    server: FakeGateway, sms: SmsGateway, status: int, code: str | None, error: type[ChannelError], flaw: str | None
) -> None:
    """By the code where the table has it, by the status where not; a code that nobody knows is no success."""
    server.answer_next(Order(status, code))
    failure = await failure_of(sms.send(alert()))
    assert type(failure) is error
    assert getattr(failure, "flaw", None) == flaw
    assert len(server.taken) == 0


async def test_limit_of_one_number_says_nothing_of_the_gateway(server: FakeGateway, sms: SmsGateway) -> None:
    """Its breaker is not for that."""
    server.refuse_number("13800000001", "isv.BUSINESS_LIMIT_CONTROL")
    failure = await failure_of(sms.send(alert()))
    assert isinstance(failure, TryLater)
    assert failure.of_recipient


async def test_gateways_own_codes_go_before_the_common_ones(server: FakeGateway) -> None:
    """A number on the wire or a name: as its file says."""
    own = {
        "UNKNOWN": {"action": "refuse", "meaning": "listed", "flaw": "opted-out"},
        0: {"action": "taken", "meaning": "ok"},
    }
    channel = sms_to(server, codes=own)
    server.answer_next(Order(200, "UNKNOWN"), Order(200, "0", takes=True))
    failure = await failure_of(channel.send(alert()))
    assert isinstance(failure, Refused)
    assert failure.flaw == "opted-out"
    await channel.send(alert())
    await channel.close()


async def test_pace_that_the_gateway_asks_for_is_kept(server: FakeGateway, sms: SmsGateway) -> None:
    """Retry-After beside a code."""
    server.answer_next(Order(429, "Throttling", headers={"Retry-After": "7"}))
    assert (await failure_of(sms.send(alert()))).retry_after == timedelta(seconds=7)


async def test_gateways_own_words_stay_out_of_the_reason(server: FakeGateway, sms: SmsGateway) -> None:
    """They quote the number; and so may a code that is none."""
    server.answer_next(Order(200, "no route to 13800000001"))
    failure = await failure_of(sms.send(alert()))
    assert "13800000001" not in failure.reason
    assert "route" not in failure.reason


async def test_page_of_a_proxy_leaves_the_outcome_unknown(server: FakeGateway, sms: SmsGateway) -> None:
    """Somebody in between answered 200."""
    server.answer_next(Order(200, page=True))
    assert isinstance(await failure_of(sms.send(alert())), OutcomeUnknown)


async def test_message_taken_behind_a_5xx_is_found_by_our_own_id(server: FakeGateway, sms: SmsGateway) -> None:
    """One SMS, found; the one that was not taken is not."""
    server.answer_next(Order(500, takes=True))
    assert isinstance(await failure_of(sms.send(alert())), OutcomeUnknown)
    found = await sms.find(alert(), wall_now())
    assert found is not None
    assert found.provider_id == server.taken[0].message_id
    assert await sms.find(alert(notification_id="notice-2"), wall_now()) is None


async def test_question_that_gets_no_answer_is_asked_again(server: FakeGateway, sms: SmsGateway) -> None:
    """Not answered is not "not there"."""
    server.answer_next(Order(503))
    assert isinstance(await failure_of(sms.find(alert(), wall_now())), OutcomeUnknown)


async def test_gateway_without_questions_is_asked_none(server: FakeGateway) -> None:
    """Then a message in doubt is sent again."""
    channel = sms_to(server, query_url=None)
    assert await channel.find(alert(), wall_now()) is None
    await channel.close()
    assert server.questions == 0


async def test_silence_and_a_line_that_breaks_leave_the_outcome_unknown(server: FakeGateway, sms: SmsGateway) -> None:
    """Nothing is said of what was taken."""
    server.hang()
    assert isinstance(await failure_of(sms.send(alert())), OutcomeUnknown)
    sending = asyncio.create_task(sms.send(alert()))
    await asyncio.sleep(0.1)
    server.go_down()
    assert isinstance(await failure_of(sending), OutcomeUnknown)
    assert isinstance(await failure_of(sms.send(alert())), TryLater)


async def test_number_of_another_country_is_refused_unsent(server: FakeGateway, sms: SmsGateway) -> None:
    """The next provider is asked; nothing is said against the number."""
    failure = await failure_of(sms.send(compose(requested(), "+12025550101", START)))
    assert isinstance(failure, Refused)
    assert failure.flaw is None
    assert len(server.taken) == 0
