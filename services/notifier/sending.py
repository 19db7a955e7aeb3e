"""How a notification is sent: address it → look up what is uncertain → write the intent → send → write the outcome.

The intent is on disk before the provider is called and the outcome after, so whatever dies in between, the next claim
finds the row ``attempted``, asks the provider what it has, and sends again when in doubt (promise 4).
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from types import TracebackType
from typing import Self

import structlog

from events.channel import CHANNELS
from services.notifier.addressing import ContactLookup, address_of, compose
from services.notifier.answers import GUARD_SECONDS, answer_of
from services.notifier.backoff import Backoff
from services.notifier.channels.base import Channel, ChannelError, Handed, Message, OutcomeUnknown, Refused
from services.notifier.channels.unserved import UnservedChannel
from services.notifier.commits import GroupCommit
from services.notifier.held import HeldJobs
from services.notifier.job import Job
from services.notifier.lanes import ChannelQueue
from services.notifier.ledger import Ledger
from services.notifier.rendering import prepare
from services.runtime.clock import Clock, wall_now
from services.runtime.errors import StaleEpoch
from services.runtime.ownership import Ownership
from services.runtime.store import Store

LOOK_SECONDS = 30.0
"""How often a held message looks at the clock: over a night of waiting it may be set, or the machine sleep."""

_log = structlog.get_logger(__name__)


class Sender:
    """Sends the notifications of the partitions this worker owns.

    An asynchronous context manager: leaving it lets the messages under way finish for ``patience_seconds`` (by default
    the provider time-out), and closes the channels. What comes for a channel that ``channels`` lacks is refused;
    ``timeout_seconds`` is theirs.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        channels: Mapping[str, Channel],
        contact: ContactLookup,
        *,
        deliveries_topic: str,
        timeout_seconds: float,
        rng: Random,
        backoff: Backoff | None = None,
        patience_seconds: float | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._clock = clock
        unserved: Mapping[str, Channel] = {name: UnservedChannel(name) for name in CHANNELS if name not in channels}
        self._channels = {**unserved, **channels}
        self._contact = contact
        self._timeout = timeout_seconds
        self._patience = timeout_seconds + GUARD_SECONDS if patience_seconds is None else patience_seconds
        self._look = look_seconds
        self._rng = rng
        self._backoff = backoff or Backoff()
        self._commits = GroupCommit(store)
        self._ledger = Ledger(self._commits, clock, deliveries_topic)
        self._held = HeldJobs()
        self._queues = {name: ChannelQueue(channel.limit, self._deliver) for name, channel in self._channels.items()}

    async def __aenter__(self) -> Self:
        prepare()
        self._commits.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(queue.close(self._patience) for queue in self._queues.values()))
        self._held.clear()
        await self._commits.stop()
        await asyncio.gather(*(channel.close() for channel in self._channels.values()))

    @property
    def unfinished(self) -> int:
        """Return how many notifications are held: waiting, under way, or waiting for their next try."""
        return len(self._held)

    def claim(self, owned: Ownership) -> None:
        """Accept jobs of this claim from now on."""
        self._held.claim(owned)

    def lose(self, owned: Ownership) -> None:
        """Drop the jobs of a claim.

        A message already with its provider ends by itself; its outcome is written only if nobody else has claimed the
        partition by then.
        """
        self._held.lose(owned)

    def take(self, jobs: Iterable[Job]) -> None:
        """Send each job when it is due. Jobs of a lost claim, and repeats of held ones, are passed over."""
        for job in jobs:
            if self._held.add(job):
                self._wait_until_due(job)

    def forget(self, owned: Ownership, notification_id: str) -> None:
        """Drop a message that was cancelled while it was held."""
        self._held.forget(owned, notification_id)

    async def _deliver(self, job: Job) -> None:
        """Bring one job one try further, whatever happens: an error here must stop nothing else."""
        if job not in self._held:
            return
        try:
            await self._try(job)
        except StaleEpoch:
            self._held.drop(job)
            _log.info("notification.left_to_new_owner", notification_id=job.id, partition=job.owned.name)
        except Exception as error:  # noqa: BLE001 - logged whole, tried again, and nobody else is held up
            _log.exception("notification.try_broke_off", notification_id=job.id)
            self._wait_for(job, self._after_break(job, error))

    def _after_break(self, job: Job, error: Exception) -> float:
        """Return how long to wait after an error nobody foresaw; after too many, the next try ends the job."""
        job.breaks += 1
        if job.breaks >= self._backoff.tries:
            job.broken_by = type(error).__name__
        return self._backoff.wait(job.breaks, self._rng).total_seconds()

    async def _try(self, job: Job) -> None:
        channel = self._channels[job.request.channel]
        try:
            if job.broken_by is not None:
                raise Refused(f"given up: each of {job.breaks} tries broke off with {job.broken_by}")
            message = self._addressed(job)
            handed = await self._found(job, channel, message) or await self._sent(job, channel, message)
        except _NotYet as pause:
            self._wait_for(job, pause.wait.total_seconds())
        except ChannelError as error:
            await self._failed(job, channel, error)
        else:
            await self._ledger.write(job, "handed-over", channel.provider, provider_id=handed.provider_id)
            self._held.drop(job)

    def _addressed(self, job: Job) -> Message:
        address = address_of(job.request, self._contact)
        if address is None:
            job.searches += 1
            if job.searches < self._backoff.tries_for_contact:
                raise _NotYet(self._backoff.wait(job.searches, self._rng))
            raise Refused("the directory does not know this contact: nothing was sent")
        return compose(job.request, address, self._clock.now(), self._clock.speed)

    async def _found(self, job: Job, channel: Channel, message: Message) -> Handed | None:
        """Return the message if the provider has it from an earlier try whose outcome nobody saw."""
        if not job.is_uncertain:
            return None
        try:
            found = await answer_of(channel.find(message, self._real(job.request.received_at)), self._timeout, job.id)
        except ChannelError as error:
            job.lookups += 1
            _log.warning("notification.lookup_failed", notification_id=job.id, reason=error.reason)
            if job.lookups < self._backoff.lookups:
                raise _NotYet(self._backoff.wait(job.lookups, self._rng, error.retry_after)) from error
            return None
        _log.info("notification.looked_up", notification_id=job.id, found=found is not None)
        return found

    async def _sent(self, job: Job, channel: Channel, message: Message) -> Handed:
        if job.tries >= self._backoff.tries:
            raise Refused(f"given up after {job.tries} tries; what became of the last is unknown")
        job.lookups = 0
        await self._ledger.write(job, "attempted", channel.provider, tries=job.tries + 1, next_try_at=self._clock.now())
        return await answer_of(channel.send(message), self._timeout, job.id)

    async def _failed(self, job: Job, channel: Channel, error: ChannelError) -> None:
        unknown = isinstance(error, OutcomeUnknown)
        given_up = job.tries >= self._backoff.tries and not unknown
        if error.permanent or given_up:
            reason = f"given up after {job.tries} tries: {error.reason}" if given_up else error.reason
            await self._ledger.write(job, "failed-permanent", channel.provider, reason=reason)
            self._held.drop(job)
            return
        wait = self._backoff.wait(job.tries, self._rng, error.retry_after)
        await self._ledger.write(
            job,
            "outcome-unknown" if unknown else "failed-temporary",
            channel.provider,
            next_try_at=self._clock.now() + wait * self._clock.speed,
            reason=error.reason,
        )
        self._wait_for(job, wait.total_seconds())

    def _wait_until_due(self, job: Job) -> None:
        """Queue the job when the clock reads its time, which may be hours away for one that quiet hours hold back.

        Any other waits as long as a retry may, and no longer: after the clock was set back, its time only seems far.
        """
        seconds = self._clock.real_seconds(job.next_try_at - self._clock.now())
        if job.request.not_before is None or job.state != "pending":
            self._wait_for(job, min(seconds, self._backoff.longest.total_seconds()))
        elif seconds > 0:
            job.timer = asyncio.get_running_loop().call_later(min(seconds, self._look), self._wait_until_due, job)
        else:
            self._queue(job)

    def _wait_for(self, job: Job, seconds: float) -> None:
        """Queue the job after real ``seconds``."""
        if job not in self._held:
            return
        if seconds > 0:
            job.timer = asyncio.get_running_loop().call_later(seconds, self._queue, job)
        else:
            self._queue(job)

    def _queue(self, job: Job) -> None:
        job.timer = None
        self._queues[job.request.channel].put(job)

    def _real(self, moment: datetime) -> datetime:
        """Return the machine's time at a moment of the demo clock: providers know no other."""
        return wall_now() - timedelta(seconds=self._clock.real_seconds(self._clock.now() - moment))


class _NotYet(Exception):
    """Nothing is known that would be worth a record; ask again after ``wait``."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait
