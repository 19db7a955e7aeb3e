"""One notification on its way: what the sender keeps of it in memory."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from events.notification import NotificationRequested
from services.notifier.rows import UNCERTAIN, RowState
from services.runtime.ownership import Ownership


@dataclass(slots=True, eq=False)
class Job:
    """A notification, the claim under which it may be worked on, and how far it has come."""

    owned: Ownership
    request: NotificationRequested
    state: RowState
    tries: int
    next_try_at: datetime
    lookups: int = 0
    """Questions to the provider about the last try that got no answer."""

    searches: int = 0
    """Questions to the directory that did not find the contact."""

    breaks: int = 0
    """Tries that broke off with an error nobody foresaw."""

    broken_by: str | None = None
    """The error that broke off so many tries that the job is given up."""

    timer: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        """Return the notification's id."""
        return self.request.notification_id

    @property
    def is_uncertain(self) -> bool:
        """Return whether the provider may already have the message."""
        return self.state in UNCERTAIN
