"""What is written of each try: the row's next state and its delivery record, in one transaction."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

import structlog

from events.delivery import DeliveryState
from services.notifier.commits import Change, GroupCommit
from services.notifier.deliveries import delivery_record
from services.notifier.job import Job
from services.notifier.rows import Step
from services.runtime.clock import Clock

OUTCOMES: Mapping[DeliveryState, str] = MappingProxyType(
    {
        "handed-over": "notification.handed_over",
        "failed-temporary": "notification.failed_temporarily",
        "failed-permanent": "notification.failed_permanently",
        "outcome-unknown": "notification.outcome_unknown",
    }
)
"""The log line of each outcome. The intent before it has none: it is in the records."""

_log = structlog.get_logger(__name__)


class Ledger:
    """Writes steps of jobs through the group commit, and keeps the job in memory in step with its row."""

    def __init__(self, commits: GroupCommit, clock: Clock, deliveries_topic: str) -> None:
        self._commits = commits
        self._clock = clock
        self._topic = deliveries_topic

    async def write(
        self,
        job: Job,
        state: DeliveryState,
        provider: str,
        *,
        tries: int | None = None,
        next_try_at: datetime | None = None,
        provider_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Write what became of a job; ``tries`` None leaves their number.

        Raises:
            StaleEpoch: the partition is somebody else's; nothing was written.
        """
        step = Step(
            notification_id=job.id,
            state=state,
            tries=job.tries if tries is None else tries,
            next_try_at=next_try_at,
            provider=provider,
            provider_id=provider_id,
            reason=reason,
            at=self._clock.now(),
        )
        change = Change(job.owned, step, delivery_record(self._topic, job.request, step))
        await self._commits.write(change, may_linger=state != "attempted")
        job.state, job.tries = state, step.tries
        _tell(job, step)


def _tell(job: Job, step: Step) -> None:
    event = OUTCOMES.get(step.state)
    if event is None:
        return
    log = _log.info if step.state == "handed-over" else _log.warning
    log(
        event,
        notification_id=job.id,
        case_id=job.request.case_id,
        channel=job.request.channel,
        provider=step.provider,
        tries=step.tries,
        reason=step.reason,
    )
