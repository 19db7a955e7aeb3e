"""``tocsin contracts write|check``: the documents that others build against, kept equal to the code."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.contracts import FOLDER, stale_contracts, write_contracts

app = typer.Typer(help="AsyncAPI, OpenAPI and JSON Schemas, made from the code.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option(help="Where the documents are kept.", show_default="contracts/ of the checkout")]


@app.command()
def write(folder: Folder = FOLDER) -> None:
    """Write every document anew, and remove schemas of event types that are no more."""
    written = write_contracts(folder)
    print(f"{len(written)} files written to {folder}")


@app.command()
def check(folder: Folder = FOLDER) -> None:
    """Say which documents no longer match the code; exit with 1 if there are any."""
    stale = stale_contracts(folder)
    if not stale:
        print(f"{folder} matches the code")
        return
    for line in stale:
        print(line)
    print(f"Run `tocsin contracts write` and commit {folder}.")
    raise typer.Exit(1)
