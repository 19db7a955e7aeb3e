"""``tocsin serve <service>``: one service in this process."""

import asyncio
import importlib
from enum import StrEnum
from typing import Annotated

import typer
import uvloop

from services.runtime.settings import load_settings


class Service(StrEnum):
    """The services, each a folder with a ``main.py``."""

    intake = "intake"
    escalation = "escalation"
    notifier = "notifier"
    roll_call = "roll_call"
    directory = "directory"


WITH_STREAM_ENGINE = frozenset({Service.escalation, Service.notifier, Service.roll_call})
"""These keep asyncio's own loop: Faust's threads touch each other's futures, and under uvloop a worker died of it
without a word when its broker came back empty."""


def serve(service: Annotated[Service, typer.Argument(help="Which service to run.")]) -> None:
    """Run one service until it is told to stop (SIGTERM, Ctrl-C)."""
    # Each service's imports are its own: a notifier need not load the stream engine.
    module = importlib.import_module(f"services.{service.value}.main")
    if service not in WITH_STREAM_ENGINE:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(module.serve(load_settings()))
