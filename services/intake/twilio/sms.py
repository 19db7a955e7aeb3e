"""``POST /v1/webhooks/twilio/sms``: somebody answers a message by SMS, and hears what was understood.

The number says who answers, the text says what: the code of a case, or `1` where only one waits for them; `2`, that
they cannot take it. Opt-outs are never answers. Each message of Twilio counts once, by its sid.

Source: https://www.twilio.com/docs/messaging/guides/webhook-request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import select

from events.directory import ContactAddress, PersonRecorded
from services.intake.answering import Holder, accept, decline, holders_awaited, holders_of_codes
from services.intake.attempts import Attempts
from services.intake.body import content_hash
from services.intake.deps import Deps, Parts, Rooms, Shared
from services.intake.documents import form_body
from services.intake.metrics import ACKNOWLEDGED, CALLBACKS
from services.intake.problems import LOG
from services.intake.roll_call.awaited import roll_calls_awaited
from services.intake.rows import Keyed, remember
from services.intake.twilio import replies
from services.intake.twilio.reading import Reply, read_reply
from services.intake.twilio.signed import ReplyForm
from services.intake.understood import outcome_of, sentence, standing_of
from services.runtime.contact_flags import ContactFlag, flagging, hash_of, unflagging
from services.runtime.store import UnitOfWork
from services.runtime.tables import idempotency
from services.runtime.twilio_paths import SMS

ROUTES = APIRouter(tags=["webhooks"])
XML = "text/xml"
ACTOR = "twilio-sms"
"""Whose answers these are in the idempotency table, under the sid of the message."""

STOPPED = "the recipient asked for no more messages (STOP)"
Owners = Sequence[tuple[PersonRecorded, ContactAddress]]


@dataclass(frozen=True, slots=True)
class Understood:
    """What a reply comes to: the words sent back, and the answer to store, if it is one; ``said`` is its sentence."""

    words: str
    holder: Holder | None = None
    declines: bool = False
    said: str = ""


@ROUTES.post(
    SMS,
    summary="Somebody answers by SMS",
    response_class=Response,
    responses={200: {"content": {XML: {}}, "description": "TwiML: what was understood"}},
    openapi_extra=form_body(),
)
async def incoming(form: ReplyForm, deps: Parts, shared: Shared) -> Response:
    """Take an answer, or say how to give one. A message that Twilio brings twice gets the same reply."""
    sid, number = form.get("MessageSid") or form.get("SmsSid"), form.get("From", "")
    if not sid:
        CALLBACKS.labels(kind="reply", outcome="unreadable").inc()
        return _twiml(replies.nothing())
    earlier = await _earlier(deps, sid)
    if earlier is not None:
        CALLBACKS.labels(kind="reply", outcome="nothing-new").inc()
        return _twiml(earlier)
    owners = deps.directory().contacts_at(number)
    reply = read_reply(form.get("Body", ""), form.get("OptOutType", ""))
    CALLBACKS.labels(kind="reply", outcome="taken" if owners else "stranger").inc()
    if reply.meaning in {"stop", "start"}:
        return _twiml(await _store(deps, sid, owners, reply, Understood(replies.nothing())))
    if not owners:
        LOG.info("reply.of_a_stranger")
        return _twiml(replies.say_to_stranger())
    understood = await _understand(deps, shared, number, owners, reply)
    return _twiml(await _store(deps, sid, owners, reply, understood))


async def _understand(deps: Deps, shared: Rooms, number: str, owners: Owners, reply: Reply) -> Understood:
    language = owners[0][0].language
    people = {person.person_id for person, _ in owners}
    if reply.codes or reply.whole:
        return await _by_code(deps, shared.wrong_codes, number, people, language, reply)
    if reply.meaning == "unclear":
        return Understood(replies.say("unclear", language))
    waiting = await holders_awaited(deps, people) or await roll_calls_awaited(deps, shared.calls, people)
    if not waiting:
        return Understood(replies.say("nothing", language))
    if len(waiting) > 1:
        return Understood(replies.ask_which(deps, language, waiting))
    return _answer(deps, language, waiting[0], declines=reply.meaning == "decline")


async def _by_code(
    deps: Deps, wrong: Attempts, number: str, people: set[str], language: str, reply: Reply
) -> Understood:
    """Return what a code comes to. It must be of somebody whose number this is; guesses are limited by number."""
    async with wrong.turn:
        if wrong.seconds_to_wait(number):
            ACKNOWLEDGED.labels(outcome="limited").inc()
            return Understood(replies.say("limited", language))
        typed = {*reply.codes, *([reply.whole] if reply.whole else [])}
        found = [holder for holder in await holders_of_codes(deps, typed) if holder.person_id in people]
        if not found:
            wrong.count(number)
            ACKNOWLEDGED.labels(outcome="wrong").inc()
            return Understood(replies.say("wrong", language))
    whole = [holder for holder in found if holder.code == reply.whole]
    if whole:
        return _answer(deps, language, whole[0], declines=False)
    if reply.meaning == "unclear":
        return Understood(replies.say("unclear", language))
    if len(found) > 1:
        return Understood(replies.ask_which(deps, language, found))
    return _answer(deps, language, found[0], declines=reply.meaning == "decline")


def _answer(deps: Deps, language: str, holder: Holder, *, declines: bool) -> Understood:
    question = standing_of(holder)
    said = sentence(deps, outcome_of(question, declines=declines), language, holder, question)
    return Understood(replies.say_sentence(said), holder, declines, said)


async def _store(deps: Deps, sid: str, owners: Owners, reply: Reply, understood: Understood) -> str:
    """Store what was answered with the memory of the reply, all or nothing; return the reply."""
    at = deps.clock.now()
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, Keyed(ACTOR, sid, content_hash(sid)), understood.words, at)
        if earlier is not None:
            return earlier
        if understood.holder is not None and understood.declines:
            await decline(deps, unit, understood.holder, at, "sms")
        elif understood.holder is not None:
            await accept(deps, unit, understood.holder, at, "sms", understood.said)
        await _flag(deps, unit, owners, reply, at)
    deps.wake()
    return understood.words


async def _flag(deps: Deps, unit: UnitOfWork, owners: Owners, reply: Reply, at: datetime) -> None:
    """Note who wants no messages at this number, or wants them again. Calls are another matter."""
    contacts = [address for _, address in owners if address.channel == "sms"]
    if reply.meaning == "stop" and contacts:
        flags = [ContactFlag(one.contact_id, hash_of(one.address), "opted-out", STOPPED, at) for one in contacts]
        await unit.write(*flagging(flags, is_sqlite=deps.store.database.is_sqlite))
        for flag in flags:
            LOG.warning("contact.flagged", contact_id=flag.contact_id, flaw=flag.flaw, reason=flag.reason)
    elif reply.meaning == "start" and contacts:
        await unit.write(unflagging([one.contact_id for one in contacts], "opted-out"))
        LOG.info("contact.opted_in", count=len(contacts))


async def _earlier(deps: Deps, sid: str) -> str | None:
    statement = select(idempotency.c.response).where(idempotency.c.actor == ACTOR, idempotency.c.key == sid)
    async with deps.store.database.reading() as connection:
        found: str | None = (await connection.execute(statement)).scalar_one_or_none()
    return found


def _twiml(text: str) -> Response:
    return Response(text, media_type=XML)
