"""``tocsin drill reachability``: everybody is asked now whether messages reach them."""

from datetime import UTC
from typing import Annotated

import typer

from escalation_policies.reachability_plan import PLAN, load_plan
from services.cli.token_command import with_database
from services.runtime.clock import Clock
from services.runtime.database import Database
from services.runtime.live_directory import LiveDirectory
from services.runtime.reachability_rows import Wish, wish
from services.runtime.settings import load_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def drill() -> None:
    """Drills: marked as such in every message, and never counted as an incident."""


@app.command()
def reachability(
    unit: Annotated[str | None, typer.Option(help="Only this unit, with what is below it. Unset: everybody.")] = None,
) -> None:
    """Ask people to confirm that messages reach them; `tocsin contacts reachability` lists who has not."""
    plan = load_plan(load_settings().reachability or PLAN)

    async def work(database: Database, clock: Clock) -> tuple[int, str]:
        directory = LiveDirectory(database)
        await directory.refresh()
        known = directory.snapshot()
        if unit is not None and known.unit(unit) is None:
            raise typer.BadParameter(f"--unit {unit!r}: the directory has no such unit")
        at = clock.now()
        asked = [one for one in known.people if unit is None or known.is_within(one.unit_id, unit)]
        if asked:
            await wish(database, Wish(f"{at.astimezone(UTC):%Y-%m-%dT%H%M%S}Z", unit, at))
        return len(asked), f"{at + plan.term:%Y-%m-%d %H:%M} UTC"

    number, until = with_database(work)
    if number == 0:
        typer.echo("nobody to ask: the directory has nobody there", err=True)
        raise typer.Exit(1)
    quiet = plan.quiet_hours
    typer.echo(
        f"{number} people are asked by the escalation service within seconds, and have until {until}; between "
        f"{quiet.start:%H:%M} and {quiet.end:%H:%M} of their own clock their messages wait for the morning"
    )
    typer.echo("tocsin contacts reachability lists who has not answered")
