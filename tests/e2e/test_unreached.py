"""A message that does not arrive, end to end: the carrier gives the SMS up, the telephone rings, a key answers."""

import re

import httpx
import pytest

from services.broker.apache import ApacheKafka
from services.runtime.twilio_paths import SMS
from tests.e2e.conftest import MakeStack
from tests.support.fake_twilio import Message
from tests.support.stack import Stack

pytestmark = pytest.mark.kafka
PRINCIPAL, DEPUTY = "+12025550101", "+12025550102"


async def sms_to(stack: Stack, number: str) -> Message:
    """Return the newest SMS to a number, once there is one."""

    async def there() -> Message | None:
        return next((one for one in list(stack.twilio.messages)[::-1] if one.to == number), None)

    return await stack.until(there, f"an SMS to {number}")


async def test_sms_given_up_by_the_carrier_becomes_a_call_whose_key_answers(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """Undelivered by callback → the principal is called → 1 → acknowledged, and no clock was missed."""
    stack = await make_stack(kafka.bootstrap_servers)
    await stack.start_all()
    case = await stack.file(place="三楼实验室", summary="酒精灯翻倒", severity="III")
    message = await sms_to(stack, PRINCIPAL)
    for _ in range(2):  # carriers repeat themselves
        answer = await stack.twilio.webhooks.report(message, "undelivered", error_code=30003)
        assert answer.status_code == httpx.codes.NO_CONTENT, answer.text
    call = await stack.twilio.calls.wait_for(lambda call: call.to == PRINCIPAL, timeout=20)
    script = await stack.twilio.webhooks.pick_up(call)
    assert "湖畔小学" in script.words
    assert "酒精灯" not in script.words
    said = await stack.twilio.webhooks.press(call, "1", script)
    assert "已确认" in said.words
    await stack.twilio.webhooks.end(call, "completed")
    await stack.until_kind(case, "clock-satisfied")
    kinds = await stack.kinds(case)
    assert kinds.count("contact-unreached") == 1
    assert "acknowledged" in kinds
    assert "breach-recorded" not in kinds
    assert len(stack.twilio.calls) == 1


async def test_reply_that_they_cannot_take_it_moves_the_case_to_the_stand_in_whose_reply_accepts(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """A reply of 2 moves the case to the stand-in at once, who accepts it by the code of their own SMS."""
    stack = await make_stack(kafka.bootstrap_servers)
    await stack.start_all()
    case = await stack.file(severity="III")
    await sms_to(stack, PRINCIPAL)
    reply = await stack.twilio.webhooks.reply(stack.public_url + SMS, PRINCIPAL, "来不了")
    assert "替补" in "".join(reply.messages)
    await stack.until_kind(case, "handed-over")
    text = (await sms_to(stack, DEPUTY)).body
    found = re.search(r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{6}(?![0-9A-Z])", text, re.ASCII)
    assert found, text
    reply = await stack.twilio.webhooks.reply(stack.public_url + SMS, DEPUTY, f"收到 {found.group().lower()}")
    assert "已确认" in "".join(reply.messages)
    await stack.until_kind(case, "clock-satisfied")
    assert "breach-recorded" not in await stack.kinds(case)
