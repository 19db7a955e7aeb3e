"""People who answer an SMS by SMS: its code, a bare 1 or 2, words that mean nothing, STOP.

Whoever hears nothing back sends it again, and Twilio may bring one message twice.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Literal

from services.intake.twilio.signed import Form
from services.intake.twilio.sms import incoming
from services.intake.understood import WORDS
from services.notifier.channels.base import Message
from tests.simulation.desk import ask
from tests.simulation.diary import Diary
from tests.simulation.workers import Worker

MOST_TIMES = 4
Said = Literal["accepted", "declined"]
STORED: Mapping[Said, Sequence[str]] = {
    "accepted": ("accepted", "accepted_petition", "accepted-too"),
    "declined": ("declined",),
}
"""What somebody is told whose answer is stored."""
_BEGINNINGS: Mapping[Said, Sequence[str]] = {
    said: [words.removeprefix("{drill}").partition("{case}")[0] for name in names for words in WORDS[name].values()]
    for said, names in STORED.items()
}


@dataclass(frozen=True)
class Answered:
    """What somebody was told that they have answered, by the code of a case."""

    case_id: str
    person_id: str
    said: Said
    asked_at: datetime


class Texting:
    """Everybody who answers by SMS."""

    def __init__(self, rng: Random, diary: Diary, intakes: Sequence[Worker]) -> None:
        self._rng = rng
        self._diary = diary
        self._intakes = intakes
        self._sent = 0
        self.answered: list[Answered] = []

    async def answer(self, message: Message, person_id: str, asked_at: datetime) -> None:
        """Answer an SMS, again until something comes back."""
        code = message.parameters.get("code")
        texts = ["1", "2", "ok?", f"{code}"] + [f"{code}", f"{code} 2"] * 3
        text = self._rng.choice(texts if code else texts[:3])
        if self._rng.random() < 0.04:
            text = self._rng.choice(["STOP", "START"])
        sid = self._new_sid()
        for _ in range(MOST_TIMES):
            said = await self._send(sid, message.address, text)
            if said is not None:
                if code and text.startswith(code):
                    self._note(message.case_id, person_id, said, asked_at)
                return
            await asyncio.sleep(self._rng.uniform(0.2, 1.0))
            sid = self._rng.choice([sid, self._new_sid()])

    def _new_sid(self) -> str:
        self._sent += 1
        return f"SM-in-{self._sent}"

    async def _send(self, sid: str, number: str, text: str) -> str | None:
        """Return what was said back, or None when nothing was."""
        form = Form({"MessageSid": sid, "From": number, "Body": text})
        answer = await ask(self._rng.choice(self._intakes), lambda deps, rooms: incoming(form, deps, rooms))
        self._diary.count("answered by SMS" if answer is not None else "SMS unanswered")
        return None if answer is None else bytes(answer.body).decode()

    def _note(self, case_id: str, person_id: str, said: str, asked_at: datetime) -> None:
        for kind, beginnings in _BEGINNINGS.items():
            if any(beginning in said for beginning in beginnings):
                self.answered.append(Answered(case_id, person_id, kind, asked_at))
