"""``tocsin policy check``: every fault of a folder of policies, with its file and line."""

from pathlib import Path
from typing import Annotated

import typer

from escalation_policies.errors import PolicyFaults
from escalation_policies.loader import LIBRARY, load_library

app = typer.Typer(no_args_is_help=True)


@app.callback()
def policies() -> None:
    """Escalation policies."""


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of *.yaml.")] = LIBRARY,
) -> None:
    """Say everything that is wrong with the policies of a folder; exit 1 if anything is."""
    try:
        library = load_library(folder)
    except PolicyFaults as found:
        for fault in found.faults:
            typer.echo(str(fault), err=True)
        raise typer.Exit(1) from found
    for policy in library.policies:
        typer.echo(f"{policy.id} version {policy.version}: {len(policy.applies_to.kinds)} kinds, no faults")
