"""``tocsin verify``: whether every case follows from its own journal."""

import typer

from services.cli.replay.verifying import verdicts
from services.cli.token_command import with_database
from services.runtime.clock import Clock
from services.runtime.database import Database


def verify() -> None:
    """Replay each case of the database in memory and name those that differ from what is stored; then exit with 1."""

    async def work(database: Database, clock: Clock) -> tuple[int, int]:
        del clock
        seen = broken = 0
        async for verdict in verdicts(database):
            seen += 1
            if verdict.fault is not None:
                broken += 1
                typer.echo(f"case {verdict.case_id}: {verdict.fault}", err=True)
        return seen, broken

    seen, broken = with_database(work)
    if broken:
        typer.echo(f"{broken} of {seen} cases differ from their journals", err=True)
        raise typer.Exit(1)
    typer.echo(f"{seen} cases follow from their journals, to the byte")
