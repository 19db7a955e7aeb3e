"""The providers of one channel, in the order in which they are tried, and which of them a message goes to next."""

from collections.abc import Awaitable, Callable, Sequence

from services.notifier.breaker import Breaker
from services.notifier.channels.base import Channel
from services.notifier.job import Job
from services.notifier.lanes import ProviderQueue
from services.notifier.metrics import PROVIDER_OPEN
from services.notifier.pace import Pace
from services.notifier.rules import SendingRules


class Provider:
    """One way of a channel: its adapter, what is known of its health, and the messages that wait for it."""

    def __init__(
        self,
        channel: Channel,
        rules: SendingRules,
        now: Callable[[], float],
        work: Callable[[Job, "Provider", Callable[[], None]], Awaitable[None]],
        bulk_pace: Pace,
    ) -> None:
        self.channel = channel
        self.name = channel.provider
        self.breaker = Breaker(rules.breaker_failures, rules.breaker_open_seconds, now)
        pace = Pace(rules.provider_rates.get(self.name), now)
        self.queue = ProviderQueue(
            channel.limit, self.breaker, pace, lambda job, answered: work(job, self, answered), bulk_pace
        )
        PROVIDER_OPEN.labels(channel=channel.name, provider=self.name).set(0)

    def took(self) -> None:
        """Note that it took a message, or refused one for what it was."""
        self.breaker.took()
        self._show()

    def failed(self, notification_id: str) -> bool:
        """Note that it did not take a message; return whether others are to be asked first from now on."""
        opened = self.breaker.failed(notification_id)
        self._show()
        return opened

    def _show(self) -> None:
        PROVIDER_OPEN.labels(channel=self.channel.name, provider=self.name).set(not self.breaker.is_closed)


def _as_set(job: Job, each: Sequence[Provider]) -> Sequence[Provider]:
    del job
    return each


class Providers:
    """Chooses for each message, and moves what waits when a provider stops taking any.

    ``in_order`` returns the providers in the order in which they are asked for a job's address.
    """

    def __init__(
        self, each: Sequence[Provider], in_order: Callable[[Job, Sequence[Provider]], Sequence[Provider]] = _as_set
    ) -> None:
        self.each = tuple(each)
        self._in_order = in_order

    def put(self, job: Job) -> None:
        """Let a job wait for the provider that it goes to next."""
        self.of(job).queue.put(job)

    def of(self, job: Job) -> Provider:
        """Return the provider a job goes to next.

        One that may have it is asked first. Otherwise it is the first that works and was not tried in this round; an
        escalation passes over one that would let it wait, for one that would not.
        """
        if job.is_uncertain:
            owner = next((one for one in self.each if one.name == job.provider), None)
            if owner is not None:
                return owner
        each = self.each if len(self.each) == 1 else self._in_order(job, self.each)
        left = [one for one in each if one.name not in job.passed and one.name not in job.refused_by]
        working = [one for one in left if one.breaker.wait <= 0] or left or list(each)
        if job.request.lane == "escalation":
            return next((one for one in working if one.queue.has_room_for(job)), working[0])
        return working[0]

    def is_another_for(self, job: Job) -> bool:
        """Return whether a provider that works was not tried yet in this round."""
        return any(
            one.breaker.wait <= 0 and one.name not in job.passed and one.name not in job.refused_by for one in self.each
        )

    def all_refused(self, job: Job) -> bool:
        """Return whether no provider is left that might take the message at any time."""
        return all(one.name in job.refused_by for one in self.each)

    def move_from(self, provider: Provider) -> None:
        """Let whatever waits for a provider that takes nothing wait for the next, where there is one."""
        for job in provider.queue.take_waiting():
            self.put(job)
