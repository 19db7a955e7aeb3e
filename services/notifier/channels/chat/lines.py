"""Threads for a library that blocks: so many in all, so few for each target, and none that is counted free too early.

A call that has begun cannot be ended from outside. Whoever waits for it goes after the time-out; its thread, and so its
line, is taken until the library itself comes back.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from services.notifier.channels.base import TryLater

THREADS = 8
"""Calls at once. A chat takes 20 messages a minute (WeCom, DingTalk), so more would only wait there."""

OF_ONE_TARGET = 2
"""Calls at once to one target: a target that stalls leaves six lines to the others."""

COME_BACK = timedelta(seconds=2)
T = TypeVar("T")


class Lines:
    """Runs calls in threads of its own; made on the loop it is used on."""

    def __init__(self, wait_seconds: float, threads: int = THREADS, of_one_target: int = OF_ONE_TARGET) -> None:
        self._wait_seconds = wait_seconds
        self._of_one_target = of_one_target
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="chat")
        self._all = asyncio.Semaphore(threads)
        self._by_target: dict[str, asyncio.Semaphore] = {}

    async def run(self, target: str, call: Callable[[], T]) -> T:
        """Run a call as soon as a line is free.

        Raises:
            TryLater: none became free in time: the call did not begin.
        """
        its_own = self._by_target.setdefault(target, asyncio.Semaphore(self._of_one_target))
        await self._take(its_own, "the chat still works on others", of_recipient=True)
        try:
            await self._take(self._all, "every line to chats is taken", of_recipient=False)
        except BaseException:
            its_own.release()
            raise
        loop = asyncio.get_running_loop()

        def free() -> None:
            self._all.release()
            its_own.release()

        def ended(_: Future[T]) -> None:
            with suppress(RuntimeError):  # the loop has ended before the call, and with it whoever waits for a line
                loop.call_soon_threadsafe(free)

        running = self._pool.submit(call)
        running.add_done_callback(ended)
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Begin no more calls. Those under way end by the library's own time-outs."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _take(self, line: asyncio.Semaphore, why_not: str, *, of_recipient: bool) -> None:
        try:
            async with asyncio.timeout(self._wait_seconds):
                await line.acquire()
        except TimeoutError as error:
            raise TryLater(why_not, retry_after=COME_BACK, of_recipient=of_recipient) from error
