"""One try of a message: address it → look up what is uncertain → is it still needed? → write the intent → send → write.

The intent is on disk before the provider is called and the outcome after, so whatever dies in between, the next claim
finds the row ``attempted``, asks the provider what it has, and sends again when in doubt (promise 4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import structlog

from events.delivery import DeliveryState
from services.notifier.addressing import ContactLookup, address_of, compose
from services.notifier.answers import answer_of
from services.notifier.channels.base import ChannelError, Handed, Message, OutcomeUnknown, Refused
from services.notifier.flagged import FlaggedContacts
from services.notifier.job import Job
from services.notifier.ledger import Ledger
from services.notifier.links import LinkMaker
from services.notifier.needed import Needed
from services.notifier.providers import Provider, Providers
from services.notifier.rows import has_receipt
from services.notifier.rules import SendingRules
from services.runtime.clock import Clock, wall_now
from services.runtime.contact_flags import ContactFlag, hash_of
from services.runtime.database import Database

_log = structlog.get_logger(__name__)
AT_ONCE = timedelta()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a try asks and tells."""

    database: Database
    clock: Clock
    contact: ContactLookup
    flagged: FlaggedContacts
    needed: Needed
    ledger: Ledger
    rules: SendingRules
    rng: Random
    link: LinkMaker


class Trying:
    """Brings jobs one try further. ``channels`` has the providers of every kind of contact."""

    def __init__(self, parts: Parts, channels: Mapping[str, Providers]) -> None:
        self._parts = parts
        self._channels = channels
        self._backoff = parts.rules.backoff

    async def once(
        self, job: Job, provider: Provider, answered: Callable[[], None], *, waited_seconds: float = 0.0
    ) -> timedelta | None:
        """Try a job; return how long it waits for its next try, in real time, or None when it has ended.

        ``answered`` is called when the provider has nothing more to do with it.

        Raises:
            StaleEpoch: the partition is somebody else's; nothing was written.
        """
        try:
            return await self._once(job, provider, answered, waited_seconds)
        except _NotYet as pause:
            return pause.wait
        except _Ended as ended:
            await self._parts.ledger.write(job, "failed-permanent", provider.name, reason=ended.reason)
            return None

    async def _once(
        self, job: Job, provider: Provider, answered: Callable[[], None], waited_seconds: float
    ) -> timedelta | None:
        if job.broken_by is not None:
            raise _Ended(f"given up: each of {job.breaks} tries broke off with {job.broken_by}")
        message = self._addressed(job, provider)
        if job.is_uncertain:
            if await self._is_settled(job, provider, message):
                return None
            job.is_cleared = True
            if self._channels[job.request.channel].of(job) is not provider:
                return AT_ONCE
        is_stale = job.tries > 0 or waited_seconds > self._parts.rules.stale_seconds
        if await self._is_skipped(job, provider, message, is_stale=is_stale):
            return None
        if job.tries >= self._backoff.tries:
            raise _Ended(f"given up after {job.tries} tries; what became of the last is unknown")
        return await self._send(job, provider, message, answered)

    def _addressed(self, job: Job, provider: Provider) -> Message:
        parts = self._parts
        try:
            address = address_of(job.request, parts.contact)
        except Refused as error:
            raise _Ended(error.reason) from error
        if address is None:
            job.searches += 1
            if job.searches < self._backoff.tries_for_contact:
                raise _NotYet(self._backoff.wait(job.searches, parts.rng))
            raise _Ended("the directory does not know this contact: nothing was sent")
        return compose(
            job.request,
            address,
            parts.clock.now(),
            parts.clock.speed,
            templates=parts.rules.templates,
            link=parts.link(job.request, provider.name, address),
        )

    async def _is_settled(self, job: Job, provider: Provider, message: Message) -> bool:
        """Return whether the last try arrived at its provider after all, and write that."""
        if await has_receipt(self._parts.database, job.id):
            _log.info("notification.settled_by_receipt", notification_id=job.id)
            await self._parts.ledger.write(job, "handed-over", job.provider or provider.name)
            return True
        handed = await self._found(job, provider, message) if provider.name == job.provider else None
        if handed is not None:
            await self._parts.ledger.write(job, "handed-over", provider.name, provider_id=handed.provider_id)
        return handed is not None

    async def _found(self, job: Job, provider: Provider, message: Message) -> Handed | None:
        """Return the message if the provider has it from an earlier try whose outcome nobody saw.

        Where another provider is there to send it, one question without an answer is enough.
        """
        rules = self._parts.rules
        since = self._real(job.request.received_at)
        try:
            found = await answer_of(provider.channel.find(message, since), rules.timeout_seconds, job.id)
        except ChannelError as error:
            job.lookups += 1
            _log.warning("notification.lookup_failed", notification_id=job.id, reason=error.reason)
            others = self._channels[job.request.channel]
            job.passed |= {provider.name}
            if job.lookups < self._backoff.lookups and not others.is_another_for(job):
                raise _NotYet(self._backoff.wait(job.lookups, self._parts.rng, error.retry_after)) from error
            return None
        _log.info("notification.looked_up", notification_id=job.id, found=found is not None)
        return found

    async def _is_skipped(self, job: Job, provider: Provider, message: Message, *, is_stale: bool) -> bool:
        """Return whether the message is not to be sent, and write why."""
        why = await self._parts.needed.why_not(job, is_stale=is_stale)
        if why is not None:
            await self._parts.ledger.write(job, "skipped", provider.name, reason=why)
            return True
        flag = self._parts.flagged.flag_of(job.request.contact_id, message.address)
        if flag is None:
            return False
        reason = f"the contact is flagged as {flag.flaw} since {flag.since:%Y-%m-%d}: {flag.reason}"
        await self._parts.ledger.write(job, "skipped", provider.name, reason=reason, cause="dead-contact")
        return True

    async def _send(
        self, job: Job, provider: Provider, message: Message, answered: Callable[[], None]
    ) -> timedelta | None:
        ledger, now = self._parts.ledger, self._parts.clock.now()
        job.lookups = 0
        await ledger.write(job, "attempted", provider.name, tries=job.tries + 1, next_try_at=now)
        try:
            handed = await answer_of(provider.channel.send(message), self._parts.rules.timeout_seconds, job.id)
        except Refused as error:
            return await self._refused(job, provider, message, error)
        except ChannelError as error:
            return await self._failed(job, provider, error)
        provider.took()
        answered()
        await ledger.write(job, "handed-over", provider.name, provider_id=handed.provider_id)
        return None

    async def _refused(self, job: Job, provider: Provider, message: Message, error: Refused) -> timedelta | None:
        """End a message to a contact that nothing reaches; let another provider try what this one will not take."""
        if error.flaw is not None:
            provider.took()
            flag = ContactFlag(
                job.request.contact_id, hash_of(message.address), error.flaw, error.reason, self._parts.clock.now()
            )
            state: DeliveryState = "opted-out" if error.flaw == "opted-out" else "failed-permanent"
            await self._parts.ledger.write(job, state, provider.name, reason=error.reason, flag=flag)
            self._parts.flagged.add(flag, job.request.channel)
            return None
        job.refused_by |= {provider.name}
        if self._channels[job.request.channel].all_refused(job):
            raise _Ended(error.reason)
        return await self._failed(job, provider, error)

    async def _failed(self, job: Job, provider: Provider, error: ChannelError) -> timedelta | None:
        """Write a try that failed for now; return how long to wait: nothing, where another provider can try."""
        channel, unknown = self._channels[job.request.channel], isinstance(error, OutcomeUnknown)
        if not isinstance(error, Refused) and not error.of_recipient and provider.failed(job.id):
            _log.warning("provider.taking_nothing", channel=job.request.channel, provider=provider.name)
            channel.move_from(provider)
        if job.tries >= self._backoff.tries and not unknown:
            raise _Ended(f"given up after {job.tries} tries: {error.reason}")
        job.passed |= {provider.name}
        wait = AT_ONCE
        if unknown or not channel.is_another_for(job):
            rounds = -(-job.tries // len(channel.each))
            wait = self._backoff.wait(rounds, self._parts.rng, error.retry_after)
        if not channel.is_another_for(job):
            job.passed = frozenset()
        clock = self._parts.clock
        await self._parts.ledger.write(
            job,
            "outcome-unknown" if unknown else "failed-temporary",
            provider.name,
            next_try_at=clock.now() + wait * clock.speed,
            reason=error.reason,
        )
        return wait

    def _real(self, moment: datetime) -> datetime:
        """Return the machine's time at a moment of the demo clock: providers know no other."""
        clock = self._parts.clock
        return wall_now() - timedelta(seconds=clock.real_seconds(clock.now() - moment))


class _NotYet(Exception):
    """Nothing is known that would be worth a record; ask again after ``wait``."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.wait = wait


class _Ended(Exception):
    """The message will never be sent, whoever is asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
