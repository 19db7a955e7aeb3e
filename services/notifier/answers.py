"""Holding a channel to its word: it answers in time, or fails with one of its three errors."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from services.notifier.channels.base import ChannelError, OutcomeUnknown

GUARD_SECONDS = 1.0
"""A channel keeps its own time-out and knows best what silence means; this much later nobody believes it any more."""

T = TypeVar("T")
_log = structlog.get_logger(__name__)


async def answer_of(call: Awaitable[T], timeout_seconds: float, notification_id: str) -> T:
    """Await a call of a channel.

    Raises:
        ChannelError: as the channel said, or OutcomeUnknown when it was silent or broke: then anything may have
            happened, and the notification goes on to be looked up.
    """
    try:
        async with asyncio.timeout(timeout_seconds + GUARD_SECONDS):
            return await call
    except ChannelError:
        raise
    except TimeoutError as error:
        raise OutcomeUnknown(f"the channel gave no answer within {timeout_seconds:g} s") from error
    except Exception as error:
        _log.exception("channel.broke", notification_id=notification_id)
        raise OutcomeUnknown(f"the channel broke: {type(error).__name__}") from error
