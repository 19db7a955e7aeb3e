"""Providers that are slow, fail, and lie: they take a message and say 5xx, say ok twice, or never answer."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from services.notifier.channels.base import Flaw, Handed, Message, OutcomeUnknown, Refused, TryLater
from tests.simulation.diary import Diary

REFUSALS: Mapping[str, tuple[str, Flaw | None]] = {
    "refuse": ("21408 not to this region", None),
    "number is dead": ("21211 not a number", "dead"),
    "opted out": ("21610 the recipient has opted out", "opted-out"),
}
MOODS = (*REFUSALS, "later", "taken-but-5xx", "lost-with-5xx", "broken", "twice", "silent", "late", "liar")
NEVER_TAKEN = "never-taken"
"""The id that a provider gives out for a message it throws away."""


@dataclass(eq=False)
class Taken:
    """A message that a provider took, and what it has told of it since."""

    provider: str
    provider_id: str
    message: Message
    is_lost: bool = False
    """It did not arrive, and somebody was told so and has answered."""


class Provider:
    """One provider of one channel; what it took outlives the notifiers that called it."""

    def __init__(self, name: str, channel: str, rng: Random, diary: Diary, carry: Callable[[Taken], None]) -> None:
        self.name = name
        self.channel = channel
        self.moods: tuple[str, ...] = ()
        self.badness = 0.0
        """How likely a call meets one of ``moods``."""
        self._taken: dict[str, list[Taken]] = {}
        self._rng = rng
        self._diary = diary
        self._carry = carry

    def mood(self) -> str:
        """Return how the next call goes."""
        if not self.moods or self._rng.random() >= self.badness:
            return "well"
        mood = self._rng.choice(self.moods)
        self._diary.count("provider in a mood", self.name, mood)
        return mood

    def of(self, notification_id: str) -> list[Taken]:
        """Return what it took of a notification."""
        return self._taken.get(notification_id, [])

    def most_taken(self) -> tuple[str, int]:
        """Return the notification that it took most often, and how often."""
        counts = ((len(each), name) for name, each in self._taken.items())
        times, name = max(counts, default=(0, ""))
        return name, times

    def take(self, message: Message) -> Handed:
        """Keep a message; it goes on its way."""
        each = self._taken.setdefault(message.notification_id, [])
        taken = Taken(self.name, f"{self.name}-{message.notification_id}-{len(each)}", message)
        each.append(taken)
        self._diary.write("provider took", self.name, taken.provider_id)
        self._carry(taken)
        return Handed(taken.provider_id)


class SimChannel:
    """One notifier's way to a provider."""

    limit = 64

    def __init__(self, provider: Provider, rng: Random, timeout_seconds: float) -> None:
        self._with = provider
        self._rng = rng
        self._timeout = timeout_seconds
        self.name = provider.channel
        self.provider = provider.name

    async def send(self, message: Message) -> Handed:
        """Hand over, as the provider's mood allows."""
        mood = self._with.mood()
        await asyncio.sleep(self._rng.uniform(0.01, 0.2))
        if mood in REFUSALS:
            reason, flaw = REFUSALS[mood]
            raise Refused(reason, flaw=flaw)
        match mood:
            case "later":
                raise TryLater("429 slow down", retry_after=timedelta(seconds=self._rng.uniform(0, 3)))
            case "taken-but-5xx":
                self._with.take(message)
                raise OutcomeUnknown("500 after taking it")
            case "lost-with-5xx":
                raise OutcomeUnknown("502 before taking it")
            case "broken":
                raise ConnectionResetError("the provider's library broke")
            case "silent":
                await asyncio.Event().wait()
            case "late":
                await asyncio.sleep(self._timeout * self._rng.uniform(0.5, 1.5))
            case "twice":
                self._with.take(message)
            case "liar":
                return Handed(NEVER_TAKEN)
        return self._with.take(message)

    async def find(self, message: Message, since: datetime) -> Handed | None:
        """Look a message up, as the provider's mood allows; it may deny what it has."""
        del since
        mood = self._with.mood()
        await asyncio.sleep(self._rng.uniform(0.01, 0.2))
        if mood == "silent":
            await asyncio.Event().wait()
        if mood in {"later", "lost-with-5xx", "broken"}:
            raise TryLater("503 ask again")
        found = self._with.of(message.notification_id)
        return Handed(self._rng.choice(found).provider_id) if found and mood != "liar" else None

    async def close(self) -> None:
        """Nothing is open."""
