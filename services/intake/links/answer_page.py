"""``/a/{token}``: the link of a message. GET shows what is asked, POST takes the answer and says what was understood.

GET changes nothing, however often it is fetched: mail filters and link previews open every link. A link is for one
message, which is one person, asked at one level in one round of one case; it is used once, and ends. For whom the case
has come to concern, it leads nowhere, like any other road.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs

import orjson
from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import select

from escalation_policies.question import Question
from events.notification import NotificationRequested
from services.intake.answering import Holder, accept, decline, holder_in
from services.intake.attempts import Attempts, address_of
from services.intake.body import content_hash, read_bytes
from services.intake.deps import Deps, Parts, Shared
from services.intake.documents import form_body
from services.intake.links.page import ACCEPT, DECLINE, Page, asking, telling, telling_anybody
from services.intake.links.words import WORDS
from services.intake.metrics import LINKS
from services.intake.notices import find_notice
from services.intake.problems import LOG, STORE_ERRORS
from services.intake.rows import Keyed, remember
from services.intake.security import PUBLIC
from services.intake.understood import label, moment, outcome_of, sentence, standing_of
from services.runtime.answer_links import PATH
from services.runtime.roll_call_codes import case_of_code
from services.runtime.tables import idempotency

ROUTES = APIRouter(tags=["acknowledgement"])
ACTOR = "answer-link"
"""Whose answers these are in the idempotency table, under the notification's id: a link is used once."""

Token = Annotated[str, Path(description="From the message: signed, for one message and for a time.")]
_PAGES: dict[int | str, dict[str, Any]] = {
    code: {"content": {"text/html": {}}, "description": "A page."} for code in (200, 404, 410, 422, 429, 503)
}


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that may be used, whose it is, how its question stands, and the answer that was given by it."""

    request: NotificationRequested
    holder: Holder
    question: Question
    answer: "Given | None"


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered by a link, when, and what was said to that."""

    answer: str
    at: datetime
    said: str


@ROUTES.get(PATH, summary="What a message asks", response_class=Response, responses=_PAGES, dependencies=[PUBLIC])
async def show(token: Token, request: Request, deps: Parts, shared: Shared) -> Response:
    """Show what is asked, with two buttons; or that nothing is asked any more. Nothing is changed by it."""
    try:
        opened = await _open(deps, shared.wrong_links, request, token)
    except STORE_ERRORS as error:
        return _trouble(error)
    if isinstance(opened, Page):
        return opened.response()
    if opened.answer is not None:
        LINKS.labels(outcome="used").inc()
        return _used(deps, opened, opened.answer).response()
    if opened.question.standing == "waits":
        LINKS.labels(outcome="shown").inc()
        return asking(opened.request, opened.holder).response()
    LINKS.labels(outcome="nothing-to-do").inc()
    return _nothing_to_do(deps, opened).response()


@ROUTES.post(
    PATH,
    summary="Answer a message by its link",
    response_class=Response,
    responses=_PAGES,
    dependencies=[PUBLIC],
    openapi_extra=form_body(),
)
async def answer(token: Token, request: Request, deps: Parts, shared: Shared) -> Response:
    """Take `answer=accept` or `answer=decline`, once. A repeat gets the page of the first time."""
    form = parse_qs((await read_bytes(request, deps.settings.max_body_bytes)).decode("ascii", "replace"))
    choice = form.get("answer", [""])[0]
    try:
        opened = await _open(deps, shared.wrong_links, request, token)
        if isinstance(opened, Page):
            return opened.response()
        return (await _take(deps, opened, choice)).response()
    except STORE_ERRORS as error:
        return _trouble(error)


async def _open(deps: Deps, wrong: Attempts, request: Request, token: str) -> Opened | Page:
    """Return the link, or the page that says why it cannot be used. A true link need never wait for wrong ones."""
    link = deps.links.read(token)
    if link is None:
        return _wrong(wrong, address_of(request))
    notice = await find_notice(deps, link.notification_id)
    asked = notice.request if notice is not None else None
    holder = await holder_in(deps, case_of_code(asked), asked.person_id) if asked is not None else None
    if asked is None or holder is None:
        LINKS.labels(outcome="wrong").inc()
        return telling_anybody("wrong", 404)
    if link.until <= deps.clock.now():
        LINKS.labels(outcome="expired").inc()
        return telling(asked, "expired", WORDS["expired_then"][asked.language], status=410)
    question = standing_of(holder, level=asked.level, clock=asked.clock)
    return Opened(asked, holder, question, await _given(deps, asked.notification_id))


def _wrong(wrong: Attempts, address: str | None) -> Page:
    """Answer a token that nobody signed, ten times a minute for one address."""
    if wait := wrong.seconds_to_wait(address):
        LINKS.labels(outcome="limited").inc()
        return telling_anybody("limited", 429, {"Retry-After": str(int(wait) + 1)})
    wrong.count(address)
    LINKS.labels(outcome="wrong").inc()
    return telling_anybody("wrong", 404)


async def _take(deps: Deps, opened: Opened, choice: str) -> Page:
    """Store an answer, and say what was understood; a link that was used before says that again."""
    asked, holder, question = opened.request, opened.holder, opened.question
    if choice not in {ACCEPT, DECLINE}:
        LINKS.labels(outcome="unanswered").inc()
        return asking(asked, holder, pressed_nothing=True)
    if opened.answer is None and question.standing in {"called-off", "closed"}:
        LINKS.labels(outcome="nothing-to-do").inc()
        return _nothing_to_do(deps, opened)
    at, declines = deps.clock.now(), choice == DECLINE
    said = sentence(deps, outcome_of(question, declines=declines), asked.language, holder, question)
    given = orjson.dumps({"answer": choice, "at": at, "said": said}).decode()
    keyed = Keyed(ACTOR, asked.notification_id, content_hash(asked.notification_id))
    async with deps.store.transaction() as unit:
        earlier = await remember(unit, keyed, given, at)
        if earlier is None and declines:
            await decline(deps, unit, holder, at, "link")
        elif earlier is None:
            await accept(deps, unit, holder, at, "link", said)
    deps.wake()
    if earlier is not None and _read(earlier).answer != choice:
        LINKS.labels(outcome="used").inc()
        return _used(deps, opened, _read(earlier))
    if earlier is None:
        LINKS.labels(outcome="declined" if declines else "accepted").inc()
    return telling(asked, "recorded", said if earlier is None else _read(earlier).said)


def _used(deps: Deps, opened: Opened, given: Given) -> Page:
    """Say what was answered by a link before, and what to do when that has changed."""
    asked = opened.request
    at = moment(deps, asked.language, opened.holder, given.at)
    then = WORDS["after_accepting" if given.answer == ACCEPT else "after_declining"][asked.language]
    return telling(asked, "used", given.said, WORDS["used_at"][asked.language].format(at=at), then)


def _nothing_to_do(deps: Deps, opened: Opened) -> Page:
    """Say why no answer is needed: they gave one by another road, somebody else did, or nothing is asked any more."""
    asked, holder, question = opened.request, opened.holder, opened.question
    match question.standing:
        case "accepted" | "declined" as standing:
            words = WORDS[f"said_{standing}"][asked.language]
            at = moment(deps, asked.language, holder, question.at)
            then = WORDS["after_accepting" if standing == "accepted" else "after_declining"][asked.language]
            return telling(asked, "used", words.format(at=at, case=label(deps, asked.language, holder)), then)
        case "answered" | "called-off" | "closed" as standing:
            return telling(asked, "nothing", sentence(deps, standing, asked.language, holder, question))
        case "waits":
            return asking(asked, holder)


async def _given(deps: Deps, notification_id: str) -> Given | None:
    statement = select(idempotency.c.response).where(idempotency.c.actor == ACTOR, idempotency.c.key == notification_id)
    async with deps.store.database.reading() as connection:
        found = (await connection.execute(statement)).scalar_one_or_none()
    return None if found is None else _read(found)


def _read(stored: str) -> Given:
    found = orjson.loads(stored)
    return Given(found["answer"], datetime.fromisoformat(found["at"]), found["said"])


def _trouble(error: Exception) -> Response:
    """Say that it is not certain, to a person: the store is away, and whoever opens a link reads no JSON."""
    LOG.error("store.unavailable", error=type(error).__name__)
    return telling_anybody("trouble", 503, {"Retry-After": "2"}).response()
