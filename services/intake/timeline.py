"""``GET /v1/cases/{case_id}/timeline``: everything that happened, with reasons, and what became of each message.

"Why was nobody called?" is answered here: every step that was not taken is an entry too. No address and no code is
shown: a message is named by its recipient and its channel.
"""

from typing import Any

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from events.base import Utc
from services.intake.acts import CaseIdInPath
from services.intake.case_views import name_of
from services.intake.deps import Parts
from services.intake.security import Reader
from services.intake.visibility import visible_case
from services.runtime.directory import DirectorySnapshot
from services.runtime.tables import journal, notifications

ROUTES = APIRouter(tags=["cases"])
_REPLAY_ONLY = "resolved"
"""Whom the directory named, with contact ids: for replays, not for readers."""


class Message(BaseModel):
    """One notification and how far it came. Handed over is not delivered, and neither is acknowledged."""

    notification_id: str
    person_id: str | None
    name: str | None
    channel: str
    lane: str
    clock: str | None
    step: str | None
    attempt: int | None
    state: str = Field(
        description="`pending`, `attempted`, `handed-over`, `failed-temporary`, `failed-permanent`, `cancelled`, …"
    )
    tries: int
    reason: str | None = Field(description="What the provider said of a failure.")
    requested_at: Utc
    updated_at: Utc
    next_try_at: Utc | None


class Timeline(BaseModel):
    """A case's history in order. Entries are those of the journal (see the AsyncAPI document)."""

    case_id: str
    entries: tuple[dict[str, Any], ...]
    notifications: tuple[Message, ...]


@ROUTES.get("/v1/cases/{case_id}/timeline", summary="Everything that happened to a case, with reasons")
async def read_timeline(deps: Parts, caller: Reader, case_id: CaseIdInPath) -> Timeline:
    """Return the case's journal by its numbers, and its messages by the time they were asked for."""
    await visible_case(deps, caller, case_id)
    entries = select(journal.c.entry).where(journal.c.case_id == case_id).order_by(journal.c.seq)
    messages = (
        select(notifications)
        .where(notifications.c.case_id == case_id)
        .order_by(notifications.c.requested_at, notifications.c.notification_id)
    )
    directory = deps.directory()
    async with deps.store.database.reading() as connection:
        found = [readable(text, directory) for text in (await connection.execute(entries)).scalars()]
        sent = [_message(row, directory) for row in await connection.execute(messages)]
    return Timeline(case_id=case_id, entries=tuple(found), notifications=tuple(sent))


def readable(text: str, directory: DirectorySnapshot) -> dict[str, Any]:
    """Return a stored journal entry for readers: with the names of those told, without what only a replay needs."""
    entry: dict[str, Any] = orjson.loads(text)
    entry.pop(_REPLAY_ONLY, None)
    for told in entry.get("told", ()):
        told["name"] = name_of(directory, told["person_id"])
    return entry


def _message(row: Any, directory: DirectorySnapshot) -> Message:
    request: dict[str, Any] = orjson.loads(row.request)
    person_id = request.get("person_id")
    return Message(
        notification_id=row.notification_id,
        person_id=person_id,
        name=name_of(directory, person_id) if person_id else None,
        channel=row.channel,
        lane=row.lane,
        clock=request.get("clock"),
        step=request.get("step"),
        attempt=request.get("attempt"),
        state=row.state,
        tries=row.tries,
        reason=row.reason,
        requested_at=row.requested_at,
        updated_at=row.updated_at,
        next_try_at=row.next_try_at,
    )
