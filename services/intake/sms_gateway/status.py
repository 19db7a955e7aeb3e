"""``POST /v1/webhooks/sms-gateway/status``: a gateway tells what became of messages, one or many at a time.

The answer to what is signed is always that it was taken: whatever is said of a stranger, telling it again would help
nobody. Only when the store fails is it a problem, and then the gateway comes again with all of them.
"""

from typing import Any

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.intake.deps import Deps, Parts
from services.intake.documents import request_body
from services.intake.metrics import GATEWAY_RECEIPTS
from services.intake.notices import find_notice
from services.intake.problems import LOG
from services.intake.receipts import Receipt, take_receipt
from services.intake.sms_gateway.signed import SignedBody
from services.runtime.sms_gateway.codes import shown
from services.runtime.sms_gateway.gateway_file import Gateway
from services.runtime.sms_gateway.paths import PROVIDER, STATUS

ROUTES = APIRouter(tags=["webhooks"])

MOST_RECEIPTS = 500
"""Of one request; gateways put up to 100 into one."""


class GatewayReceipt(BaseModel):
    """What became of one message, in the shape that gateways share."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    out_id: str = Field(min_length=1, max_length=200, description="Our id of the message: the notification's.")
    message_id: str = Field(min_length=1, max_length=200, description="The gateway's own id of it.")
    phone_number: str = Field(default="", max_length=30)
    success: bool
    err_code: str | None = Field(default=None, max_length=100, description="Why it did not arrive.")


class Taken(BaseModel):
    """The answer that gateways wait for."""

    code: int = 0
    message: str = "ok"


@ROUTES.post(
    STATUS, summary="A template SMS gateway tells what became of messages", openapi_extra=request_body(GatewayReceipt)
)
async def message_status(body: SignedBody, deps: Parts) -> Taken:
    """Store how far messages have come. Repeats, and what comes late, change nothing."""
    gateway = deps.settings.gateway
    assert gateway is not None  # its credentials are set, and the settings want all of them
    for each in _receipts(body):
        outcome = await _take(deps, gateway, each)
        GATEWAY_RECEIPTS.labels(outcome=outcome).inc()
    return Taken()


def _receipts(body: bytes) -> list[Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [None]
    return found[:MOST_RECEIPTS] if isinstance(found, list) else [found]


async def _take(deps: Deps, gateway: Gateway, told: Any) -> str:
    try:
        one = GatewayReceipt.model_validate(told)
    except ValidationError as error:
        LOG.info("callback.unreadable", kind="gateway", faults=error.error_count())
        return "unreadable"
    notice = await find_notice(deps, one.out_id)
    if notice is None or notice.request.channel != "sms":
        LOG.info("callback.of_a_stranger", kind="gateway")
        return "stranger"
    return "taken" if await take_receipt(deps, notice, receipt_of(gateway, one)) else "nothing-new"


def receipt_of(gateway: Gateway, one: GatewayReceipt) -> Receipt:
    """Return what a gateway says, in our words."""
    codes, lost = gateway.codes, not one.success
    rule = codes.get(one.err_code or "")
    meaning = "not delivered" if rule is None else rule.meaning
    return Receipt(
        provider=PROVIDER,
        provider_id=one.message_id,
        state="undelivered" if lost else "delivered",
        address=gateway.international(one.phone_number),
        reason=f"SMS gateway {shown(codes, one.err_code)}: {meaning}" if lost else None,
        flaw=rule.flaw if lost and rule is not None else None,
    )
