"""What the intake is built from: made once by ``main``, handed to every route."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from escalation_policies.loader import PolicyLibrary
from escalation_policies.roll_call.loader import Schedules, built_in_schedules
from services.intake.attempts import Attempts
from services.intake.journal_tail import JournalTail
from services.intake.seal import Seal
from services.runtime.answer_links import AnswerLinks
from services.runtime.clock import Clock
from services.runtime.directory import DirectorySnapshot
from services.runtime.open_calls import LatestCalls
from services.runtime.settings import Settings
from services.runtime.store import Store
from services.runtime.tokens import TokenRows


@dataclass(frozen=True)
class Deps:
    """The intake's parts.

    ``wake`` tells the relay that the outbox has news; ``lane`` is this worker's outbox lane, ``intake/<worker>``;
    ``new_id`` draws a random id; ``monotonic`` is real seconds, for limits that guard machines.
    """

    settings: Settings
    clock: Clock
    store: Store
    tokens: TokenRows
    directory: Callable[[], DirectorySnapshot]
    policies: PolicyLibrary
    seal: Seal
    links: AnswerLinks
    wake: Callable[[], None]
    new_id: Callable[[], str]
    lane: str
    monotonic: Callable[[], float] = time.monotonic
    schedules: Schedules = field(default_factory=built_in_schedules)


@dataclass(frozen=True)
class Rooms:
    """What the routes of one app share besides ``Deps``. ``petitions`` are those filed of late, by address."""

    tail: JournalTail
    wrong_codes: Attempts
    petitions: Attempts
    wrong_secrets: Attempts
    wrong_links: Attempts
    calls: LatestCalls


def deps_of(request: Request) -> Deps:
    """Return the parts of the app that answers ``request``."""
    found: Deps = request.app.state.deps
    return found


def rooms_of(request: Request) -> Rooms:
    """Return what the app's routes share."""
    found: Rooms = request.app.state.rooms
    return found


async def _deps(request: Request) -> Deps:
    return deps_of(request)


async def _rooms(request: Request) -> Rooms:
    return rooms_of(request)


# Asynchronous, though they wait for nothing: FastAPI would send a plain function to a thread, for every request.
Parts = Annotated[Deps, Depends(_deps)]
Shared = Annotated[Rooms, Depends(_rooms)]
