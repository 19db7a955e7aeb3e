"""The fake provider as a server that a test starts, orders about and asks::

async with FakeTwilio() as twilio:
    twilio.fail_next(2, status=503)
    ...                                   # the code under test talks to twilio.url
    message = await twilio.wait_for(lambda m: m.to == "+8613800000001")
    assert twilio.violations == []
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from tests.support.fake_twilio import contract
from tests.support.fake_twilio.api import Account, MessagesApi
from tests.support.fake_twilio.calls import CallBook
from tests.support.fake_twilio.control import Control
from tests.support.fake_twilio.messages import Message, MessageBook
from tests.support.fake_twilio.misbehaviour import Misbehaviour
from tests.support.fake_twilio.webhooks import Webhooks
from tests.support.ports import LOOPBACK, listening_socket, port_of


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
        self.port = port
        self._control = Control(self)
        self._server: uvicorn.Server | None = None

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
        return f"http://{LOOPBACK}:{self.port}"

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

    async def come_up(self) -> None:
        """Listen, on the same port as before when there was one."""
        sock = listening_socket(self.port)
        self.port = port_of(sock)
        # serve() would take over the test's signals and shut down politely; a provider that drops dead does neither.
        server = uvicorn.Server(
            uvicorn.Config(self._application(), lifespan="off", ws="none", log_config=None, access_log=False)
        )
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[sock])
        self._server = server

    def go_down(self) -> None:
        """Refuse new connections and reset the open ones, hanging requests included, until `come_up`."""
        if self._server is None:
            return
        for listener in self._server.servers:
            listener.close()
        for connection in list(self._server.server_state.connections):
            transport = connection.transport
            if isinstance(transport, asyncio.WriteTransport):
                transport.abort()
        for task in self._server.server_state.tasks:
            task.cancel()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.come_up()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._control.close()
        self.go_down()
        await asyncio.sleep(0)  # lets the reset connections close before the loop does
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
