"""``tocsin contacts``: those that messages skip; who answers when asked; the secrets of webhooks."""

from collections import Counter
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from escalation_policies.reachability import Standing
from services.cli.token_command import with_database
from services.runtime.clock import Clock
from services.runtime.contact_flags import Unreachable, flags_of, still_unreachable
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from services.runtime.errors import SettingsError
from services.runtime.live_directory import LiveDirectory
from services.runtime.reachability_rows import Reach, reach_of
from services.runtime.settings import load_settings
from services.runtime.standard_webhooks import secret_for
from services.runtime.web_addresses import web_address

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("person", "contact", "channel", "flaw", "since", "reason")


@app.callback()
def contacts() -> None:
    """Contacts of people."""


@app.command()
def reachability(
    school: Annotated[str | None, typer.Option(help="Only this unit, with what is below it.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Show who was reached, too.")] = False,
) -> None:
    """List, unit by unit, who does not answer when messages are tested, and their dead contacts."""

    async def work(database: Database, clock: Clock) -> tuple[list[Reach], DirectorySnapshot]:
        directory = LiveDirectory(database)
        await directory.refresh()
        return await reach_of(database, directory.snapshot(), clock.now()), directory.snapshot()

    found, directory = with_database(work)
    if school is not None:
        if directory.unit(school) is None:
            raise typer.BadParameter(f"--school {school!r}: the directory has no such unit")
        found = [one for one in found if directory.is_within(one.unit_id, school)]
    if not found:
        typer.echo("nobody was asked yet; `tocsin drill reachability` asks now")
        return
    counts = Counter(one.standing for one in found)
    table = Table("unit", "person", "standing", "asked", "dead contacts", box=None)
    for one in found:
        if everybody or one.standing != "reached" or one.dead:
            dead = ", ".join(f"{each.flag.contact_id} ({each.flag.flaw})" for each in one.dead)
            table.add_row(one.unit_id, one.person_id, one.standing, f"{one.asked_at:%Y-%m-%d %H:%M UTC}", dead)
    Console(soft_wrap=True).print(table)
    typer.echo(", ".join(f"{counts[name]} {name}" for name in get_args(Standing)))


@app.command()
def unreachable() -> None:
    """List the contacts by which nobody is reached; once their address is corrected, they are used again."""

    async def work(database: Database, clock: Clock) -> list[Unreachable]:
        del clock
        directory = LiveDirectory(database)
        await directory.refresh()
        async with database.reading() as connection:
            flags = await flags_of(connection, is_sqlite=database.is_sqlite)
        return still_unreachable(flags.values(), directory.snapshot())

    found = sorted(with_database(work), key=lambda one: (one.person_id, one.flag.contact_id))
    if not found:
        typer.echo("every contact of the directory can be reached, as far as its providers have said")
        return
    table = Table(*COLUMNS, box=None)
    for one in found:
        flag = one.flag
        since = flag.since.strftime("%Y-%m-%d %H:%M UTC")
        table.add_row(one.person_id, flag.contact_id, one.channel, flag.flaw, since, flag.reason)
    Console(soft_wrap=True).print(table)


@app.command()
def webhook_secret(address: str) -> None:
    """Print the secret with which the program at a webhook's ADDRESS, as the directory has it, checks signatures."""
    keys = load_settings().webhook_keys
    if not keys:
        raise SettingsError(["TOCSIN_WEBHOOK_KEY: set it first; each receiver's secret is derived from it"])
    try:
        web_address(address)
    except ValueError as refusal:
        raise typer.BadParameter(str(refusal)) from refusal
    typer.echo(secret_for(keys[0], address))
