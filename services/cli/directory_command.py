"""``tocsin directory check|import|export|sample``: the directory file and the store's directory."""

from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML

from services.cli.token_command import with_database
from services.directory.loader import DirectoryErrors, LoadedDirectory, load_directory
from services.directory.publishing import store_directory
from services.directory.sample import sample_county
from services.runtime.clock import Clock, wall_now
from services.runtime.database import Database
from services.runtime.live_directory import read_entries
from services.runtime.settings import load_settings
from services.runtime.store import Store

app = typer.Typer(no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The directory file (YAML).")]


@app.command()
def check(file: FileArgument) -> None:
    """Read a directory file and say everything that is wrong with it, with lines."""
    loaded = _load(file)
    typer.echo(f"{file}: {len(loaded.units)} units and {len(loaded.people)} people, no errors")


@app.command("import")
def import_(file: FileArgument) -> None:
    """Make the store's directory equal to a file; changes go out on `tocsin.directory` when the service runs."""
    loaded = _load(file)
    topic = load_settings().topic("directory")

    async def work(database: Database, clock: Clock) -> int:
        return await store_directory(Store(database), topic, loaded.units, loaded.people, clock.now())

    typer.echo(f"{with_database(work)} entries changed")


@app.command()
def export() -> None:
    """Print the store's directory as YAML."""

    async def work(database: Database, clock: Clock) -> dict[str, list[object]]:
        del clock
        async with database.reading() as connection:
            units, people = await read_entries(connection)
        return {
            "units": [unit.model_dump(mode="json", exclude_none=True) for unit in units],
            "people": [person.model_dump(mode="json", exclude_none=True) for person in people],
        }

    YAML().dump(with_database(work), typer.get_text_stream("stdout"))


@app.command()
def sample(
    seed: Annotated[int, typer.Option(help="The same seed gives the same county, byte for byte.")] = 20260901,
    schools: Annotated[int, typer.Option(min=1)] = 165,
    districts: Annotated[int, typer.Option(min=1)] = 8,
    townships: Annotated[int, typer.Option(min=1)] = 16,
) -> None:
    """Print a made-up county: reserved numbers, example.org addresses, nobody real."""
    typer.echo(sample_county(seed, schools=schools, districts=districts, townships=townships), nl=False)


def _load(file: Path) -> LoadedDirectory:
    try:
        loaded = load_directory(file, wall_now().astimezone(UTC))
    except DirectoryErrors as found:
        for fault in found.errors:
            typer.echo(f"{file}:{fault.line}: {fault.path}: {fault.message}", err=True)
        raise typer.Exit(1) from found
    for warning in loaded.warnings:
        typer.echo(f"{file}:{warning.line}: warning: {warning.path}: {warning.message}", err=True)
    return loaded
