"""``/zero-report``: the form by which a school answers with the code of its message. No script, no account, small.

A day with cases begins with "something happened" chosen: the form knows what the school has reported.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from events.ids import derived
from events.roll_call import Answer, ReportConfirmed
from services.intake.answering import Holder, holders_of_codes
from services.intake.attempts import address_of
from services.intake.body import content_hash, read_bytes
from services.intake.codes import canonical_code
from services.intake.deps import Deps, Parts, Rooms, Shared
from services.intake.documents import form_body
from services.intake.metrics import ZERO_REPORTS
from services.intake.problems import LOG, STORE_ERRORS, Problem
from services.intake.roll_call.asked import asked_now, check_person
from services.intake.rows import Keyed, append_roll_call_fact, remember
from services.intake.security import PUBLIC
from services.runtime.known_cases import agreed, open_cases

ROUTES = APIRouter(tags=["roll calls"])
PATH = "/zero-report"
ACTOR = "zero-report-form"
NOTE_LIMIT = 200
_PAGES: dict[int | str, dict[str, Any]] = {
    code: {"content": {"text/html": {}}, "description": "A page."} for code in (200, 202, 404, 409, 422, 429, 503)
}
_ANSWERS: Mapping[str, Answer] = {answer: answer for answer in get_args(Answer)}
Said = Literal["ask", "taken", "late", "wrong", "limited", "refused", "unanswered", "trouble"]


@ROUTES.get(PATH, summary="The form of a school", response_class=Response, responses=_PAGES, dependencies=[PUBLIC])
async def show(
    request: Request,
    deps: Parts,
    shared: Shared,
    code: Annotated[str, Query(max_length=64, description="From the message; it may be typed later.")] = "",
) -> Response:
    """Show the form; with a code, whose school it is. Nothing is changed by it."""
    try:
        if not code:
            return _page("ask")
        holder = await _holder(deps, shared, request, code)
        if isinstance(holder, Response):
            return holder
        return _page("ask", school=_school(deps, holder), code=code, chosen=await _expected(deps, holder))
    except STORE_ERRORS as error:
        return _trouble(error)


@ROUTES.post(
    PATH,
    summary="Answer by the form",
    response_class=Response,
    responses=_PAGES,
    dependencies=[PUBLIC],
    openapi_extra=form_body(),
)
async def answer(request: Request, deps: Parts, shared: Shared) -> Response:
    """Take `code`, `status` and perhaps `note`, and say what was understood."""
    form = parse_qs((await read_bytes(request, deps.settings.max_body_bytes)).decode("utf-8", "replace"))
    sent = {name: form.get(name, [""])[0].strip() for name in ("code", "status", "note")}
    try:
        holder = await _holder(deps, shared, request, sent["code"])
        return holder if isinstance(holder, Response) else await _take(deps, shared, holder, sent)
    except STORE_ERRORS as error:
        return _trouble(error)


async def _holder(deps: Deps, shared: Rooms, request: Request, typed: str) -> Holder | Response:
    """Return whose code it is, or the page that says that it is nobody's. Guesses are limited like all codes."""
    address = address_of(request)
    async with shared.wrong_codes.turn:
        if wait := shared.wrong_codes.seconds_to_wait(address):
            return _page("limited", status=429, headers={"Retry-After": str(int(wait) + 1)})
        code = canonical_code(typed)
        found = [one for one in await holders_of_codes(deps, [code]) if one.roll_call_school] if code else []
        if not found:
            shared.wrong_codes.count(address)
            return _page("wrong", status=404)
        return found[0]


async def _take(deps: Deps, shared: Rooms, holder: Holder, sent: Mapping[str, str]) -> Response:
    status = _ANSWERS.get(sent["status"])
    if status is None:
        chosen = await _expected(deps, holder)
        return _page("unanswered", school=_school(deps, holder), code=sent["code"], status=422, chosen=chosen)
    at = deps.clock.now()
    assert holder.roll_call_school is not None
    try:
        asked = await asked_now(deps, shared.calls, holder.roll_call_school, None, None, at)
        check_person(deps, asked, holder.person_id, at)
    except Problem as problem:
        return _page("refused", school=_school(deps, holder), status=problem.status, detail=problem.detail)
    fact = ReportConfirmed(
        school_id=asked.school.unit_id,
        received_at=at,
        status=status,
        by=holder.person_id,
        via="form",
        date=asked.call.window.date,
        call=asked.call.window.call,
        note=sent["note"][:NOTE_LIMIT] or None,
    )
    await _store(deps, holder, fact, at)
    said: Said = "late" if at > asked.call.cut_off else "taken"
    return _page(said, school=_school(deps, holder), status=202, chosen=status)


async def _store(deps: Deps, holder: Holder, fact: ReportConfirmed, at: datetime) -> None:
    """Store an answer; a button that is pressed twice within a minute counts once."""
    content = content_hash([fact.status, fact.note])
    key = derived("zero-report-form", holder.code, content, f"{at:%Y-%m-%dT%H:%M}")
    async with deps.store.transaction() as unit:
        if await remember(unit, Keyed(ACTOR, key, content), "", at) is None:
            await append_roll_call_fact(deps, unit, fact, key)
            ZERO_REPORTS.labels(via="form", status=fact.status).inc()
    deps.wake()


async def _expected(deps: Deps, holder: Holder) -> Answer:
    """Return what the form begins with: a school with an open incident has something to report."""
    school_id = holder.roll_call_school or ""
    schedule = deps.schedules.of(deps.directory().bureau_of(school_id) or "")
    async with deps.store.database.reading() as connection:
        found = await open_cases(connection, [school_id], deps.clock.now())
    not_for = schedule.contradiction.not_for if schedule is not None else ()
    return "with_cases" if agreed(found.get(school_id, ()), not_for) else "zero"


def _school(deps: Deps, holder: Holder) -> str | None:
    found = deps.directory().school(holder.roll_call_school or "")
    return found.name if found is not None else None


def _page(
    said: Said,
    *,
    school: str | None = None,
    code: str = "",
    chosen: Answer | None = None,
    status: int = 200,
    detail: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    html = (
        _environment()
        .get_template("form.html.j2")
        .render(said=said, school=school, code=code, chosen=chosen, detail=detail)
    )
    safe = {
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
    }
    return Response(html, status, {**safe, **(headers or {})}, "text/html")


def _trouble(error: Exception) -> Response:
    LOG.error("store.unavailable", error=type(error).__name__)
    return _page("trouble", status=503, headers={"Retry-After": "2"})


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
