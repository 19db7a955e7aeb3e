"""The fake provider as a server that a test starts, orders about and asks::

async with FakeTwilio() as twilio:
    twilio.fail_next(2, status=503)
    ...                                   # the code under test talks to twilio.url
    message = await twilio.wait_for(lambda m: m.to == "+8613800000001")
    assert twilio.violations == []
"""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.fake_twilio import contract
from tests.support.fake_twilio.api import Account, MessagesApi
from tests.support.fake_twilio.calls import CallBook
from tests.support.fake_twilio.control import Control
from tests.support.fake_twilio.messages import Message, MessageBook
from tests.support.fake_twilio.misbehaviour import Misbehaviour
from tests.support.fake_twilio.webhooks import Webhooks
from tests.support.http_server import HttpServer


class FakeTwilio:
    """A real HTTP server on 127.0.0.1 that behaves as Twilio's Messages and Calls do, or as badly as it is told to.

    `port` 0 takes any free port; `log` gets a JSON line for each message; `check_contract` False saves the cost of the
    contract in a bench. Commands: `fail_next`, `take_but_fail_next`, `refuse_number`, `delay`, `hang`, `resume`,
    `behave` (see Misbehaviour), `go_down`, `come_up`, `report`; what Twilio itself asks and tells is `webhooks`.
    """

    def __init__(
        self,
        *,
        account: Account | None = None,
        port: int = 0,
        log: Path | None = None,
        check_contract: bool = True,
    ) -> None:
        self.account = account or Account()
        self.messages = MessageBook(self.account.sid, log)
        self.calls = CallBook(self.account.sid)
        self.webhooks = Webhooks(self.account)
        self.misbehaviour = Misbehaviour()
        checked = contract.load(contract.location()) if check_contract and contract.present() else None
        self.api = MessagesApi(self.account, self.messages, self.calls, self.misbehaviour, checked)
        self._control = Control(self)
        self._server = HttpServer(self._application(), port=port)
        self.come_up = self._server.come_up
        self.go_down = self._server.go_down

        self.fail_next = self.misbehaviour.fail_next
        self.take_but_fail_next = self.misbehaviour.take_but_fail_next
        self.refuse_number = self.misbehaviour.refuse_number
        self.delay = self.misbehaviour.delay
        self.hang = self.misbehaviour.hang
        self.resume = self.misbehaviour.resume
        self.behave = self.misbehaviour.behave
        self.report = self.messages.report

    @property
    def url(self) -> str:
        """Return the base URL, which stands for https://api.twilio.com."""
        return self._server.url

    @property
    def port(self) -> int:
        """Return the port, once it listens; it keeps it."""
        return self._server.port

    @property
    def violations(self) -> list[str]:
        """Return every breach of contract so far, by the client or by this server; a test ends by asserting none."""
        return self.api.violations

    @property
    def request_count(self) -> int:
        """Return the number of API requests that reached the server, whatever their answer."""
        return self.api.request_count

    async def wait_for(self, predicate: Callable[[Message], bool], timeout: float = 5.0) -> Message:  # noqa: ASYNC109 - the error says what came instead
        """Return the oldest message taken that the predicate holds for. Raises AssertionError after `timeout` s."""
        return await self.messages.wait_for(predicate, timeout)

    async def wait_for_count(self, count: int, timeout: float = 5.0) -> list[Message]:  # noqa: ASYNC109 - the error says what came instead
        """Return the first `count` messages taken. Raises AssertionError after `timeout` s."""
        return await self.messages.wait_for_count(count, timeout)

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        await self._server.__aexit__(kind, error, trace)
        self.messages.close()
        self.calls.close()

    def _application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/_control", self._control.show, methods=["GET"]),
                Route("/_control", self._control.order, methods=["POST"]),
                Route("/{path:path}", self.api.answer, methods=["GET", "POST", "PUT", "DELETE"]),
            ]
        )
