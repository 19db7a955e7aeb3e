"""``tocsin contacts unreachable``: contacts that messages skip, because a provider called them dead or opted out."""

import typer
from rich.console import Console
from rich.table import Table

from services.cli.token_command import with_database
from services.runtime.clock import Clock
from services.runtime.contact_flags import Unreachable, flags_of, still_unreachable
from services.runtime.database import Database
from services.runtime.live_directory import LiveDirectory

app = typer.Typer(no_args_is_help=True)
COLUMNS = ("person", "contact", "channel", "flaw", "since", "reason")


@app.callback()
def contacts() -> None:
    """Contacts of people."""


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
