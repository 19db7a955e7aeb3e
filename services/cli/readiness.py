"""Waits until a service that was just started is ready: by its health address, or by any question one can await."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable

Ready = Callable[[], Awaitable[bool]] | str
"""An awaitable question, or the URL of a health page which answers 2xx when the service is ready."""

_ASK_EVERY_SECONDS = 0.1
_HTTP_LIMIT_SECONDS = 2.0
# A proxy from the environment must not answer for a service on this machine.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


async def became_ready(ready: Ready, within_seconds: float) -> bool:
    """Ask until the answer is yes (True) or the time is over (False). A question that fails counts as no."""
    try:
        async with asyncio.timeout(within_seconds):
            while not await _ask(ready):  # noqa: ASYNC110 - another process has no Event to wait for
                await asyncio.sleep(_ASK_EVERY_SECONDS)
    except TimeoutError:
        return False
    return True


async def _ask(ready: Ready) -> bool:
    if isinstance(ready, str):
        return await asyncio.to_thread(_page_is_fine, ready)
    try:
        return await ready()
    except OSError:
        # Refused connections are how "not yet" looks from outside.
        return False


def _page_is_fine(url: str) -> bool:
    try:
        with _OPENER.open(url, timeout=_HTTP_LIMIT_SECONDS):
            return True
    except (urllib.error.URLError, OSError):
        return False
