"""``tocsin token create|revoke``: who may call, in which role, at which unit."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, TypeVar, cast, get_args

import typer

from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.live_directory import LiveDirectory
from services.runtime.remembered_facts import open_clock
from services.runtime.settings import load_settings
from services.runtime.tokens import ENTROPY_BYTES, IssuedToken, Role, TokenRows

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")


@app.callback()
def tokens() -> None:
    """Bearer tokens for clients."""


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose token it is, for the administrator's list.")],
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(get_args(Role))}.")],
    unit: Annotated[str, typer.Option(help="The unit it holds at, with everything below.")],
    person: Annotated[str | None, typer.Option(help="The person it speaks for: needed to acknowledge.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it lives.")] = 90,
) -> None:
    """Make a token and show it, once."""
    if role not in get_args(Role):
        raise typer.BadParameter(f"{role!r} is no role; one of {', '.join(get_args(Role))}", param_hint="--role")

    async def work(database: Database, clock: Clock) -> IssuedToken:
        directory = LiveDirectory(database)
        await directory.refresh()
        if directory.snapshot().unit(unit) is None:
            typer.secho(f"note: the directory has no unit {unit!r} (yet)", err=True, fg=typer.colors.YELLOW)
        now = clock.now()
        return await TokenRows(database).create(
            secrets.token_bytes(ENTROPY_BYTES),
            name=name,
            role=cast("Role", role),
            unit_id=unit,
            now=now,
            expires_at=now + timedelta(days=days) * clock.speed,
            person_id=person,
        )

    typer.echo(with_database(work).secret)


def with_database(work: Callable[[Database, Clock], Awaitable[T]]) -> T:
    """Open the database of the settings, do ``work``, close it."""

    async def run() -> T:
        settings = load_settings()
        database = Database(settings.database)
        try:
            await database.migrate()
            return await work(database, await open_clock(database, settings.speed))
        finally:
            await database.close()

    return asyncio.run(run())
