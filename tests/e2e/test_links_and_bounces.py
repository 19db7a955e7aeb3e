"""An email that comes back, and one that is answered by its link, through the real processes."""

import re
from pathlib import Path

import httpx
import pytest
from aiosmtplib import SMTP

from services.broker.apache import ApacheKafka
from tests.e2e.conftest import MakeStack
from tests.support.link_page import page
from tests.support.ports import LOOPBACK, free_port
from tests.support.smtp_sink import Mail
from tests.support.stack import Stack

pytestmark = pytest.mark.kafka
PRINCIPAL = "principal-1@example.org"
DOMAIN = "bounces.example.org"
RETURNED = Path(__file__).parents[1] / "support" / "returned"


async def email_to(stack: Stack, address: str) -> Mail:
    """Return the newest email to somebody."""
    return await stack.smtp.wait_for(lambda mail: address in mail.recipients, timeout=20)


async def test_returned_email_is_told_to_the_case_whose_next_answer_comes_by_the_link(
    make_stack: MakeStack, kafka: ApacheKafka
) -> None:
    """The mail server returns the email to its own address; the case hears, and the page then stops the clock."""
    port = free_port()
    bounces = {"TOCSIN_BOUNCE_DOMAIN": DOMAIN, "TOCSIN_BOUNCE_PORT": str(port)}
    stack = await make_stack(kafka.bootstrap_servers, extra=bounces)
    await stack.start_all()
    case = await stack.file(severity="III")
    mail = await email_to(stack, PRINCIPAL)
    assert mail.sender.endswith(f"@{DOMAIN}")
    async with SMTP(hostname=LOOPBACK, port=port, start_tls=False) as server:
        await server.sendmail("", [mail.sender], (RETURNED / "exchange_policy.eml").read_bytes())
    await stack.until_kind(case, "contact-unreached")
    [reason] = [entry["reason"] for entry in await stack.timeline(case) if entry["kind"] == "contact-unreached"]
    assert "mail server 5.7.12" in reason

    found = re.search(rf"{re.escape(stack.public_url)}(/a/[\w-]+)\n", mail.text)
    assert found, mail.text
    async with httpx.AsyncClient(base_url=stack.public_url) as browser:
        assert page(await browser.get(found.group(1))).buttons == ["accept", "decline"]
        assert "已确认由您负责" in page(await browser.post(found.group(1), data={"answer": "accept"})).text
    await stack.until_kind(case, "clock-satisfied")
    kinds = await stack.kinds(case)
    assert "acknowledged" in kinds
    assert "breach-recorded" not in kinds
