"""Receipts of a template gateway: signed, one or many at a time, taken by the same road as any provider's."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from events.unreached import ContactUnreached
from services.runtime.contact_flags import hash_of
from services.runtime.database import Database
from services.runtime.sms_gateway.paths import STATUS
from services.runtime.tables import contact_flags
from tests.support import fake_gateway
from tests.support.intake import PRINCIPAL
from tests.support.notices import PHONE
from tests.support.twilio_intake import NOTICE, Line, directory, make_line

# What is written takes the road of Twilio's receipts, which is tested on both databases.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

SAMPLE = Path(__file__).parents[2] / "deploy" / "sample" / "sms-gateway.yaml"
MESSAGE_ID = "900001"
GATEWAY: dict[str, Any] = {
    "sms_gateway": SAMPLE,
    "sms_gateway_access_key": fake_gateway.ACCESS_KEY,
    "sms_gateway_secret": fake_gateway.SECRET,
}


@pytest.fixture
def line(database: Database) -> Line:
    """An intake with a gateway set up, and a principal with a domestic number."""
    return make_line(database, directory(number=PHONE), **GATEWAY)


async def hand_over(line: Line, **changes: Any) -> None:
    await line.request(**{"provider": "sms-gateway", "provider_id": MESSAGE_ID, **changes})


def told(**changes: Any) -> dict[str, Any]:
    one = {"out_id": NOTICE, "message_id": MESSAGE_ID, "phone_number": "13800000001", "success": True}
    return {**one, "err_code": "DELIVERED", "report_time": "2026-03-02 14:20:09", **changes}


def lost(code: Any = "UNDELIV", **changes: Any) -> dict[str, Any]:
    return told(success=False, err_code=code, **changes)


async def post(line: Line, content: Any, *, path: str = STATUS, **of_signature: Any) -> httpx.Response:
    raw, headers = fake_gateway.callback(path, content, **of_signature)
    async with line.intake.anonymous() as client:
        return await client.post(STATUS, content=raw, headers=headers)


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("tocsin_gateway_receipts_total", {"outcome": outcome}) or 0.0


async def test_delivered_message_is_on_record(line: Line) -> None:
    """And the gateway gets the answer it waits for, or it would come again for hours."""
    await hand_over(line)
    answer = await post(line, told())
    assert (answer.status_code, answer.json()) == (200, {"code": 0, "message": "ok"})
    assert (await line.row()).state == "delivered"
    assert await line.deliveries() == [("delivered", 1)]


@pytest.mark.parametrize(
    ("code", "meaning", "flaw"),
    [
        ("MOBILE_NOT_ON_SERVICE", "not in service", "dead"),
        ("USER_REJECT", "opted out", "opted-out"),
        ("MOBILE_TERMINAL_ERROR", "off or out of reach", None),
        ("1009", "own list", "opted-out"),
        ("MK:0012", "MK:0012: not delivered", None),
        (12, "12: not delivered", None),
        (None, "not delivered", None),
    ],
)
async def test_lost_message_brings_in_the_next_contact_and_flags_a_dead_one(
    line: Line, code: Any, meaning: str, flaw: str | None
) -> None:
    """The case hears why, by the table of codes and the gateway's own."""
    await hand_over(line)
    await post(line, lost(code))
    row = await line.row()
    assert (row.state, meaning in row.reason) == ("undelivered", True)
    [fact] = [body for _, body in await line.outgoing() if isinstance(body, ContactUnreached)]
    assert (fact.cause, fact.reason) == ("undelivered", row.reason)
    flags = await line.intake.rows(contact_flags)
    assert [(flag.contact_id, flag.flaw, flag.address_hash) for flag in flags] == (
        [(f"{PRINCIPAL}:sms", flaw, hash_of(PHONE))] if flaw else []
    )


async def test_one_bad_receipt_of_many_stops_no_other(line: Line) -> None:
    """A stranger's, one that is none, one that says nothing: the rest count."""
    before = {outcome: counted(outcome) for outcome in ("taken", "stranger", "unreadable", "nothing-new")}
    await hand_over(line)
    many = [told(out_id="nobody"), "nonsense", {"out_id": NOTICE}, told(), told()]
    assert (await post(line, many)).status_code == 200
    assert (await line.row()).state == "delivered"
    assert {outcome: counted(outcome) - was for outcome, was in before.items()} == {
        "taken": 1,
        "stranger": 1,
        "unreadable": 2,
        "nothing-new": 1,
    }


async def test_receipts_that_are_no_json_are_taken_and_forgotten(line: Line) -> None:
    """Signed nonsense: to answer with a problem would bring it again."""
    raw = b"[{"
    headers = fake_gateway.callback(STATUS, {})[1]
    headers["X-Signature"] = fake_gateway.signature(STATUS, raw, headers["X-Timestamp"], headers["X-Nonce"])
    async with line.intake.anonymous() as client:
        assert (await client.post(STATUS, content=raw, headers=headers)).status_code == 200


async def test_receipts_out_of_order_never_move_a_message_back(line: Line) -> None:
    """Delivered is delivered."""
    await hand_over(line)
    for content in (told(), lost(), told()):
        await post(line, content)
    assert await line.deliveries() == [("delivered", 1)]


@pytest.mark.parametrize("state", ["attempted", "outcome-unknown"])
async def test_receipt_that_comes_before_the_hand_over_is_written_settles_it(line: Line, state: str) -> None:
    """The gateway has it: nothing is left to look up or to send again."""
    await hand_over(line, state=state, provider_id=None)
    await post(line, told())
    row = await line.row()
    assert (row.state, row.provider_id, row.next_try_at) == ("delivered", MESSAGE_ID, None)


async def test_message_that_another_provider_has_since_is_not_lost_by_the_gateways_loss(line: Line) -> None:
    """It failed here, went out by Twilio, and only then the gateway tells what everybody knows."""
    await line.request()
    await post(line, lost())
    assert (await line.row()).state == "handed-over"
    assert await line.outgoing() == []


@pytest.mark.parametrize(
    "forged",
    [
        {"secret": "another"},
        {"path": "/v1/webhooks/sms-gateway/other"},
        {"seconds_off": -301},
        {"seconds_off": 400},
    ],
)
async def test_forged_receipt_changes_nothing(line: Line, forged: dict[str, Any]) -> None:
    """Another's secret, a signature of another path, or one that was right some time ago."""
    await hand_over(line)
    before = counted("forged")
    answer = await post(line, lost("MOBILE_NOT_ON_SERVICE"), **forged)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:tocsin:problem:bad-signature")
    assert (await line.row()).state == "handed-over"
    assert counted("forged") == before + 1


async def test_body_that_was_changed_on_the_way_is_refused(line: Line) -> None:
    """The signature covers it."""
    await hand_over(line)
    raw, headers = fake_gateway.callback(STATUS, told())
    async with line.intake.anonymous() as client:
        answer = await client.post(STATUS, content=raw.replace(b"true", b"false"), headers=headers)
        nothing = await client.post(STATUS, content=raw)
    assert (answer.status_code, nothing.status_code) == (403, 403)


async def test_address_with_a_path_before_ours_is_signed_as_it_was_given(database: Database) -> None:
    """A proxy takes it off; the gateway does not know of that."""
    line = make_line(database, **GATEWAY | {"public_url": "https://bureau.example.org/tocsin"})
    await hand_over(line)
    assert (await post(line, told(), path=f"/tocsin{STATUS}")).status_code == 200
    assert (await post(line, told())).status_code == 403


async def test_intake_without_a_gateway_knows_no_such_provider(database: Database) -> None:
    """It says what to set."""
    answer = await post(make_line(database), told())
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:tocsin:problem:no-provider")
