"""How the fake provider is told to fail, stall and lie.

Each command takes effect with the next request and adds to what is already ordered; `behave` ends everything.
Order within one request: the delay, then the hang, then the failure (nothing is taken), then the refused number.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from tests.support.fake_twilio.errors import TwilioError


@dataclass
class Misbehaviour:
    """What the provider does to the next requests."""

    delay_seconds: float = 0.0
    _failures: deque[TwilioError] = field(default_factory=deque)
    _lies: deque[int] = field(default_factory=deque)
    _refused: dict[str, int] = field(default_factory=dict)
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._flowing.set()

    def fail_next(self, count: int, *, status: int = 503, code: int = 20503, retry_after: int | None = None) -> None:
        """Answer the next `count` requests with this HTTP status and Twilio code, taking nothing."""
        self._failures.extend([TwilioError(code, status=status, retry_after=retry_after)] * count)

    def take_but_fail_next(self, count: int, *, status: int = 500) -> None:
        """Take the next `count` messages and answer each create with this 5xx status all the same."""
        self._lies.extend([status] * count)

    def refuse_number(self, number: str, *, code: int = 21610) -> None:
        """Answer every create to this E.164 number with a code, such as 21610 (opted out) or 21614 (no mobile)."""
        self._refused[number] = code

    def delay(self, seconds: float) -> None:
        """Wait before answering each request, until told another delay (0: none)."""
        self.delay_seconds = seconds

    def hang(self) -> None:
        """Leave requests without an answer until `resume` or `behave`, which take them even if the sender gave up."""
        self._flowing.clear()

    def resume(self) -> None:
        """Let hanging requests, and all later ones, go on."""
        self._flowing.set()

    def behave(self) -> None:
        """Forget everything ordered."""
        self._failures.clear()
        self._lies.clear()
        self._refused.clear()
        self.delay_seconds = 0.0
        self.resume()

    async def before(self) -> None:
        """Delay, hang or fail one request. Raises the TwilioError ordered."""
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        await self._flowing.wait()
        if self._failures:
            raise self._failures.popleft()

    def before_taking(self, number: str) -> None:
        """Raise TwilioError when creates to this number are refused."""
        if number in self._refused:
            raise TwilioError(self._refused[number])

    def answer_after_taking(self) -> int:
        """Return the status a taken message is answered with: 201, or the lie ordered."""
        return self._lies.popleft() if self._lies else 201
