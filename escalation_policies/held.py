"""A message that quiet hours hold: what the case remembers of it, so that it can be called back before the morning."""

from pydantic import Field

from events.base import Frozen, Utc
from events.channel import Channel
from events.notification import Lane


class Held(Frozen):
    """A requested message that is not to be sent before ``until``."""

    notification_id: str
    person_id: str
    contact_id: str
    channel: Channel
    lane: Lane
    level: str
    until: Utc
    ties: tuple[str, ...] = Field(description="The person, and every person and unit that they are told for.")
    asks: bool = Field(description="It asks for the receipt of a level that has not answered.")
    clock: str | None = Field(default=None, description="Key of the clock that it serves, when that was not over yet.")
