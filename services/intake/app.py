"""The HTTP application: routes, problems and the outermost layer, put together from ``Deps``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI

from services.intake import acknowledge, acts, cases, health, incidents, stream, timeline
from services.intake.deps import Deps, Rooms
from services.intake.documents import describe
from services.intake.journal_tail import JournalTail
from services.intake.observed import Observed
from services.intake.problems import HANDLERS
from services.intake.wrong_codes import WrongCodes

ROUTERS = (
    incidents.ROUTES,
    acknowledge.ROUTES,
    acts.ROUTES,
    cases.ROUTES,
    timeline.ROUTES,
    stream.ROUTES,
    health.ROUTES,
)


def create_app(deps: Deps) -> FastAPI:
    """Return the intake's application.

    Call ``app.state.rooms.tail.close()`` when the server is asked to stop, before it waits for open connections:
    streams end then, and their clients go on elsewhere.
    """
    app = FastAPI(version=_version(), docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.deps = deps
    app.state.rooms = Rooms(tail=JournalTail(deps.store.database), wrong_codes=WrongCodes(deps.monotonic))
    for router in ROUTERS:
        app.include_router(router)
    for error, handler in HANDLERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(Observed, monotonic=deps.monotonic)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.rooms.tail.close()


def _version() -> str:
    try:
        return version("tocsin")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
