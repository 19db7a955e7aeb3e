"""`/_control`: the Python commands of the fake provider, for a test that runs it as another process.

`POST {"command": "fail_next", "count": 3, "status": 503}` does `server.fail_next(3, status=503)`. `go_down` takes
`seconds`, since a server that is down can't be told to come back. `GET` shows counts and violations.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from tests.support.fake_twilio.server import FakeTwilio


class Control:
    """Carries out commands on a server."""

    def __init__(self, server: "FakeTwilio") -> None:
        self._server = server
        self._outage: asyncio.Task[None] | None = None
        orders = server.misbehaviour
        self._commands: dict[str, Callable[..., None]] = {
            "fail_next": orders.fail_next,
            "take_but_fail_next": orders.take_but_fail_next,
            "refuse_number": orders.refuse_number,
            "delay": orders.delay,
            "hang": orders.hang,
            "resume": orders.resume,
            "behave": orders.behave,
            "report": server.messages.report,
            "go_down": self._go_down,
        }

    async def show(self, _request: Request) -> JSONResponse:
        """Answer GET with what the server has seen."""
        api = self._server.api
        return JSONResponse(
            {
                "messages": len(api.messages),
                "requests": api.request_count,
                "violations": api.violations,
                "contract": api.contract is not None,
            }
        )

    async def order(self, request: Request) -> JSONResponse:
        """Answer POST with the command's result; 400 says what is wrong with it."""
        given: dict[str, Any] = await request.json()
        name = given.pop("command", None)
        if name not in self._commands:
            return JSONResponse({"error": f"unknown command {name!r}; there are {sorted(self._commands)}"}, 400)
        try:
            self._commands[name](**given)
        except (TypeError, KeyError) as error:
            return JSONResponse({"error": f"{name} can't be done with {given}: {error}"}, 400)
        return JSONResponse({"done": name})

    def _go_down(self, *, seconds: float) -> None:
        self._outage = asyncio.create_task(self._outage_of(seconds))

    async def _outage_of(self, seconds: float) -> None:
        await asyncio.sleep(0.05)  # the answer to the command leaves first
        self._server.go_down()
        await asyncio.sleep(seconds)
        await self._server.come_up()

    def close(self) -> None:
        """End an outage that is still planned."""
        if self._outage is not None:
            self._outage.cancel()
