"""What the intake reads of a notification that is spoken of outside: its row, and the request that it came from."""

from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy import select

from events.notification import NotificationRequested
from services.intake.deps import Deps
from services.intake.problems import LOG
from services.runtime.tables import notifications

LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification as stored."""

    request: NotificationRequested
    state: str
    tries: int
    provider: str | None
    provider_id: str | None


async def find_notice(deps: Deps, notification_id: str) -> Notice | None:
    """Return the notification, or None when nobody here has heard of it, or it cannot be read."""
    if len(notification_id) > LONGEST_ID or not notification_id.isprintable():  # PostgreSQL takes no NUL in text
        return None
    columns = notifications.c
    statement = select(columns.request, columns.state, columns.tries, columns.provider, columns.provider_id)
    async with deps.store.database.reading() as connection:
        found = await connection.execute(statement.where(columns.notification_id == notification_id))
        row = found.one_or_none()
    if row is None:
        return None
    try:
        request = NotificationRequested.model_validate_json(row.request, extra="ignore")
    except ValidationError as error:
        # Written by a version whose shape this one cannot read; the version that can reads it when it is sent.
        LOG.error("notification.unreadable", notification_id=notification_id, faults=error.error_count())
        return None
    return Notice(request, row.state, row.tries, row.provider, row.provider_id)
