"""What becomes of a message that a provider took: it arrives or is lost, and the provider tells of it.

It tells late, doubled, out of order, sometimes before its own answer was seen, and sometimes never: whoever is told and
does not answer is not told again. Calls ask what to say, tell the key that was pressed, and how they ended.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any

from starlette.requests import Request

from services.intake.bounces.listener import MAIL
from services.intake.deps import Deps, Rooms
from services.intake.twilio.signed import Form
from services.intake.twilio.status import MESSAGES, message_status
from services.intake.twilio.voice import CALLS, call
from services.notifier.channels.base import Message
from services.runtime.twilio_paths import voice_path
from tests.simulation.desk import ask
from tests.simulation.diary import Diary
from tests.simulation.post import Post
from tests.simulation.provider import Taken
from tests.simulation.under_way import UnderWay
from tests.simulation.workers import Worker

ENDS_UNDELIVERED = (("30003", "undelivered"), ("30005", "undelivered"), ("30008", "failed"), ("", "failed"))
"""Codes and states of messages that a carrier gave up; 30005 is a dead number."""
LONGEST_SECONDS = 6.0
"""How late a provider may tell."""


class Carrier:
    """Carries what providers take. ``heard`` is called when a message has reached its person."""

    def __init__(
        self,
        rng: Random,
        diary: Diary,
        intakes: Sequence[Worker],
        heard: Callable[[Message], None],
        post: Post,
    ) -> None:
        self._rng = rng
        self._diary = diary
        self._intakes = intakes
        self._heard = heard
        self._ways = UnderWay()
        self._post = post
        self.losses = 0.0
        """How likely a message or call of a provider that tells of it is lost."""
        self.tells = 0.0
        """How likely each of its tales is told."""
        self.told: list[tuple[str, str]] = []
        """Notification and state of each tale that somebody has answered."""

    @property
    def under_way(self) -> int:
        """Return how many messages are not yet where they go, and told of."""
        return len(self._ways) + self._post.under_way

    def carry(self, taken: Taken) -> None:
        """Bring a message on its way; of a provider that tells nothing nobody hears more than that it took it."""
        if taken.provider == MESSAGES:
            self._ways.begin(self._text(taken))
        elif taken.provider == CALLS:
            self._ways.begin(self._call(taken))
        elif taken.provider == MAIL:
            self._post.carry(taken)
        else:
            self._heard(taken.message)

    async def _text(self, taken: Taken) -> None:
        is_lost = self._rng.random() < self.losses
        code, end = self._rng.choice(ENDS_UNDELIVERED) if is_lost else ("", "delivered")
        if not is_lost:
            self._heard(taken.message)
        said = [status for status in ("queued", "sent") if self._rng.random() < self.tells]
        told = self._rng.random() < self.tells
        tales = [self._tell(taken, status, "") for status in said]
        times = 0 if not told else 2 if self._rng.random() < 0.15 else 1
        tales += [self._tell(taken, end, code) for _ in range(times)]
        await asyncio.gather(*tales)

    async def _tell(self, taken: Taken, status: str, code: str) -> None:
        """Tell in one request how far a message has come."""
        await asyncio.sleep(self._rng.choice([0.0, 0.1, 1.0, LONGEST_SECONDS]) * self._rng.random())
        notification_id = taken.message.notification_id
        form = Form(
            {"MessageSid": taken.provider_id, "MessageStatus": status, "To": taken.message.address, "ErrorCode": code}
        )
        if await self._ask(lambda deps, _: message_status(notification_id, form, deps)) is not None:
            self.told.append((notification_id, status))
            taken.is_lost = taken.is_lost or status in {"undelivered", "failed"}

    async def _call(self, taken: Taken) -> None:
        await asyncio.sleep(self._rng.uniform(0.1, 3))
        if self._rng.random() < self.losses:
            await self._end(taken, self._rng.choice(["busy", "no-answer", "failed"]))
            return
        by = self._rng.choice(["human", "human", "machine_start"])
        asked = await self._speak(taken, {"CallStatus": "in-progress", "AnsweredBy": by})
        if by == "human" and asked is not None:
            self._heard(taken.message)
            if self._rng.random() < 0.5:
                await asyncio.sleep(self._rng.uniform(0.5, 4))
                await self._speak(taken, {"CallStatus": "in-progress", "Digits": self._rng.choice("1123")})
        await self._end(taken, "completed", by if by != "human" else "")

    async def _end(self, taken: Taken, status: str, by: str = "") -> None:
        """Tell how a call ended."""
        await asyncio.sleep(self._rng.uniform(0.1, 1))
        if self._rng.random() < self.tells:
            answer = await self._speak(taken, {"CallStatus": status, **({"AnsweredBy": by} if by else {})})
            if answer is not None and (by or status != "completed"):
                taken.is_lost = True

    async def _speak(self, taken: Taken, said: dict[str, str]) -> Any:
        notification_id = taken.message.notification_id
        path = voice_path(notification_id)
        request = Request({"type": "http", "scheme": "https", "path": path, "query_string": b"", "headers": []})
        form = Form({"CallSid": taken.provider_id, "To": taken.message.address, **said})
        return await self._ask(lambda deps, _: call(notification_id, request, form, deps))

    async def _ask(self, question: Callable[[Deps, Rooms], Awaitable[Any]]) -> Any:
        answer = await ask(self._rng.choice(self._intakes), question)
        self._diary.count("receipt answered" if answer is not None else "receipt lost")
        return answer
