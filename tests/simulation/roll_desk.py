"""The intake's desk for schools and officers: one request to the real handler, and what came back."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request

from services.intake.deps import Deps, Rooms
from services.intake.problems import Problem
from services.runtime.tokens import Caller
from tests.simulation.desk import AWAY, ask
from tests.simulation.timetable import BUREAU
from tests.simulation.workers import Worker

CLERK = Caller("clerk", "administrator", BUREAU, None, frozenset({"roll_call.answer", "roll_call.keep"}))
"""Whoever types what others tell: it names in each request who speaks."""

Handler = Callable[[Request, Deps, Rooms], Awaitable[Any]]


async def request_of(
    worker: Worker, handler: Handler, body: Mapping[str, object], reports_bug: Callable[[str], None]
) -> Mapping[str, Any] | Problem | None:
    """Return what was answered to a body; the problem that was told; or None: ask again, nobody knows what became."""

    async def asked(deps: Deps, rooms: Rooms) -> Mapping[str, Any] | Problem:
        try:
            answer = await handler(_request(orjson.dumps(body)), deps, rooms)
        except AWAY:
            raise
        except Problem as problem:
            return problem
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may be asked to ask again because of it
            reports_bug(f"the intake's desk broke at {body}: {error!r}")
            return Problem("internal-error", "")
        said: Mapping[str, Any] = orjson.loads(answer.body)
        return said

    return await ask(worker, asked)


def _request(body: bytes) -> Request:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"application/json")]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)
