"""``tocsin up``: the broker and every service on this machine, in one process group."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from services.broker.main import RunningBroker, start_broker
from services.broker.ports import free_ports
from services.cli.child_process import Child
from services.cli.sample_tokens import sample_tokens
from services.cli.supervisor import Supervisor
from services.cli.welcome import welcome
from services.runtime.database import Database
from services.runtime.remembered_facts import open_clock
from services.runtime.settings import Settings, load_settings

ORDER = ("directory", "notifier", "escalation", "roll_call", "intake")
"""Who must be there before whom: people before steps, messages before deadlines, all before the door opens."""
BrokerOption = Literal["auto", "external", "apache", "embedded"]


def up(
    broker: Annotated[BrokerOption, typer.Option(help="Which broker; `auto` takes the first that applies.")] = "auto",
    sample: Annotated[bool, typer.Option(help="Use the sample county, with tokens to try it.")] = False,
) -> None:
    """Start a broker if none is configured, then every service; Ctrl-C stops them cleanly."""
    raise typer.Exit(asyncio.run(_up(load_settings(), broker, sample=sample)))


async def _up(settings: Settings, kind: BrokerOption, *, sample: bool) -> int:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    await database.migrate()
    clock = await open_clock(database, settings.speed)
    tokens = await sample_tokens(database, clock, settings.data_dir, settings.intake_url) if sample else {}
    await database.close()
    running = await start_broker(kind, settings.kafka_bootstrap_servers, settings.data_dir, on_progress=_say)
    try:
        supervisor = Supervisor(
            _children(settings, running), on_ready=lambda: _say(welcome(settings, running.description, tokens))
        )
        return await supervisor.run()
    finally:
        await running.stop()


def _children(settings: Settings, broker: RunningBroker) -> list[Child]:
    # A broker of our own is up by now; one of somebody else's may come later, and filing is accepted meanwhile.
    page = "live" if settings.kafka_bootstrap_servers else "ready"
    children = []
    for name, free in zip(ORDER, free_ports(len(ORDER)), strict=True):
        port = settings.http_port if name == "intake" else free
        children.append(
            Child(
                name,
                [sys.executable, "-m", "services.cli", "serve", name],
                _environment(settings, broker, port if name != "intake" else None),
                ready=f"http://127.0.0.1:{port}/health/{page}",
                ready_within=60.0,
            )
        )
    return children


def _environment(settings: Settings, broker: RunningBroker, health_port: int | None) -> Mapping[str, str]:
    environment = dict(os.environ)
    environment["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"] = broker.bootstrap_servers
    environment["TOCSIN_DATA_DIR"] = str(settings.data_dir.absolute())
    environment["PYTHONUNBUFFERED"] = "1"
    environment.setdefault("PYTHONPATH", str(Path(__file__).parents[2]))
    if health_port is not None:
        environment["TOCSIN_HEALTH_PORT"] = str(health_port)
    return environment


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
