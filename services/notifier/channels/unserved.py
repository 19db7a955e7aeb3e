"""A way to reach people for which there is no provider: every message by it is refused, which the records show.

A request may name any channel of the language (``events.channel``), also one that this version cannot serve. It must
end with a reason, and stop none of those beside it (promise 6).
"""

from datetime import datetime

from services.notifier.channels.base import Handed, Message, Refused


class UnservedChannel:
    """Refuses what it is given."""

    provider = "none"
    limit = 64

    def __init__(self, name: str) -> None:
        self.name = name

    async def send(self, message: Message) -> Handed:
        """Refuse the message. Raises Refused, always."""
        del message
        raise Refused(f"no provider serves {self.name} here: nothing was sent")

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Return None: nothing was ever sent."""
        del message, since
        return None

    async def close(self) -> None:
        """Close nothing."""
