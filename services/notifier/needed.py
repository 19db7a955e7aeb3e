"""Whether a message is still needed when its turn comes: a reminder of what is over, or was answered, is not sent.

Only reminders: who must know of a case hears of it, however late. (What quiet hours hold is called off by a record of
its own.)
"""

from datetime import datetime

import orjson

from escalation_policies.case import Clock as CaseClock
from events.notification import NotificationRequested
from services.notifier.job import Job
from services.runtime.clock import Clock
from services.runtime.outages import STORE_TROUBLE
from services.runtime.store import Store


def is_over(request: NotificationRequested, now: datetime) -> bool:
    """Return whether this reminds of a deadline that has passed: whoever must know of that is told by another."""
    return request.lane == "reminder" and request.deadline is not None and request.deadline <= now


class Needed:
    """Asks the clock, and the case as it is stored."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def why_not(self, job: Job, *, is_stale: bool) -> str | None:
        """Return why a message need not be sent, or None when it must be.

        ``is_stale`` says that it was tried before or waited for its turn, so that its case may have moved on; a case
        that cannot be read leaves it needed.
        """
        request = job.request
        if is_over(request, self._clock.now()):
            return "the deadline it reminds of has passed"
        if request.lane != "reminder" or not (is_stale and request.asks_acknowledgement):
            return None
        try:
            states = await self._store.states([request.case_id])
        except STORE_TROUBLE:
            return None
        state = states.get(request.case_id)
        return None if state is None or _runs(state, request.clock) else "it was answered meanwhile"


def _runs(state: str, key: str) -> bool:
    """Return whether a clock runs in a stored case, read without the rest of it: most of a case is its policy.

    A clock that the case does not have counts as running, and its message is sent.
    """
    clocks = (CaseClock.model_validate(one, extra="ignore") for one in orjson.loads(state)["clocks"])
    return all(clock.status == "running" for clock in clocks if clock.key == key)
