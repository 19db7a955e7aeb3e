"""``tocsin topics apply``: create the topics that are missing."""

import asyncio

import typer

from services.runtime.bus_admin import BusAdmin
from services.runtime.errors import SettingsError
from services.runtime.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def topics() -> None:
    """Kafka topics."""


@app.command()
def apply() -> None:
    """Create the catalogue's topics that the broker does not have; change none that exists."""
    settings = load_settings()
    bootstrap = settings.kafka_bootstrap_servers
    if bootstrap is None:
        raise SettingsError(["TOCSIN_KAFKA_BOOTSTRAP_SERVERS: which Kafka?"])
    created = asyncio.run(_apply(BusAdmin(settings, bootstrap)))
    typer.echo("\n".join(f"created {name}" for name in created) or "every topic exists")


async def _apply(admin: BusAdmin) -> list[str]:
    try:
        return await admin.apply_topics()
    finally:
        await admin.close()
