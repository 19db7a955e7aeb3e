"""A real HTTP server on 127.0.0.1 for a test, that can drop dead and come back on the same port."""

import asyncio
import ssl
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from tests.support.ports import LOOPBACK, listening_socket, port_of


class HttpServer:
    """Serves one application; an asynchronous context manager. `port` 0 takes any free port."""

    def __init__(self, application: ASGIApp, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self._application = application
        self._tls = tls
        self.port = port
        self._server: uvicorn.Server | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.port}"

    async def come_up(self) -> None:
        """Listen, on the same port as before when there was one."""
        sock = listening_socket(self.port)
        self.port = port_of(sock)
        # serve() would take over the test's signals and shut down politely; a server that drops dead does neither.
        server = uvicorn.Server(
            uvicorn.Config(self._application, lifespan="off", ws="none", log_config=None, access_log=False)
        )
        server.config.load()
        server.config.ssl = self._tls
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
        self.go_down()
        await asyncio.sleep(0)  # lets the reset connections close before the loop does
