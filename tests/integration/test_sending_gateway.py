"""A template gateway beside Twilio: which of them is asked first for whom, and who stands in."""

from collections.abc import AsyncIterator

import pytest

from services.notifier.channels.base import Channel
from services.notifier.channels.sms_gateway.channel import SmsGateway
from services.notifier.channels.twilio_sms.channel import TwilioSms
from services.notifier.channels.twilio_sms.transport import TwilioTransport
from services.notifier.routes import Routes
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.tables import contact_flags
from tests.support.fake_gateway import FakeGateway, Order, sms_to
from tests.support.fake_twilio import FakeTwilio
from tests.support.notices import PHONE, requested
from tests.support.notifier_worker import row_of, working
from tests.support.store_rows import rows_of

# The pipeline is tested on both databases; here it is about who is asked.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HOME_FIRST = Routes.of("+86=sms-gateway")


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as server:
        yield server
        assert server.violations == []


@pytest.fixture
async def server() -> AsyncIterator[FakeGateway]:
    async with FakeGateway() as server:
        yield server
        assert server.violations == []


def pair(twilio: FakeTwilio, server: FakeGateway) -> tuple[Channel, SmsGateway]:
    transport = TwilioTransport(twilio.url, 2.0)
    return TwilioSms(twilio.account.sid, twilio.account.token, "+12025550100", transport), sms_to(server)


async def test_domestic_number_goes_through_the_gateway_and_twilio_stands_in(
    database: Database, twilio: FakeTwilio, server: FakeGateway
) -> None:
    """By the rule of the settings, though Twilio is named first; and at once when the gateway cannot be reached."""
    async with working(database, *pair(twilio, server), timeout_seconds=2, routes=HOME_FIRST) as worker:
        await worker.receive(requested())
        await worker.idle()
        assert (len(server.taken), len(twilio.messages)) == (1, 0)
        server.go_down()
        await worker.receive(requested(notification_id="notice-2"))
        await worker.idle()
    assert (len(server.taken), len(twilio.messages)) == (1, 1)
    assert ((await row_of(database)).provider, (await row_of(database, "notice-2")).provider) == (
        "sms-gateway",
        "twilio",
    )


async def test_message_that_no_template_says_goes_as_a_text(
    database: Database, twilio: FakeTwilio, server: FakeGateway
) -> None:
    """A drill, for which nothing was approved yet, is not kept from its people."""
    async with working(database, *pair(twilio, server), timeout_seconds=2, routes=HOME_FIRST) as worker:
        await worker.receive(requested(exercise=True))
        await worker.idle()
    assert (len(server.taken), len(twilio.messages)) == (0, 1)
    assert "演练" in twilio.messages[0].body


async def test_message_taken_behind_a_5xx_is_not_sent_a_second_time_by_anybody(
    database: Database, twilio: FakeTwilio, server: FakeGateway
) -> None:
    """The gateway is asked by our own id before Twilio would send it."""
    server.answer_next(Order(500, takes=True))
    async with working(database, *pair(twilio, server), timeout_seconds=2, routes=HOME_FIRST) as worker:
        await worker.receive(requested())
        await worker.idle()
    assert (len(server.taken), server.questions, len(twilio.messages)) == (1, 1, 0)
    assert (await row_of(database)).provider_id == server.taken[0].message_id


async def test_number_whose_owner_opted_out_is_flagged_and_nobody_else_sends_to_it(
    database: Database, twilio: FakeTwilio, server: FakeGateway
) -> None:
    """No is no, whoever was told."""
    server.refuse_number("13800000001", "MOBILE_IN_BLACK")
    async with working(database, *pair(twilio, server), timeout_seconds=2, routes=HOME_FIRST) as worker:
        await worker.receive(requested())
        await worker.idle()
    [flag] = await rows_of(database, contact_flags)
    assert (flag.flaw, flag.address_hash) == ("opted-out", hash_of(PHONE))
    assert len(twilio.messages) == 0
