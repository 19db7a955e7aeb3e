"""What is written of each try: the row's next state, its delivery record, and what others must hear, all or nothing."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

import structlog

from events.delivery import DeliveryState
from events.unreached import Cause, is_told_of
from services.notifier.commits import Change, GroupCommit
from services.notifier.deliveries import delivery_record
from services.notifier.job import Job
from services.notifier.metrics import LATE, STEPS
from services.notifier.rows import Step
from services.notifier.unreached import unreached_fact
from services.runtime.clock import Clock
from services.runtime.contact_flags import ContactFlag

OUTCOMES: Mapping[DeliveryState, str] = MappingProxyType(
    {
        "handed-over": "notification.handed_over",
        "failed-temporary": "notification.failed_temporarily",
        "failed-permanent": "notification.failed_permanently",
        "outcome-unknown": "notification.outcome_unknown",
        "opted-out": "notification.opted_out",
        "skipped": "notification.skipped",
    }
)
"""The log line of each outcome. The intent before it has none: it is in the records."""

CAUSES: Mapping[DeliveryState, Cause] = MappingProxyType({"failed-permanent": "failed", "opted-out": "failed"})
"""Ends of a notification that somebody must hear of."""

_log = structlog.get_logger(__name__)


class Ledger:
    """Writes steps of jobs through the group commit, and keeps the job in memory in step with its row.

    ``topic`` gives the full name of a topic.
    """

    def __init__(self, commits: GroupCommit, clock: Clock, topic: Callable[[str], str]) -> None:
        self._commits = commits
        self._clock = clock
        self._topic = topic

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
        flag: ContactFlag | None = None,
        cause: Cause | None = None,
    ) -> None:
        """Write what became of a job; ``tries`` None leaves their number.

        ``flag`` says that nothing reaches the contact; ``cause``, why it did not arrive, is that of the state if None.

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
        records = [delivery_record(self._topic("deliveries"), job.request, step)]
        cause = cause or CAUSES.get(state)
        if cause is not None and is_told_of(job.request):
            records.append(unreached_fact(self._topic, job.request, cause, reason or state, step.at))
        may_linger = state != "attempted" or job.request.lane == "bulk"
        await self._commits.write(Change(job.owned, step, records, flag), may_linger=may_linger)
        job.state, job.tries, job.provider, job.reason = state, step.tries, provider, reason or job.reason
        job.is_cleared = False
        STEPS.labels(channel=job.request.channel, state=state).inc()
        _tell(job, step)

    def tell_late(self, job: Job, seconds: float) -> None:
        """Let the case hear, without waiting for the disk, that no provider has taken a message for ``seconds``.

        What cannot be written (the partition is somebody else's now) is the next owner's to tell.
        """
        why = f": {job.reason}" if job.reason else ""
        reason = f"no provider has taken it within {seconds:g} s{why}"
        record = unreached_fact(self._topic, job.request, "late", reason, self._clock.now())
        self._commits.begin(Change(job.owned, None, [record], late=job.id)).add_done_callback(_looked_at)
        LATE.labels(channel=job.request.channel).inc()
        _log.warning(
            "notification.late",
            notification_id=job.id,
            case_id=job.request.case_id,
            channel=job.request.channel,
            tries=job.tries,
            reason=job.reason,
        )


def _looked_at(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (error := written.exception()) is not None:
        _log.info("notification.lateness_left_to_new_owner", reason=type(error).__name__)


def _tell(job: Job, step: Step) -> None:
    event = OUTCOMES.get(step.state)
    if event is None:
        return
    log = _log.info if step.state in {"handed-over", "skipped"} else _log.warning
    log(
        event,
        notification_id=job.id,
        case_id=job.request.case_id,
        channel=job.request.channel,
        provider=step.provider,
        tries=step.tries,
        reason=step.reason,
    )
