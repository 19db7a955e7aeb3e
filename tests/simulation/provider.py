"""Providers that are slow, fail, and lie: they take a message and say 5xx, say ok twice, or never answer."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

from services.notifier.channels.base import Handed, Message, OutcomeUnknown, Refused, TryLater
from tests.simulation.diary import Diary

MOODS = ("later", "refuse", "taken-but-5xx", "lost-with-5xx", "broken", "twice", "silent", "late", "liar")


class Provider:
    """One provider of one channel; what it took outlives the notifiers that called it."""

    def __init__(self, name: str, rng: Random, diary: Diary, heard: Callable[[Message], None]) -> None:
        self.name = name
        self.moods: tuple[str, ...] = ()
        self.badness = 0.0
        """How likely a call meets one of ``moods``."""
        self.taken: Counter[str] = Counter()
        self._rng = rng
        self._diary = diary
        self._heard = heard

    def mood(self) -> str:
        """Return how the next call goes."""
        if not self.moods or self._rng.random() >= self.badness:
            return "well"
        mood = self._rng.choice(self.moods)
        self._diary.count("provider in a mood", self.name, mood)
        return mood

    def take(self, message: Message) -> Handed:
        """Keep a message, and let its person hear of it."""
        self.taken[message.notification_id] += 1
        self._diary.write("provider took", self.name, message.notification_id)
        if self.taken[message.notification_id] == 1:
            self._heard(message)
        return Handed(f"{self.name}-{message.notification_id}")


class SimChannel:
    """One notifier's way to a provider."""

    limit = 64

    def __init__(self, provider: Provider, rng: Random, timeout_seconds: float) -> None:
        self._with = provider
        self._rng = rng
        self._timeout = timeout_seconds
        self.name = provider.name
        self.provider = f"simulated-{provider.name}"

    async def send(self, message: Message) -> Handed:
        """Hand over, as the provider's mood allows."""
        mood = self._with.mood()
        await asyncio.sleep(self._rng.uniform(0.01, 0.2))
        match mood:
            case "later":
                raise TryLater("429 slow down", retry_after=timedelta(seconds=self._rng.uniform(0, 3)))
            case "refuse":
                raise Refused("21211 not a number")
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
                return Handed("never-taken")
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
        has = self._with.taken[message.notification_id] > 0 and mood != "liar"
        return Handed(f"{self.name}-{message.notification_id}") if has else None

    async def close(self) -> None:
        """Nothing is open."""
