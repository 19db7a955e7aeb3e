"""The intake's page of a link, as the routes themselves give it: any method, any token, and what a person reads."""

import html
import re
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from services.intake.deps import Deps, Rooms
from services.intake.links.answer_page import ROUTES
from services.intake.links.words import WORDS
from tests.simulation.desk import ask_strictly
from tests.simulation.workers import Worker

CLIENT = ("192.0.2.7", 40000)
"""Everybody is behind one address: whoever tries wrong links must not keep others from their own."""
_HEADING = re.compile(r"<h1>(.*?)</h1>")
_BUTTON = re.compile(r'<button name="answer" value="(\w+)"')
_NAMES: Mapping[str, str] = {
    said: name
    for name in ("recorded", "nothing", "used", "expired", "wrong", "limited", "trouble")
    for said in WORDS[name].values()
}


@dataclass(frozen=True)
class Seen:
    """What a browser got: the status, what the page is (``ask`` where it asks), and the buttons on it."""

    status: int
    page: str
    buttons: tuple[str, ...] = ()


async def open_link(
    worker: Worker, path: str, reports_bug: Callable[[str], None], *, method: str = "GET", answer: str | None = None
) -> Seen | None:
    """Return what is seen at a path, or None when nobody answered."""
    body = b"" if answer is None else urlencode({"answer": answer}).encode()

    async def opened(deps: Deps, rooms: Rooms) -> Seen:
        return await _through_the_routes(deps, rooms, method, path, body)

    return await ask_strictly(worker, opened, reports_bug)


async def _through_the_routes(deps: Deps, rooms: Rooms, method: str, path: str, body: bytes) -> Seen:
    got: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        got.append(message)

    async with AsyncExitStack() as stack:
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
            "scheme": "https", "client": CLIENT, "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
            "app": SimpleNamespace(state=SimpleNamespace(deps=deps, rooms=rooms)), "fastapi_middleware_astack": stack,
        }  # fmt: skip
        try:
            await ROUTES(scope, receive, send)
        except HTTPException as error:
            return Seen(error.status_code, "")
    text = b"".join(one.get("body", b"") for one in got).decode()
    heading = _HEADING.search(text)
    page = _NAMES.get(html.unescape(heading[1]), "ask") if heading else ""
    return Seen(got[0]["status"], page, tuple(_BUTTON.findall(text)))
