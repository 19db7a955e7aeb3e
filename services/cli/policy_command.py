"""``tocsin policy``: policies judged, drawn and played before anybody depends on them, and explained afterwards."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from escalation_policies.diagram import document
from escalation_policies.field_table import field_tables, with_tables
from escalation_policies.loader import LIBRARY
from escalation_policies.placed_yaml import Finding
from escalation_policies.reach import unreachable
from escalation_policies.schema import Policy
from escalation_policies.scrutiny import out_of_date
from escalation_policies.timeline_pages import PAGE, pages
from services.cli.explain_command import explain_case
from services.cli.policy_files import DEFAULT, library_in
from services.cli.policy_ground import ground_of
from services.cli.simulate_command import simulate_policy
from services.runtime.clock import wall_now

app = typer.Typer(help="Escalation policies: check, draw, simulate, explain.", no_args_is_help=True)
app.command("simulate")(simulate_policy)
app.command("explain")(explain_case)


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            envvar="TOCSIN_POLICIES", exists=True, file_okay=False, help="Folder of *.yaml.", show_default=DEFAULT
        ),
    ] = LIBRARY,
    directory: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A directory file: is there somebody for every level?"),
    ] = None,
) -> None:
    """Say everything that is wrong with the policies of a folder; exit with 1 if anything is."""
    now = wall_now()
    ground = ground_of(directory, now) if directory is not None else None

    def also(policy: Policy) -> Iterator[Finding]:
        yield from out_of_date(policy, now.date())
        if ground is not None:
            yield from unreachable(policy, ground)

    for policy in library_in(folder, also).policies:
        typer.echo(f"{policy.id} version {policy.version}: {len(policy.applies_to.kinds)} kinds, no faults")
    if ground is not None:
        typer.echo(f"{directory}: somebody can be told at every level, for each of {len(ground.schools)} schools")


@app.command()
def diagram(
    write: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the page here instead.")] = None,
) -> None:
    """Print the state diagram of each clock (Mermaid), drawn from the transition table."""
    if write is None:
        typer.echo(document(), nl=False)
        return
    write.parent.mkdir(parents=True, exist_ok=True)
    write.write_text(document(), encoding="utf-8")
    typer.echo(f"{write} written")


@app.command()
def fields(
    write: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Write the tables into this page instead.")
    ] = None,
) -> None:
    """Print every field of a policy with its unit, range and meaning, or write them into a page between its marks."""
    if write is None:
        typer.echo(field_tables())
        return
    try:
        page = with_tables(write.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{write}: {error}") from error
    write.write_text(page, encoding="utf-8", newline="\n")
    typer.echo(f"{write} written")


@app.command()
def timelines(
    write: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write the page and its pictures into this folder instead.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", envvar="TOCSIN_POLICIES", exists=True, file_okay=False, show_default=DEFAULT)
    ] = LIBRARY,
) -> None:
    """Print who is told when under each policy, or write it as a page with pictures."""
    found = pages(library_in(folder).policies)
    if write is None:
        typer.echo(found[PAGE], nl=False)
        return
    for name, text in found.items():
        file = write / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    typer.echo(f"{len(found)} files written to {write}")
