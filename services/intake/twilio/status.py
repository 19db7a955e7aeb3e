"""``POST /v1/webhooks/twilio/status/{notification_id}``: what becomes of a message that Twilio took.

Source: https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks. The answer is always
204: whatever Twilio says of a stranger, telling it again would help nobody.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from events.delivery import DeliveryState
from services.intake.deps import Deps, Parts
from services.intake.documents import form_body
from services.intake.metrics import CALLBACKS
from services.intake.notices import find_notice
from services.intake.problems import LOG
from services.intake.receipts import Receipt, take_receipt
from services.intake.twilio.signed import Form, MessageForm
from services.runtime.twilio_codes import BY_CODE
from services.runtime.twilio_paths import STATUS

ROUTES = APIRouter(tags=["webhooks"])
NotificationId = Annotated[str, Path(description="The notification that the message was sent for.")]

MESSAGES: Final = "twilio"
"""The provider, as the notifier names it."""

MESSAGE_STATES: Mapping[str, DeliveryState] = MappingProxyType(
    {
        **dict.fromkeys(("accepted", "scheduled", "queued", "sending"), "handed-over"),
        "sent": "sent",
        **dict.fromkeys(("delivered", "read"), "delivered"),
        **dict.fromkeys(("undelivered", "failed", "canceled"), "undelivered"),
    }
)
"""By Twilio's MessageStatus (https://www.twilio.com/docs/messaging/api/message-resource#message-status-values)."""


@ROUTES.post(STATUS, status_code=204, summary="Twilio tells what became of a message", openapi_extra=form_body())
async def message_status(notification_id: NotificationId, form: MessageForm, deps: Parts) -> Response:
    """Store how far a message has come. Repeats, and what comes late, change nothing."""
    outcome = await _take(deps, notification_id, form)
    CALLBACKS.labels(kind="message", outcome=outcome).inc()
    return Response(status_code=204)


async def _take(deps: Deps, notification_id: str, form: Form) -> str:
    receipt = receipt_of(form)
    if receipt is None:
        LOG.info("callback.unreadable", kind="message")
        return "unreadable"
    notice = await find_notice(deps, notification_id)
    if notice is None:
        LOG.info("callback.of_a_stranger", kind="message")
        return "stranger"
    return "taken" if await take_receipt(deps, notice, receipt) else "nothing-new"


def receipt_of(form: Form) -> Receipt | None:
    """Return what a callback says, or None when it names no message, or a status that nobody knows."""
    status = form.get("MessageStatus") or form.get("SmsStatus") or ""
    sid, state = form.get("MessageSid") or form.get("SmsSid"), MESSAGE_STATES.get(status)
    if state is None or not sid:
        return None
    code = int(given) if (given := form.get("ErrorCode", "")).isdecimal() else None
    rule = BY_CODE.get(code or 0)
    reason = f"Twilio {code or status}: {rule.meaning if rule else 'not delivered'}" if state == "undelivered" else None
    return Receipt(
        provider=MESSAGES,
        provider_id=sid,
        state=state,
        address=form.get("To", ""),
        reason=reason,
        flaw=rule.flaw if rule and state == "undelivered" else None,
    )
