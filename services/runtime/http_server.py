"""HTTP in our process: uvicorn without its own signal handling or logging, and the health pages.

The process handles signals itself (``services.runtime.process``); two masters would race at shutdown.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signals to the process."""
        yield


async def serve_app(app: FastAPI, host: str, port: int, before_stop: Callable[[], None] = lambda: None) -> None:
    """Serve ``app`` until cancelled; requests under way get two seconds to end.

    ``before_stop`` is called first: streams that would never end by themselves are closed there.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        proxy_headers=False,
    )
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        before_stop()
        server.should_exit = True
        await serving
        raise


async def serve_health(port: int, ready: Callable[[], bool]) -> None:
    """Serve /health/live, /health/ready and /metrics on loopback, for a service that has no HTTP of its own."""
    app = FastAPI(openapi_url=None)

    @app.get("/health/live")
    async def live() -> PlainTextResponse:
        return PlainTextResponse("live")

    @app.get("/health/ready")
    async def readiness() -> PlainTextResponse:
        return PlainTextResponse("ready") if ready() else PlainTextResponse("starting", status_code=503)

    @app.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(generate_latest().decode(), media_type=CONTENT_TYPE_LATEST)

    await serve_app(app, "127.0.0.1", port)
