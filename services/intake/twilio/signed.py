"""Whether a request is Twilio's own: its signature covers the exact public address and every parameter.

Source: https://www.twilio.com/docs/usage/security#validating-requests. Nothing is read, written or answered before the
signature is known to be right.
"""

from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from services.intake.body import read_bytes
from services.intake.deps import deps_of
from services.intake.metrics import CALLBACKS
from services.intake.problems import LOG, Problem
from services.intake.security import Public

MOST_FIELDS = 200
"""Twilio sends about thirty."""

HEADER = "X-Twilio-Signature"
Form = ImmutableMultiDict[str, str]
Kind = Literal["message", "call", "reply"]


@dataclass(frozen=True)
class Signed(Public):
    """The dependency of a webhook, open to whoever knows the account's token: gives the form that was signed."""

    kind: Kind

    async def __call__(self, request: Request) -> Form:  # type: ignore[override] # a form instead of nothing
        """Return the form.

        Raises:
            Problem: 404, no Twilio account is set up; 403, the signature is another's, and nothing was done.
        """
        deps = deps_of(request)
        token = deps.settings.twilio_auth_token
        if token is None:
            detail = "Set TOCSIN_TWILIO_ACCOUNT_SID, _AUTH_TOKEN and _FROM, and TOCSIN_PUBLIC_URL, then start again."
            raise Problem("no-provider", detail)
        form = _read_form(await read_bytes(request, deps.settings.max_body_bytes))
        url = url_of(request, deps.settings.public_url)
        signature = request.headers.get(HEADER, "")
        if form is None or not RequestValidator(token.get_secret_value()).validate(url, form, signature):
            CALLBACKS.labels(kind=self.kind, outcome="forged").inc()
            LOG.warning("callback.refused", kind=self.kind, signed=bool(signature), public_url=deps.settings.public_url)
            raise _refused()
        return form or Form()


MessageForm = Annotated[Form, Depends(Signed("message"))]
CallForm = Annotated[Form, Depends(Signed("call"))]
ReplyForm = Annotated[Form, Depends(Signed("reply"))]


def url_of(request: Request, public_url: str | None) -> str:
    """Return the address that Twilio was given, which it signs.

    Without a public address it is rebuilt from what this connection itself shows: who forwards may write any header, so
    none of theirs is believed. A forged ``Host`` helps nobody: it must be the one that was signed.
    """
    scope = request.scope
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("ascii", "replace")
    query: str = scope.get("query_string", b"").decode("ascii", "replace")
    base = public_url or f"{scope['scheme']}://{request.headers.get('host', '')}"
    return base + path + (f"?{query}" if query else "")


def _read_form(body: bytes) -> Form | None:
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError:  # not UTF-8, or more fields than anybody sends
        return None


def _refused() -> Problem:
    detail = (
        "Nothing was done. If this was Twilio: TOCSIN_PUBLIC_URL must be the address that Twilio is given, to the "
        "letter (scheme, host, port, path), and TOCSIN_TWILIO_AUTH_TOKEN the token of the account that sends."
    )
    return Problem("bad-signature", detail)
