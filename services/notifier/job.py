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
    due_at: datetime
    """Since when it should be on its way."""

    lookups: int = 0
    """Questions to the provider about the last try that got no answer."""

    searches: int = 0
    """Questions to the directory that did not find the contact."""

    breaks: int = 0
    """Tries that broke off with an error nobody foresaw."""

    broken_by: str | None = None
    """The error that broke off so many tries that the job is given up."""

    provider: str | None = None
    """Who has it, or may have it: the provider of the last try."""

    passed: frozenset[str] = frozenset()
    """Providers that did not take it in this round; when all have passed, it waits for the next one."""

    refused_by: frozenset[str] = frozenset()
    """Providers that will never take it."""

    is_cleared: bool = False
    """Its last provider was asked, or cannot be: it may be sent again."""

    reason: str | None = None
    """Why the last try failed."""

    queued_at: float | None = None
    """When it began to wait for its turn, in the loop's seconds."""

    has_turn: bool = False
    """The recipient's rate lets it go, now and whenever it is tried again."""

    timer: asyncio.TimerHandle | None = None
    late_timer: asyncio.TimerHandle | None = None
    is_late: bool = False
    """Somebody was told that it is late."""

    @property
    def id(self) -> str:
        """Return the notification's id."""
        return self.request.notification_id

    @property
    def is_uncertain(self) -> bool:
        """Return whether a provider may already have the message, and must be asked before it is sent again."""
        return self.state in UNCERTAIN and not self.is_cleared
