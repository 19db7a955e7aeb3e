"""Living through a database that is away: the loop that meets it waits and tries again, and says so once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError

from services.runtime.errors import StoreBusy

log = structlog.get_logger(__name__)
T = TypeVar("T")

STORE_TROUBLE = (StoreBusy, OperationalError, InterfaceError, InternalError)
"""A database that is away, restarting, deadlocked or that ended our session. The transaction was rolled back whole."""

RETRY_SECONDS = 0.2


async def through_outages(step: Callable[[], Awaitable[T]], meaning: str) -> T:
    """Return what ``step`` returns, trying again while the database cannot do it.

    ``meaning`` says what waits meanwhile, for the person who reads the log. ``step`` must be one whole unit of work.
    """
    told = False
    while True:
        try:
            result = await step()
        except STORE_TROUBLE as error:
            if not told:
                log.warning("store.away", reason=type(error).__name__, meaning=meaning)
            told = True
            await asyncio.sleep(RETRY_SECONDS)
        else:
            if told:
                log.info("store.back")
            return result
