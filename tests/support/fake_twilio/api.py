"""The HTTP side of the fake provider: Messages and Calls operations, each checked against the contract on both ways.

Sources: https://www.twilio.com/docs/messaging/api/message-resource, https://www.twilio.com/docs/voice/api/call-resource
"""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.support.fake_twilio.calls import CallBook
from tests.support.fake_twilio.contract import Contract, ContractViolation, Operation
from tests.support.fake_twilio.errors import TwilioError
from tests.support.fake_twilio.listing import page_of
from tests.support.fake_twilio.messages import API, MessageBook
from tests.support.fake_twilio.misbehaviour import Misbehaviour

E164 = re.compile(r"\+[1-9]\d{6,14}")
MAXIMUM_BODY = 1600  # characters; error 21617
RESOURCE = re.compile(rf"{API}/(?P<account>[^/]+)/(?P<kind>Messages|Calls)(/(?P<sid>[^/]+))?\.json")


@dataclass
class Account:
    """Whom the provider lets in."""

    sid: str = "AC" + "0123456789abcdef" * 2
    token: str = "a-test-token"

    def admits(self, request: Request) -> bool:
        """Return whether HTTP basic authentication names this account and its token."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        return scheme.lower() == "basic" and secrets.compare_digest(given, f"{self.sid}:{self.token}".encode())


@dataclass
class MessagesApi:
    """Answers requests below /2010-04-01. `contract` None: nothing is checked."""

    account: Account
    messages: MessageBook
    calls: CallBook
    misbehaviour: Misbehaviour
    contract: Contract | None
    violations: list[str] = field(default_factory=list)
    request_count: int = 0

    async def answer(self, request: Request) -> JSONResponse:
        """Answer one request, as Twilio would or as ordered; a breach of contract by either side is a 500."""
        self.request_count += 1
        form = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        try:
            self._admit(request)
            operation = self._check_request(request, form)
            await self.misbehaviour.before()
            status, body = self._act(request, dict(form))
            self._check_answer(operation, status, body)
        except TwilioError as error:
            return JSONResponse(error.body(), error.status, error.headers())
        except ContractViolation as violation:
            self.violations.append(str(violation))
            loud = TwilioError(20500, message=f"Contract violation: {violation}")
            return JSONResponse(loud.body(), loud.status)
        return JSONResponse(body, status)

    def _admit(self, request: Request) -> None:
        named = RESOURCE.fullmatch(request.url.path)
        if not self.account.admits(request):
            raise TwilioError(20003)
        if named is None:
            raise TwilioError(20404)
        if named["account"] != self.account.sid:
            raise TwilioError(20003)

    def _act(self, request: Request, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        named = RESOURCE.fullmatch(request.url.path)
        assert named is not None, "let in before"
        book: MessageBook | CallBook = self.messages if named["kind"] == "Messages" else self.calls
        if request.method == "POST" and named["sid"] is None:
            return self._create(book, form)
        if request.method != "GET":
            raise TwilioError(20004, status=405, message="Method not allowed")
        if named["sid"] is None and isinstance(book, MessageBook):
            return 200, page_of(book, self.account.sid, dict(request.query_params))
        found = book.get(named["sid"] or "")
        if found is None:
            raise TwilioError(20404)
        return 200, found.resource()

    def _create(self, book: MessageBook | CallBook, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        check = validate if isinstance(book, MessageBook) else validate_call
        check(form)
        self.misbehaviour.before_taking(form["To"])
        status = self.misbehaviour.answer_after_taking()
        shown = book.take(form, answered=status)
        if status != 201:
            raise TwilioError(20500, status=status)
        return status, shown

    def _check_request(self, request: Request, form: list[tuple[str, str]]) -> Operation | None:
        if self.contract is None:
            return None
        path = request.url.path
        operation = self.contract.operation(request.method, path)
        self.contract.check_request(operation, path, request.query_params.multi_items(), form)
        return operation

    def _check_answer(self, operation: Operation | None, status: int, body: dict[str, Any]) -> None:
        if self.contract is not None and operation is not None:
            self.contract.check_answer(operation, status, body)


def validate(form: dict[str, str]) -> None:
    """Raise the TwilioError a create with these fields gets, in the order Twilio looks at them."""
    if not form.get("To"):
        raise TwilioError(21604)
    if not E164.fullmatch(form["To"]):
        raise TwilioError(21211, message=f"Invalid 'To' Phone Number: {form['To']}")
    if not (form.get("From") or form.get("MessagingServiceSid")):
        raise TwilioError(21603)
    if not form.get("Body"):
        raise TwilioError(21602)
    if len(form["Body"]) > MAXIMUM_BODY:
        raise TwilioError(21617)


def validate_call(form: dict[str, str]) -> None:
    """Raise the TwilioError an order of a call with these fields gets."""
    if not E164.fullmatch(form.get("To", "")):
        raise TwilioError(21217, status=400, message="The phone number is not valid")
    if not E164.fullmatch(form.get("From", "")):
        raise TwilioError(21212, status=400, message="Invalid 'From' number")
    if not (form.get("Url") or form.get("Twiml")):
        raise TwilioError(21205, status=400, message="Url parameter is required")
