"""The HTTP application: routes, problems and the outermost layer, put together from ``Deps``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from services.intake import (
    acknowledge,
    acts,
    cases,
    contacts,
    health,
    incidents,
    petition_status,
    petitioner,
    petitions,
    stream,
    timeline,
)
from services.intake.attempts import GUESSES_PER_CLIENT, PETITIONS_PER_CLIENT, WRONG_CODES_IN_ALL, Attempts
from services.intake.deps import Deps, Rooms
from services.intake.documents import describe
from services.intake.journal_tail import JournalTail
from services.intake.links import answer_page
from services.intake.observed import Observed
from services.intake.problems import HANDLERS
from services.intake.roll_call import answers, form, keeping, sheets
from services.intake.sms_gateway import status as gateway_status
from services.intake.twilio import sms, status, voice
from services.runtime.open_calls import LatestCalls, OpenCalls

ROUTERS = (
    incidents.ROUTES,
    petitions.ROUTES,
    petition_status.ROUTES,
    petitioner.ROUTES,
    acknowledge.ROUTES,
    answer_page.ROUTES,
    answers.ROUTES,
    form.ROUTES,
    sheets.ROUTES,
    keeping.ROUTES,
    acts.ROUTES,
    cases.ROUTES,
    contacts.ROUTES,
    timeline.ROUTES,
    stream.ROUTES,
    status.ROUTES,
    sms.ROUTES,
    voice.ROUTES,
    gateway_status.ROUTES,
    health.ROUTES,
)


def create_app(deps: Deps) -> FastAPI:
    """Return the intake's application.

    Call ``app.state.rooms.tail.close()`` when the server is asked to stop, before it waits for open connections:
    streams end then, and their clients go on elsewhere.
    """
    app = FastAPI(version=_version(), docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.deps = deps
    app.state.rooms = open_rooms(deps, JournalTail(deps.store.database))
    for router in ROUTERS:
        app.include_router(router)
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(Observed, monotonic=deps.monotonic)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


def open_rooms(deps: Deps, tail: JournalTail) -> Rooms:
    """Return what the routes share."""
    return Rooms(
        tail=tail,
        wrong_codes=Attempts(deps.monotonic, per_client=GUESSES_PER_CLIENT, in_all=WRONG_CODES_IN_ALL),
        petitions=Attempts(deps.monotonic, per_client=PETITIONS_PER_CLIENT),
        wrong_secrets=Attempts(deps.monotonic, per_client=GUESSES_PER_CLIENT),
        wrong_links=Attempts(deps.monotonic, per_client=GUESSES_PER_CLIENT),
        calls=LatestCalls(OpenCalls(deps.store.database, deps.schedules, deps.directory), deps.monotonic),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.rooms.tail.close()


def _version() -> str:
    try:
        return version("tocsin")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
