"""The intake's desk, for people and providers: what a living process is asked, and whether it answered in time.

What HTTP and SMTP do around it is left out, with the signature of a provider's request. Whoever asks a process that
dies does not know what became of the request.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from typing import TypeVar

from services.intake.deps import Deps, Rooms
from services.intake.problems import STORE_ERRORS
from services.runtime.outages import STORE_TROUBLE
from tests.simulation.virtual_time import LIFE
from tests.simulation.workers import Worker

PATIENCE_SECONDS = 8.0
AWAY: tuple[type[Exception], ...] = (*STORE_ERRORS, *STORE_TROUBLE)
"""What whoever asks hears as "come back later"."""
T = TypeVar("T")


async def ask(worker: Worker, question: Callable[[Deps, Rooms], Awaitable[T]]) -> T | None:
    """Return the answer to a question, or None when nobody is there, or none came."""
    desk, life = worker.desk, worker.life
    if desk is None or life is None or not life.alive:
        return None
    context = copy_context()
    context.run(LIFE.set, life)
    asking = asyncio.get_running_loop().create_task(_answered(question(*desk)), context=context)
    done, _ = await asyncio.wait({asking}, timeout=PATIENCE_SECONDS)
    if not done or asking.exception() is not None:
        return None
    return asking.result()


async def ask_strictly(
    worker: Worker, question: Callable[[Deps, Rooms], Awaitable[T]], reports_bug: Callable[[str], None]
) -> T | None:
    """Do the same, and report what breaks there: only a store that is away may."""

    async def asked(deps: Deps, rooms: Rooms) -> T:
        try:
            return await question(deps, rooms)
        except AWAY:
            raise
        except Exception as error:
            reports_bug(f"the intake's desk broke: {error!r}")
            raise

    return await ask(worker, asked)


async def _answered(answer: Awaitable[T]) -> T:
    return await answer
