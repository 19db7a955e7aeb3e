"""A petition, end to end: whom it concerns never hears of it, its text is nowhere, its holder sees the answer."""

import asyncio
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from events.topics import CATALOGUE
from services.broker.apache import ApacheKafka
from tests.e2e.conftest import MakeStack
from tests.support.stack import Stack

pytestmark = pytest.mark.kafka
DIRECTOR = "+12025550105"
SCHOOL_NUMBERS = {"+12025550101", "+12025550102"}
NARRATIVE = "校长收取赞助费三千元"
WHO = "家长王某，电话 13800000000"


async def everything_on_the_bus(stack: Stack) -> bytes:
    """Return every key, header and value of every topic, and of the dead letters."""
    names = [stack.prefix + topic.name for topic in CATALOGUE]
    consumer = AIOKafkaConsumer(*names, bootstrap_servers=stack.kafka, auto_offset_reset="earliest", group_id=None)
    await consumer.start()
    try:
        found = b""
        while batches := await consumer.getmany(timeout_ms=2_000, max_records=1_000):
            for records in batches.values():
                for record in records:
                    headers = b"".join(name.encode() + value for name, value in record.headers)
                    found += (record.key or b"") + headers + (record.value or b"")
        return found
    finally:
        await consumer.stop()


async def page(stack: Stack, filed: dict[str, Any]) -> dict[str, Any]:
    """Return the petition's page as its holder sees it."""
    answer = await stack.http.get(f"/v1/petitions/{filed['receipt']}", headers={"Tocsin-Secret": filed["secret"]})
    assert answer.status_code == httpx.codes.OK, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until_state(stack: Stack, filed: dict[str, Any], state: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any] | None:
        found = await page(stack, filed)
        return found if found["state"] == state else None

    return await stack.until(reached, f"the petition is {state}")


async def test_petition_passes_over_whom_it_concerns_and_its_holder_reads_the_answer(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """The principal complained of and their school hear nothing; the district is told, answers, and may be reviewed."""
    stack = await make_stack(kafka.bootstrap_servers)
    await stack.start_all()
    answer = await stack.post(
        "/v1/petitions",
        {
            "school_id": "school-1",
            "kind": "petition-on-site",
            "concerns": ["principal-1"],
            "headcount": 30,
            "summary": NARRATIVE,
            "contact": WHO,
        },
        token=None,
    )
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    filed = answer.json()

    async def director_told() -> list[str] | None:
        return [message.body for message in stack.twilio.messages if message.to == DIRECTOR] or None

    text = (await stack.until(director_told, "the director is told"))[0]
    assert filed["receipt"] in text
    assert NARRATIVE not in text
    for verb, fields in (("accept", {"notice": "已受理"}), ("resolve", {"answer": "费用已退还"})):
        await stack.act(filed["case_id"], verb, "director", **fields)
    seen = await until_state(stack, filed, "answered")
    assert (seen["notice"], seen["answer"]) == ("已受理", "费用已退还")
    asked = await stack.http.post(
        f"/v1/petitions/{filed['receipt']}/ask-review", headers={"Tocsin-Secret": filed["secret"]}
    )
    assert asked.status_code == httpx.codes.ACCEPTED, asked.text
    await stack.until_kind(filed["case_id"], "review-asked")

    await asyncio.sleep(1)
    assert SCHOOL_NUMBERS.isdisjoint(message.to for message in stack.twilio.messages)
    assert not any("1@example.org" in "".join(mail.recipients) for mail in stack.smtp.mails)
    principal = await stack.token("principal", "principal", "school-1", "principal-1")
    hidden = await stack.http.get(f"/v1/cases/{filed['case_id']}", headers={"Authorization": f"Bearer {principal}"})
    assert hidden.status_code == httpx.codes.NOT_FOUND
    bus = (await everything_on_the_bus(stack)).decode(errors="replace")
    assert filed["case_id"] in bus
    assert NARRATIVE not in bus
    assert WHO not in bus
    assert NARRATIVE.encode("unicode_escape").decode() not in bus
