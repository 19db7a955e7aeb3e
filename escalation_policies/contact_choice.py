"""Which of a person's contacts a message of some urgency goes to: those they keep for it, and never none."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from events.notification import Lane


class KeptFor(Protocol):
    """A contact, with or without its address."""

    @property
    def used_for(self) -> tuple[Lane, ...] | None:
        """How urgent what is sent to it may be; None: anything."""


_Contact = TypeVar("_Contact", bound=KeptFor)


def kept_for(contacts: Iterable[_Contact], lane: Lane) -> list[_Contact]:
    """Return the contacts that are kept for what is this urgent, in their order; all of them where none is.

    Who keeps no contact for an alert is told by every one of them: no directory can put anybody out of reach.
    """
    every = list(contacts)
    return [one for one in every if one.used_for is None or lane in one.used_for] or every
