"""Every answer that is not what was asked for: RFC 9457 problem details, in words that say what to do now.

``type`` is stable (``urn:tocsin:problem:<name>``); clients branch on it. ``title`` is the same each time, ``detail`` is
about this request. A problem never shows internals, and never quotes what was sent (it may be personal).
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from services.runtime.errors import StoreError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tocsin:problem:"
LOG = structlog.stdlib.get_logger()

PROBLEMS: Mapping[str, tuple[int, str]] = {
    "malformed-json": (400, "The body is not JSON"),
    "not-signed-in": (401, "This needs a valid token"),
    "not-allowed": (403, "This token may not do that"),
    "person-required": (403, "This needs a token that belongs to a person"),
    "bad-signature": (403, "The request is not signed by the provider"),
    "outside-your-units": (403, "This school is outside the token's units"),
    "unknown-address": (404, "There is nothing at this address"),
    "unknown-case": (404, "There is no such case in your units"),
    "unknown-code": (404, "This code is not known"),
    "unknown-bureau": (404, "There is no such bureau with roll calls in your units"),
    "unknown-roll-call": (404, "There is no such roll call"),
    "unknown-petition": (404, "No petition has this receipt and secret"),
    "nothing-sealed": (404, "The case has no sealed record"),
    "no-provider": (404, "No such provider is set up here"),
    "no-petitions": (404, "No petitions are taken here"),
    "wrong-method": (405, "This address takes other methods"),
    "slow-body": (408, "The body did not arrive in time"),
    "different-content": (409, "The same id was used before, with other content"),
    "other-family": (409, "This verb is not for such a case"),
    "no-roll-call": (409, "Nobody is asked now"),
    "may-not-answer": (403, "This person may not answer for the school"),
    "not-now": (409, "The petition does not stand at this point"),
    "final-report-missing": (409, "The case has no final report yet"),
    "body-too-large": (413, "The body is too large"),
    "not-json-type": (415, "The body must be JSON"),
    "invalid-request": (422, "Some fields need attention"),
    "too-many-wrong-codes": (429, "Too many wrong codes"),
    "too-many-petitions": (429, "Too many petitions from one address"),
    "too-many-wrong-secrets": (429, "Too many wrong secrets"),
    "internal-error": (500, "Something broke on our side"),
    "seal-broken": (500, "The sealed record cannot be opened"),
    "store-unavailable": (503, "The store does not answer"),
}
"""Every problem by name: its status and its title."""

MOST_ERRORS = 50
"""Errors shown of one request: a body may hold thousands of unknown fields."""

STORE_ERRORS: tuple[type[Exception], ...] = (StoreError, OperationalError, InterfaceError, PoolTimeout)
"""What a request meets when the database is locked, away or broken."""

NOT_READ = "Nothing could be read just now. Try again in a few seconds."
NOT_STORED = (
    "It is not certain that this was stored. If it is urgent, phone now. Then send it again with the same report_id or "
    "Idempotency-Key: it will not count twice."
)


class Problem(Exception):
    """An answer other than what was asked for. ``more`` are extension members, ``headers`` HTTP headers."""

    def __init__(
        self,
        name: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
        **more: Any,
    ) -> None:
        super().__init__(name)
        self.name = name
        self.detail = detail
        self.status, self.title = PROBLEMS[name]
        if status is not None:
            self.status = status
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """Return the problem as it goes over the wire."""
        body = {
            "type": TYPE_PREFIX + self.name,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        return Response(orjson.dumps(body), self.status, self.headers, MEDIA_TYPE)


def invalid(
    errors: Sequence[Mapping[str, str]], detail: str = "Correct what `errors` names, then send it again."
) -> Problem:
    """Return the problem of fields that cannot be used; each error has ``pointer`` or ``parameter``, and ``detail``."""
    return Problem("invalid-request", detail, errors=list(errors[:MOST_ERRORS]))


def too_soon(name: str, wait: float, rest: str) -> Problem:
    """Return the 429 of who must wait so many seconds, in words and in ``Retry-After``; ``rest`` ends the words."""
    seconds = max(1, math.ceil(wait))
    return Problem(name, f"Try again in {seconds} s{rest}", headers={"Retry-After": str(seconds)})


def pointer(location: Sequence[Any]) -> str:
    """Return pydantic's location as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def fault(item: Mapping[str, Any]) -> dict[str, str]:
    """Return one of pydantic's findings about a body, without the value."""
    return {"pointer": pointer(item["loc"]), "detail": str(item["msg"]).removeprefix("Value error, ")}


async def answer_problem(request: Request, error: Exception) -> Response:
    """Answer a ``Problem`` that a route raised."""
    del request
    assert isinstance(error, Problem)
    return error.response()


async def answer_parameters(request: Request, error: Exception) -> Response:
    """Answer query or path parameters that cannot be used."""
    del request
    assert isinstance(error, RequestValidationError)
    errors = [{"parameter": str(item["loc"][-1]), "detail": fault(item)["detail"]} for item in error.errors()]
    return invalid(errors, "Correct the parameters that `errors` names.").response()


async def answer_http(request: Request, error: Exception) -> Response:
    """Answer what the framework itself refuses: unknown addresses and methods."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem("unknown-address", "Check the address; /openapi.json lists every one.").response()
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = headers.get("Allow") or headers.get("allow") or "another method"
        return Problem(
            "wrong-method", f"{request.method} is not offered here; use {allowed}.", headers=headers
        ).response()
    return Problem(
        "invalid-request", "The request cannot be used; see /openapi.json.", headers=headers, status=error.status_code
    ).response()


async def answer_store(request: Request, error: Exception) -> Response:
    """Answer when the database is locked, away or broken. Whoever reports must know that it may not be stored."""
    LOG.error("store.unavailable", error=type(error).__name__)
    return Problem("store-unavailable", _consequence(request.method), headers={"Retry-After": "2"}).response()


def answer_broken(method: str) -> Response:
    """Return the answer to an error nobody expected; the log has it, the caller does not see it."""
    told = "Tell your administrator the time of this answer."
    return Problem("internal-error", f"{_consequence(method)} {told}").response()


def _consequence(method: str) -> str:
    return NOT_READ if method == "GET" else NOT_STORED


HANDLERS: Mapping[type[Exception], Any] = {
    Problem: answer_problem,
    RequestValidationError: answer_parameters,
    HTTPException: answer_http,
    **dict.fromkeys(STORE_ERRORS, answer_store),
}
