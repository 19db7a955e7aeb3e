"""What a channel is: something that hands one message to one provider, and says honestly what it does not know.

ChannelError
├── Refused          permanent: the provider will never take this message; try another channel or person
├── TryLater         temporary: certainly not taken; send it again, after `retry_after` when the provider says so
└── OutcomeUnknown   the provider may have taken it (time-out, 5xx, line lost): look it up before sending again
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Protocol

from events.notification import Lane
from services.runtime.harmless import harmless


class ChannelError(Exception):
    """A message was not, or not certainly, handed over. ``reason`` has the provider's code and no personal data."""

    permanent: ClassVar[bool] = False

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, of_recipient: bool = False) -> None:
        super().__init__(reason)
        self.reason = harmless(reason)
        self.retry_after = retry_after
        self.of_recipient = of_recipient
        """It says something of this recipient's own server, and nothing of the provider: others go on as before."""


Flaw = Literal["dead", "opted-out"]
"""What a refusal says of the contact itself: nothing will ever arrive there, or its owner wants no messages."""


class Refused(ChannelError):
    """The provider will never take this message. ``flaw``: nor any other to this contact."""

    permanent = True

    def __init__(self, reason: str, *, retry_after: timedelta | None = None, flaw: Flaw | None = None) -> None:
        super().__init__(reason, retry_after=retry_after)
        self.flaw = flaw


class TryLater(ChannelError):
    """The provider certainly did not take the message, and may take it later."""


class OutcomeUnknown(ChannelError):
    """Nobody here knows whether the provider took the message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered message to one address. Only email has a subject and HTML."""

    notification_id: str
    case_id: str
    address: str
    template: str
    exercise: bool
    composed_at: datetime
    text: str
    subject: str = ""
    html: str | None = None
    lane: Lane = "escalation"
    language: str = "zh"
    valid_seconds: int | None = None
    """Real seconds until the deadline that it serves, at least 1: later a provider need not bring it any more."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the text says, by name: for providers that take a template's id and its parameters instead of a text."""

    about: Mapping[str, str] = field(default_factory=dict)
    """What the case is, in codes instead of words: for programs."""

    deadline: datetime | None = None
    asks_acknowledgement: bool = True


@dataclass(frozen=True, slots=True)
class Handed:
    """The provider took the message. That is neither *delivered* nor *acknowledged* (DESIGN §3)."""

    provider_id: str | None


class Channel(Protocol):
    """One way to reach people, through one provider."""

    @property
    def name(self) -> str:
        """Return the channel of the contacts it serves: ``sms`` or ``email``."""
        ...

    @property
    def provider(self) -> str:
        """Return the provider's name, as delivery records show it."""
        ...

    @property
    def limit(self) -> int:
        """Return how many messages may be with the provider at once."""
        ...

    async def send(self, message: Message) -> Handed:
        """Hand the message over.

        Raises:
            ChannelError: one of its three kinds; see the head of this file for what to do.
        """
        ...

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Look up a message whose outcome is unknown, handed over at ``since`` (real time) or later.

        Return None when the provider does not have it, or cannot be asked: then send again, because a duplicate is
        better than silence.

        Raises:
            ChannelError: the question got no answer; ask again later.
        """
        ...

    async def close(self) -> None:
        """Close kept connections."""
        ...
