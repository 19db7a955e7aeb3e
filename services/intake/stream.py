"""``GET /v1/stream``: the journal live, as server-sent events (WHATWG HTML §9.2), for the caller's units.

Each event's id is the whole cursor, so a client that comes back with ``Last-Event-ID`` misses nothing and gets nothing
twice, whichever worker it meets. Heartbeats carry the cursor too, past entries that were not for this client.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from services.intake.deps import Deps, Parts, Shared
from services.intake.journal_tail import PAGE, Entry, JournalTail, Listener
from services.intake.positions import Positions, read_positions, write_positions
from services.intake.problems import Problem, invalid
from services.intake.security import Watcher, authenticate, within
from services.intake.timeline import readable
from services.intake.visibility import is_hidden
from services.runtime.tokens import Caller

ROUTES = APIRouter(tags=["stream"])
RETRY_MILLISECONDS = 2_000
SEND_SECONDS = 30.0
"""A client that takes nothing for so long is gone or stuck; its connection is closed."""


class EventStream(StreamingResponse):
    """A stream that gives up on a client which stopped reading, and always lets go of its listener."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncGenerator[bytes, None]) -> None:
        super().__init__(content, headers={"X-Accel-Buffering": "no"})
        self._content = content

    async def stream_response(self, send: Send) -> None:
        """Send the stream to its end."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            return  # the server closes a connection whose answer was left unfinished
        finally:
            await self._content.aclose()


@ROUTES.get(
    "/v1/stream",
    status_code=200,  # said, because FastAPI looks for it in the response class
    summary="Follow the journal live",
    response_class=EventStream,
    responses={200: {"description": "Events: `id` is the cursor, `event` the entry's kind, `data` the entry."}},
)
async def stream(
    request: Request,
    deps: Parts,
    shared: Shared,
    caller: Watcher,
    since: Annotated[Literal["now", "beginning"], Query(description="Where to start without `Last-Event-ID`.")] = "now",
    last_event_id: Annotated[str | None, Header(description="Id of the last event seen: goes on behind it.")] = None,
) -> EventStream:
    """Send every journal entry of the caller's units, as it is written.

    A comment comes every 15 s. A client that is too slow is disconnected and goes on by its last id.
    """
    heads = await shared.tail.heads()
    return EventStream(_events(request, deps, shared.tail, caller, _start(last_event_id, since, heads)))


def _start(last_event_id: str | None, since: str, heads: Positions) -> Positions:
    if not last_event_id:
        return heads if since == "now" else dict.fromkeys(heads, 0)
    try:
        seen = read_positions(last_event_id)
    except ValueError as error:
        detail = f"{error}: leave it out to start now, or use ?since=beginning"
        raise invalid([{"parameter": "Last-Event-ID", "detail": detail}]) from error
    # Ahead of the journal: the database was made anew since, and what it holds now was never seen.
    return {partition: position if position <= heads[partition] else 0 for partition, position in seen.items()}


async def _events(
    request: Request, deps: Deps, tail: JournalTail, caller: Caller, seen: Positions
) -> AsyncGenerator[bytes, None]:
    yield f"retry: {RETRY_MILLISECONDS}\n: following\nid: {write_positions(seen)}\n\n".encode()
    now = asyncio.get_running_loop().time
    page = await tail.after(seen)
    while page:
        if text := _written(deps, caller, seen, page):
            yield text
        page = await tail.after(seen) if len(page) >= PAGE else []
    listener, heads = await tail.join()
    try:
        while any(seen[partition] < position for partition, position in heads.items()):
            page = await tail.after(seen)
            if text := _written(deps, caller, seen, page):
                yield text
            if not page:
                break
        beat = now() + tail.heartbeat_seconds
        while (entries := await _next(listener, beat - now())) is not None:
            if text := _written(deps, caller, seen, entries):
                yield text
            if now() >= beat:
                if not await _still_allowed(request, deps):
                    return
                yield _heartbeat(seen)
                beat = now() + tail.heartbeat_seconds
    finally:
        tail.leave(listener)


async def _next(listener: Listener, patience: float) -> list[Entry] | None:
    """Return what waits, nothing when it is time for a heartbeat, or None at the end."""
    try:
        async with asyncio.timeout(patience):
            waiting = [await listener.queue.get()]
    except TimeoutError:
        return []
    while not listener.queue.empty() and len(waiting) < PAGE:
        waiting.append(listener.queue.get_nowait())
    entries = [entry for entry in waiting if entry is not None]
    return entries if len(entries) == len(waiting) else None


def _written(deps: Deps, caller: Caller, seen: Positions, entries: list[Entry]) -> bytes:
    """Advance ``seen`` over ``entries`` and return those that are new and for this caller, as events."""
    directory = deps.directory()
    lines: list[bytes] = []
    for entry in entries:
        if entry.position <= seen[entry.partition]:
            continue
        seen[entry.partition] = entry.position
        if not within(directory, caller, entry.school_id):
            continue
        shown = readable(entry.text, directory)
        if not is_hidden(directory, caller, shown.get("hidden_from", ())):
            data = orjson.dumps(shown)
            lines.append(f"id: {write_positions(seen)}\nevent: {entry.kind}\ndata: ".encode() + data + b"\n\n")
    return b"".join(lines)


def _heartbeat(seen: Positions) -> bytes:
    # An id without data moves the client's cursor and raises no event (WHATWG HTML §9.2.6).
    return f": heartbeat\nid: {write_positions(seen)}\n\n".encode()


async def _still_allowed(request: Request, deps: Deps) -> bool:
    """Return whether the token still holds: a stream may outlive it."""
    try:
        caller = await authenticate(deps, request)
    except Problem:
        return False
    return "stream.read" in caller.rights
