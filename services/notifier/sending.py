"""Sends the notifications of the partitions a worker owns: due → the recipient's rate → a provider's queue → a try.

What a try is stands in ``trying``; which provider it goes to, in ``providers``; who goes first, in ``lanes``.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from random import Random
from types import TracebackType
from typing import Self

import structlog

from events.channel import CHANNELS
from services.notifier.addressing import ContactLookup
from services.notifier.channels.base import Channel
from services.notifier.channels.unserved import UnservedChannel
from services.notifier.commits import GroupCommit
from services.notifier.flagged import FlaggedContacts
from services.notifier.held import HeldJobs
from services.notifier.job import Job
from services.notifier.lateness import LateWatch
from services.notifier.ledger import Ledger
from services.notifier.links import LinkMaker, no_link
from services.notifier.needed import Needed, is_over
from services.notifier.pace import Pace, RecipientPace
from services.notifier.providers import Provider, Providers
from services.notifier.rendering import prepare
from services.notifier.rules import SendingRules
from services.notifier.trying import Parts, Trying
from services.runtime.clock import Clock
from services.runtime.errors import StaleEpoch
from services.runtime.ownership import Ownership
from services.runtime.store import Store

_log = structlog.get_logger(__name__)


class Sender:
    """Sends the notifications of the partitions this worker owns.

    An asynchronous context manager, made on the loop it runs on: leaving it lets the messages under way finish, and
    closes the channels. ``channels`` has the providers for every kind of contact, in the order in which they are
    tried: what comes for a kind that it lacks is refused. ``topic`` gives the full name of a topic, ``link`` the
    address of the page on which a message is answered.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        channels: Mapping[str, Sequence[Channel]],
        contact: ContactLookup,
        *,
        topic: Callable[[str], str],
        rules: SendingRules,
        rng: Random,
        link: LinkMaker = no_link,
    ) -> None:
        self._clock = clock
        self._contact = contact
        self._rules = rules
        self._rng = rng
        self._now = asyncio.get_running_loop().time
        self._commits = GroupCommit(store)
        self._held = HeldJobs()
        self.flagged = FlaggedContacts()
        ledger = Ledger(self._commits, clock, topic)
        self._late = LateWatch(ledger, clock, rules.handover_patience_seconds)
        self._recipients = RecipientPace(rules.recipient_per_minute, self._now)
        served: dict[str, Sequence[Channel]] = {name: [UnservedChannel(name)] for name in CHANNELS} | dict(channels)
        bulk_pace = Pace(rules.bulk_per_second, self._now)
        self._channels = {
            name: Providers(
                [Provider(channel, rules, self._now, self._deliver, bulk_pace) for channel in each], self._in_order
            )
            for name, each in served.items()
        }
        needed = Needed(store, clock)
        parts = Parts(store.database, clock, contact, self.flagged, needed, ledger, rules, rng, link)
        self._trying = Trying(parts, self._channels)

    async def __aenter__(self) -> Self:
        prepare(self._rules.templates)
        self._commits.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        providers = [provider for channel in self._channels.values() for provider in channel.each]
        await asyncio.gather(*(one.queue.close(self._rules.patience_at_the_end) for one in providers))
        self._held.clear()
        await self._commits.stop()
        await asyncio.gather(*(one.channel.close() for one in providers))

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

    def _in_order(self, job: Job, each: Sequence[Provider]) -> Sequence[Provider]:
        found = self._contact(job.request.contact_id)
        return self._rules.routes.order(None if found is None else found[1].address, each)

    async def _deliver(self, job: Job, provider: Provider, answered: Callable[[], None]) -> None:
        """Bring one job one try further, whatever happens: an error here must stop nothing else."""
        if job not in self._held:
            return
        waited = 0.0 if job.queued_at is None else self._now() - job.queued_at
        try:
            wait = await self._trying.once(job, provider, answered, waited_seconds=waited)
        except StaleEpoch:
            self._held.drop(job)
            _log.info("notification.left_to_new_owner", notification_id=job.id, partition=job.owned.name)
        except Exception as error:  # noqa: BLE001 - logged whole, tried again, and nobody else is held up
            _log.exception("notification.try_broke_off", notification_id=job.id)
            self._wait_for(job, self._after_break(job, error))
        else:
            if wait is None:
                self._held.drop(job)
            else:
                self._wait_for(job, wait.total_seconds())

    def _after_break(self, job: Job, error: Exception) -> float:
        """Return how long to wait after an error nobody foresaw; after too many, the next try ends the job."""
        job.breaks += 1
        if job.breaks >= self._rules.backoff.tries:
            job.broken_by = type(error).__name__
        return self._rules.backoff.wait(job.breaks, self._rng).total_seconds()

    def _wait_until_due(self, job: Job) -> None:
        """Queue the job when the clock reads its time, which may be hours away for one that quiet hours hold back.

        Any other waits as long as a retry may, and no longer: after the clock was set back, its time only seems far.
        """
        seconds = self._clock.real_seconds(job.next_try_at - self._clock.now())
        if job.request.not_before is None or job.state != "pending":
            if job.has_turn:
                self._late.begin(job)
            self._wait_for(job, min(seconds, self._rules.backoff.longest.total_seconds()))
        elif seconds > 0:
            seconds = min(seconds, self._rules.look_seconds)
            job.timer = asyncio.get_running_loop().call_later(seconds, self._wait_until_due, job)
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
        """Let the job wait for a provider, once its recipient's rate has a turn.

        An escalation needs none, nor does what will not be sent: after a long stop, hundreds of reminders are over, and
        the one that is not must not wait behind them.
        """
        job.timer = None
        if not job.has_turn:
            job.has_turn = True
            needs_turn = job.request.lane != "escalation" and not is_over(job.request, self._clock.now())
            seconds = self._recipients.take(job.request.contact_id) if needs_turn else 0.0
            if seconds > 0:
                job.due_at = self._clock.now() + timedelta(seconds=seconds) * self._clock.speed
                job.timer = asyncio.get_running_loop().call_later(seconds, self._queue, job)
                return
        self._late.begin(job)
        job.queued_at = self._now()
        self._channels[job.request.channel].put(job)
