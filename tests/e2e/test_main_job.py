"""The main job, end to end: a filed incident reaches the principal and climbs on time."""

import re
from datetime import timedelta

import pytest

from services.broker.apache import ApacheKafka
from tests.e2e.conftest import MakeStack
from tests.support.stack import Stack, at

pytestmark = pytest.mark.kafka
PRINCIPAL, DIRECTOR, TOWNSHIP, LEADER = "+12025550101", "+12025550105", "+12025550106", "+12025550107"
SPEED = 120.0


def code_in(text: str) -> str:
    """Return the acknowledgement code of a message."""
    found = re.search(r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{6}(?![0-9A-Z])", text, re.ASCII)
    assert found, text
    return found.group()


async def sms_to(stack: Stack, number: str, *, count: int = 1, seconds: float = 20) -> list[str]:
    """Return the texts of the SMS to a number, once there are ``count``."""

    async def enough() -> list[str] | None:
        texts = [message.body for message in stack.twilio.messages if message.to == number]
        return texts if len(texts) >= count else None

    return await stack.until(enough, f"{count} SMS to {number}", seconds)


async def test_filed_report_reaches_the_principal_by_sms_and_email_and_the_code_acknowledges(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """Posted by HTTP, carried by Kafka, judged by the agent, sent by SMS and email; the code stops the clock."""
    stack = await make_stack(kafka.bootstrap_servers)
    await stack.start_all()
    case = await stack.file(place="三楼实验室", summary="酒精灯翻倒", severity="III")
    text = (await sms_to(stack, PRINCIPAL))[0]
    mail = await stack.smtp.wait_for(lambda mail: "principal-1@example.org" in mail.recipients, timeout=20)
    assert "湖畔小学" in text
    assert code_in(text) in mail.text
    answer = await stack.post("/v1/acknowledge", {"code": code_in(text).lower()}, token=None)
    assert answer.status_code == 202, answer.text
    await stack.until_kind(case, "clock-satisfied")
    kinds = await stack.kinds(case)
    assert kinds[:3] == ["case-opened", "step-taken", "clock-started"]
    assert "breach-recorded" not in kinds
    assert len(stack.twilio.messages) == 1


async def test_unanswered_case_climbs_on_time_and_an_answered_one_records_no_breach(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """The whole climb at speed 120, both parallel recipients, beside a case whose chain answers in time."""
    stack = await make_stack(kafka.bootstrap_servers, speed=SPEED)
    await stack.start_all()
    silent = await stack.file()
    answered = await stack.file(school_id="school-2", exercise=True)
    await stack.until_kind(answered, "step-taken")
    await stack.act(answered, "acknowledge", "principal-2")
    await stack.until_kind(answered, "acknowledged")
    await stack.act(answered, "upward-report", "principal-2", summary="演练报告")
    await stack.until_kind(answered, "reported-upward")
    await stack.act(answered, "acknowledge", "director")
    await stack.act(answered, "upward-report", "director", summary="演练报告")
    await sms_to(stack, TOWNSHIP)
    await sms_to(stack, LEADER)  # both parallel recipients were told of the report
    await stack.act(answered, "acknowledge", "township-officer")
    await stack.act(answered, "acknowledge", "bureau-leader")

    async def climbed() -> bool:
        breaches = [entry["clock"] for entry in await stack.timeline(silent) if entry["kind"] == "breach-recorded"]
        return "upward_receipt@government_and_bureau" in breaches

    await stack.until(climbed, "the whole climb", seconds=35 * 60 / SPEED + 10)
    entries = await stack.timeline(silent)
    filed = at(entries[0])
    breaches = {e["clock"]: (at(e) - filed) / timedelta(minutes=1) for e in entries if e["kind"] == "breach-recorded"}
    assert breaches == {
        "report_to_principal@principal": 15,
        "upward_receipt@district": 25,
        "report_upward@principal": 35,
        "upward_receipt@government_and_bureau": 35,
    }
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    await sms_to(stack, DIRECTOR, count=2)
    told = {message.to for message in stack.twilio.messages if "演练" not in message.body}
    assert {PRINCIPAL, DIRECTOR, TOWNSHIP, LEADER} <= told
    drill = [message.body for message in stack.twilio.messages if "山前中学" in message.body]
    assert drill
    assert all("演练" in text for text in drill)
    kinds = await stack.kinds(answered)
    assert "breach-recorded" not in kinds
    assert kinds.count("acknowledged") == 4
