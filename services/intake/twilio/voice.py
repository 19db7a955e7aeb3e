"""``POST /v1/webhooks/twilio/voice/{notification_id}``: a call asks what to say, tells the key pressed and its end.

One address for the three, told apart by what Twilio sends: `Digits` when a key was pressed, a final `CallStatus` at the
end, and neither when somebody (or a machine) has picked up. A call that was talked into is not one that was heard:
*delivered* needs a person, or a key.

Source: https://www.twilio.com/docs/voice/twiml#request-parameters.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response

from events.delivery import DeliveryState
from events.notification import NotificationRequested
from services.intake.answering import Holder, accept, decline, holder_in
from services.intake.deps import Deps, Parts
from services.intake.documents import form_body
from services.intake.metrics import CALLBACKS
from services.intake.notices import Notice, find_notice
from services.intake.problems import LOG
from services.intake.receipts import Receipt, move, take_receipt
from services.intake.twilio.call_script import ACCEPT, DECLINE, again, farewell, farewell_with, opening, silence
from services.intake.twilio.signed import CallForm, Form, url_of
from services.intake.understood import outcome_of, reported, sentence, standing_of, understood
from services.runtime.roll_call_codes import case_of_code
from services.runtime.twilio_codes import BY_CODE
from services.runtime.twilio_paths import VOICE

ROUTES = APIRouter(tags=["webhooks"])
XML = "text/xml"
NotificationId = Annotated[str, Path(description="The notification that the call was ordered for.")]

CALLS: Final = "twilio-voice"
"""The provider, as the notifier names it."""

ENDS_UNHEARD: Mapping[str, str] = MappingProxyType(
    {
        "busy": "the line is busy",
        "no-answer": "nobody picked up",
        "failed": "the call did not get through",
        "canceled": "the call was called off",
    }
)
COMPLETED = "completed"
MACHINES = ("machine", "fax")
"""What AnsweredBy begins with where nobody heard anything; `human` and `unknown` are people until proven otherwise."""


@ROUTES.post(
    VOICE,
    summary="Twilio asks what a call says, tells the key pressed, and how it ended",
    response_class=Response,
    responses={200: {"content": {XML: {}}, "description": "TwiML"}, 204: {"description": "The end was noted."}},
    openapi_extra=form_body(),
)
async def call(notification_id: NotificationId, request: Request, form: CallForm, deps: Parts) -> Response:
    """Speak, take the key, note the end. Whatever is repeated counts once and is answered alike."""
    notice = await find_notice(deps, notification_id)
    status, sid = form.get("CallStatus", ""), form.get("CallSid", "")
    is_end = status == COMPLETED or status in ENDS_UNHEARD
    if notice is None or notice.request.channel != "voice" or not sid:
        LOG.info("callback.of_a_stranger", kind="call")
        CALLBACKS.labels(kind="call", outcome="stranger").inc()
        return Response(status_code=204) if is_end else _twiml(silence())
    if is_end:
        is_news = await _note_end(deps, notice, form, status)
        CALLBACKS.labels(kind="call", outcome="taken" if is_news else "nothing-new").inc()
        return Response(status_code=204)
    CALLBACKS.labels(kind="call", outcome="taken").inc()
    here = url_of(request, deps.settings.public_url)
    if "Digits" in form:
        return _twiml(await _take_key(deps, notice, form, here))
    return _twiml(await _pick_up(deps, notice, form, here))


async def _pick_up(deps: Deps, notice: Notice, form: Form, here: str) -> str:
    """Speak to a person; hang up on a machine, whose tape anybody may hear, and let the next way be tried at once."""
    if _is_machine(form):
        await take_receipt(deps, notice, _receipt(form, "undelivered", "Twilio: a machine picked up"))
        return silence()
    await take_receipt(deps, notice, _receipt(form, "sent"))
    return opening(notice.request, here, deps.settings.templates)


async def _take_key(deps: Deps, notice: Notice, form: Form, here: str) -> str:
    key, request, at = form["Digits"], notice.request, deps.clock.now()
    if key not in {ACCEPT, DECLINE}:
        await take_receipt(deps, notice, _receipt(form, "delivered"))
        return again(request, here, deps.settings.templates)
    holder = await holder_in(deps, case_of_code(request), request.person_id)
    said = _farewell(deps, request, holder, declines=key == DECLINE)
    async with deps.store.transaction() as unit:
        await move(deps, unit, notice, _receipt(form, "delivered"), at)
        if holder is not None and key == ACCEPT:
            await accept(deps, unit, holder, at, "voice", understood(deps, holder))
        elif holder is not None:
            await decline(deps, unit, holder, at, "voice")
    deps.wake()
    return said


def _farewell(deps: Deps, request: NotificationRequested, holder: Holder | None, *, declines: bool) -> str:
    """Return what was understood, by how the question stood before the key."""
    if holder is None:
        return farewell(request, "not_yours")
    if holder.is_test:
        return farewell(request, "tested")
    if holder.roll_call_school is not None:
        return farewell_with(request, reported(deps, holder, request.language, declines=declines))
    question = standing_of(holder, level=request.level)
    outcome = outcome_of(question, declines=declines)
    if outcome == "declined":
        return farewell(request, "declined")
    if outcome == "accepted":
        return farewell(request, "accepted_petition" if holder.family == "petition" else "accepted")
    return farewell_with(request, sentence(deps, outcome, request.language, holder, question))


async def _note_end(deps: Deps, notice: Notice, form: Form, status: str) -> bool:
    """Store the end. A call that ended well was heard only if a person was being spoken to."""
    if status == COMPLETED and not _is_machine(form) and notice.state in {"sent", "delivered"}:
        return await take_receipt(deps, notice, _receipt(form, "delivered"))
    if status in ENDS_UNHEARD:
        why = ENDS_UNHEARD[status]
    else:
        why = "a machine picked up" if _is_machine(form) else "the call ended before anything was said"
    return await take_receipt(deps, notice, _receipt(form, "undelivered", f"Twilio: {why}"))


def _receipt(form: Form, state: DeliveryState, reason: str | None = None) -> Receipt:
    code = form.get("ErrorCode", "")
    rule = BY_CODE.get(int(code)) if code.isdecimal() else None
    if rule is not None and state == "undelivered":
        reason = f"Twilio {code}: {rule.meaning}"
    return Receipt(
        provider=CALLS,
        provider_id=form["CallSid"],
        state=state,
        address=form.get("To", ""),
        reason=reason,
        flaw=rule.flaw if rule is not None and state == "undelivered" else None,
    )


def _is_machine(form: Form) -> bool:
    return form.get("AnsweredBy", "").startswith(MACHINES)


def _twiml(text: str) -> Response:
    return Response(text, media_type=XML)
