"""``/health/live``, ``/health/ready`` and ``/metrics``: for machines that watch, so without a token."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel
from sqlalchemy import text

from services.intake.deps import Parts
from services.intake.problems import LOG, Problem
from services.intake.security import PUBLIC

ROUTES = APIRouter(tags=["health"], dependencies=[PUBLIC])
READY_SECONDS = 2.0
"""Longest wait for the database; Kubernetes asks every ten seconds by default."""


class Health(BaseModel):
    """All is well."""

    status: Literal["live", "ready"]


@ROUTES.get("/health/live", summary="Is the process alive")
async def live() -> Health:
    """Answer while the process can answer at all; it needs nothing else."""
    return Health(status="live")


@ROUTES.get("/health/ready", summary="Can reports be stored now")
async def ready(deps: Parts) -> Health:
    """Answer 200 when the database answers. Kafka is not asked: filing is accepted while it is away."""
    try:
        async with asyncio.timeout(READY_SECONDS), deps.store.database.reading() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception as error:
        LOG.warning("readiness.refused", error=type(error).__name__)
        detail = "The database does not answer. Reports cannot be stored: check TOCSIN_DATABASE_URL and the server."
        raise Problem("store-unavailable", detail, headers={"Retry-After": "2"}) from error
    return Health(status="ready")


@ROUTES.get("/metrics", summary="Figures for Prometheus", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Return every figure of this process, in the format that was asked for."""
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(REGISTRY), headers={"Content-Type": content_type})
