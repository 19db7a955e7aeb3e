"""The patience with which a message is waited for: one that no provider has by then is told of, once, and goes on.

Counted in real seconds from when it is due: not while quiet hours hold it, nor while its recipient's rate does.
"""

import asyncio

from events.unreached import is_told_of
from services.notifier.job import Job
from services.notifier.ledger import Ledger
from services.runtime.clock import Clock


class LateWatch:
    """Sets a timer for each message that somebody must hear of; whoever drops a job ends its timers."""

    def __init__(self, ledger: Ledger, clock: Clock, patience_seconds: float) -> None:
        self._ledger = ledger
        self._clock = clock
        self._patience = patience_seconds

    def begin(self, job: Job) -> None:
        """Count from when the message became due, which is now at the latest; a second call changes nothing."""
        if job.late_timer is not None or job.is_late or not is_told_of(job.request):
            return
        late_by = self._clock.real_seconds(self._clock.now() - job.due_at)
        seconds = max(0.0, self._patience - late_by)
        job.late_timer = asyncio.get_running_loop().call_later(seconds, self._tell, job)

    def _tell(self, job: Job) -> None:
        job.late_timer, job.is_late = None, True
        self._ledger.tell_late(job, self._patience)
