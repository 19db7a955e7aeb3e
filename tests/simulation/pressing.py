"""People who answer an email by its link, the scanners of their mailboxes, and those who forge one.

A link is pressed twice, once more with another answer, after its case was closed, after another answered, or expired; a
scanner opens every link of every email before anybody reads it.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from services.intake.links.page import ACCEPT, DECLINE
from services.notifier.channels.base import Message
from services.runtime.tables import EPOCH
from tests.simulation.link_door import Seen, open_link
from tests.simulation.under_way import UnderWay
from tests.simulation.workers import Surroundings, Worker

MOST_TIMES = 4
LATEST_SECONDS = 16.0
"""Some press when the troubles are over, and the clocks were set on."""
_LINK = re.compile(r"https://[^/\s]+(/a/[\w-]+)")
_SIGNED_BYTES, _UNTIL_BYTES = 16, 4


@dataclass(frozen=True)
class Press:
    """One press of a button, and what was seen then. ``seen`` None: nobody answered, or not yet."""

    path: str
    notification_id: str
    is_forged: bool
    choice: str
    asked_at: datetime
    seen: Seen | None
    answered_at: datetime
    is_steady: bool
    """Nobody set the clock meanwhile."""

    @property
    def is_over(self) -> bool:
        """Return whether the time of the link was certainly over."""
        return self.is_steady and self.asked_at >= self.until

    @property
    def until(self) -> datetime:
        """Return when the link ends, as it says itself."""
        return EPOCH + timedelta(seconds=int.from_bytes(_content(self.path)[_SIGNED_BYTES:][:_UNTIL_BYTES]))


class Pressing:
    """Everybody who has to do with links. ``share``: how many of those who read one answer by it."""

    def __init__(self, rng: Random, around: Surroundings, intakes: Sequence[Worker]) -> None:
        self._rng = rng
        self._around = around
        self._intakes = intakes
        self._scans = UnderWay()
        self.share = 0.0
        self.looks = 0.0
        """How likely a scanner opens the link of an email."""
        self.presses: list[Press] = []
        self.scanned: list[tuple[str, Seen]] = []
        """The method by which each link was scanned that was not pressed, and what came of it."""

    def arrived(self, message: Message) -> None:
        """Let a scanner look at an email."""
        if self.looks and path_in(message) is not None and self._rng.random() < self.looks:
            self._scans.begin(self._scan(str(path_in(message))))

    def will_answer(self, message: Message) -> bool:
        """Return whether whoever reads this answers by its link."""
        return self.share > 0 and path_in(message) is not None and self._rng.random() < self.share

    async def answer(self, message: Message) -> None:
        """Answer an email by its link, soon or late, in one of the ways in which people do."""
        rng, path = self._rng, path_in(message)
        assert path is not None
        after = timedelta(minutes=rng.choice([0.1, 1, 5, 15, 30])).total_seconds() / self._around.machine.clock.speed
        await asyncio.sleep(rng.random() * min(rng.choice([after, LATEST_SECONDS]), LATEST_SECONDS))
        if rng.random() < 0.15:
            await self._press(message, self._forged(path), rng.choice([ACCEPT, DECLINE]), is_forged=True)
        choice = rng.choice([ACCEPT, ACCEPT, DECLINE])
        if rng.random() < 0.5:
            seen = await self._open(path)
            if seen is not None and choice not in seen.buttons:
                return
        if rng.random() < 0.05:
            choice = ""
        times = rng.choice([1, 1, 1, 2])
        await asyncio.gather(*(self._press(message, path, choice) for _ in range(times)))
        if rng.random() < 0.5:
            await asyncio.sleep(rng.choice([0.0, 1.0, 4.0]) * rng.random())
            await self._press(message, path, rng.choice([ACCEPT, DECLINE]))

    async def _press(self, message: Message, path: str, choice: str, *, is_forged: bool = False) -> None:
        """Press a button, again until a page comes that is no trouble."""
        for _ in range(MOST_TIMES):
            asked_at, jumps = self._around.machine.clock.now(), self._jumps()
            seen = await self._open(path, method="POST", answer=choice)
            now = self._around.machine.clock.now()
            self.presses.append(
                Press(path, message.notification_id, is_forged, choice, asked_at, seen, now, jumps == self._jumps())
            )
            self._around.diary.count(f"link pressed: {seen.page or seen.status}" if seen else "link unanswered")
            if seen is not None and seen.page != "trouble":
                return
            await asyncio.sleep(self._rng.uniform(0.2, 1.0))

    def _jumps(self) -> int:
        counts = self._around.diary.counts
        return counts["clock set forward"] + counts["clock set back"]

    async def _scan(self, path: str) -> None:
        """Open a link as scanners do: by HEAD, by GET, by both, more than once."""
        for method in self._rng.choice([["HEAD"], ["GET"], ["HEAD", "GET"], ["GET", "GET", "GET"]]):
            seen = await self._open(path, method=method)
            if seen is not None:
                self.scanned.append((method, seen))
            self._around.diary.count("link scanned" if seen is not None else "link unanswered")

    async def _open(self, path: str, method: str = "GET", answer: str | None = None) -> Seen | None:
        worker = self._rng.choice(self._intakes)
        return await open_link(worker, path, self._around.reports_bug, method=method, answer=answer)

    def _forged(self, path: str) -> str:
        """Return a link that nobody signed: cut short, lasting longer, of another installation, of another message."""
        rng, content = self._rng, _content(path)
        signed, until, name = (
            content[:_SIGNED_BYTES],
            content[_SIGNED_BYTES:][:_UNTIL_BYTES],
            content[_SIGNED_BYTES + _UNTIL_BYTES :],
        )
        others = [press for press in self.presses if press.path != path and not press.is_forged]
        other = _content(rng.choice(others).path)[_SIGNED_BYTES + _UNTIL_BYTES :] if others else name
        later = (int.from_bytes(until) + 86400 * 365).to_bytes(_UNTIL_BYTES)
        token = rng.choice([
            content[:-1], signed + later + name, rng.randbytes(_SIGNED_BYTES) + until + name,
            rng.randbytes(_SIGNED_BYTES) + later + other,
        ])  # fmt: skip
        return "/a/" + base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def path_in(message: Message) -> str | None:
    """Return the path of the link in an email, if it has one."""
    found = _LINK.search(message.text)
    return found[1] if found else None


def _content(path: str) -> bytes:
    token = path.removeprefix("/a/")
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return b""
