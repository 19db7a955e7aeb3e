"""Many receivers behind one channel, each a server of its own: one that never answers must not keep all the places.

A place with the channel is held until the receiver answers or the time-out ends. So whoever owes several answers, one
of them for long, is given no more until it has answered.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from services.notifier.channels.base import TryLater

MOST_OWED = 8
"""Answers that a receiver may owe, however slow it is: an eighth of a channel's places."""

PATIENCE_SECONDS = 1.0
"""A receiver that works answers sooner, and may be given as many messages as come."""

COME_BACK = timedelta(seconds=2)


class Receivers:
    """How many answers each receiver owes, and since when. ``monotonic`` is real seconds."""

    def __init__(
        self, patience_seconds: float = PATIENCE_SECONDS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._owed: dict[str, dict[object, float]] = {}

    @contextmanager
    def owing(self, receiver: str) -> Iterator[None]:
        """Note that a receiver is asked, until it has answered.

        Raises:
            TryLater: it owes too many answers; it was not asked.
        """
        owed, now = self._owed.setdefault(receiver, {}), self._monotonic()
        # A dict keeps the order of its keys: the first is the oldest.
        if len(owed) >= MOST_OWED and now - next(iter(owed.values())) > self._patience_seconds:
            raise TryLater(f"the receiver owes {len(owed)} answers", retry_after=COME_BACK, of_recipient=True)
        place = object()
        owed[place] = now
        try:
            yield
        finally:
            del owed[place]
            if not owed:
                self._owed.pop(receiver, None)
