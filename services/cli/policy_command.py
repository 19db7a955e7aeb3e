"""``tocsin policy check|diagram|simulate``: policies judged, drawn and played before anybody depends on them."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from escalation_policies.diagram import document
from escalation_policies.errors import PolicyFaults
from escalation_policies.loader import LIBRARY, PolicyLibrary, load_library, parse_policy
from escalation_policies.schema import Policy
from escalation_policies.simulation import Line, simulate
from events.incident import SEVERITIES, Severity

app = typer.Typer(help="Escalation policies: check, draw, simulate.", no_args_is_help=True)

_ANSWER = re.compile(r"([^@\s]+)@(\d+(?:\.\d+)?)")
_DEFAULT = "the built-in library"
FolderOption = Annotated[
    Path,
    typer.Option("--folder", envvar="TOCSIN_POLICIES", exists=True, file_okay=False, show_default=_DEFAULT),
]


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(
            envvar="TOCSIN_POLICIES", exists=True, file_okay=False, help="Folder of *.yaml.", show_default=_DEFAULT
        ),
    ] = LIBRARY,
) -> None:
    """Say everything that is wrong with the policies of a folder; exit with 1 if anything is."""
    for policy in _library(folder).policies:
        typer.echo(f"{policy.id} version {policy.version}: {len(policy.applies_to.kinds)} kinds, no faults")


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


@app.command("simulate")
def simulate_policy(
    policy: Annotated[str, typer.Argument(help="A policy's id in the folder, a kind of incident, or a file (*.yaml).")],
    severity: Annotated[str, typer.Option(help="I, II, III or IV.")] = "IV",
    minutes: Annotated[int, typer.Option(min=1, max=7 * 24 * 60, help="How long to look ahead.")] = 120,
    answers: Annotated[
        list[str] | None,
        typer.Option(help="Who acknowledges when, as ROLE@MINUTE, e.g. principal@12; may be repeated."),
    ] = None,
    folder: FolderOption = LIBRARY,
) -> None:
    """Show who is told when, by which channels and why, if every post is held and nobody answers."""
    chosen = _policy(policy, folder)
    grade = _severity(severity)
    lines = simulate(chosen, grade, timedelta(minutes=minutes), dict(_answer(text) for text in answers or []))
    title = f"{chosen.id} version {chosen.version}, severity {grade}, the first {minutes} minutes"
    Console(soft_wrap=False).print(_table(title, lines))


def _table(title: str, lines: list[Line]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("minute", justify="right", no_wrap=True)
    for name in ("who is told", "by", "why"):
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(f"{line.minute:g}", ", ".join(line.told) or "—", ", ".join(line.channels) or "—", line.why)
    return table


def _library(folder: Path) -> PolicyLibrary:
    try:
        return load_library(folder)
    except PolicyFaults as found:
        raise _refused(found) from found


def _policy(name: str, folder: Path) -> Policy:
    file = Path(name)
    if file.suffix in {".yaml", ".yml"}:
        try:
            return parse_policy(file.read_text(encoding="utf-8"), file.name)
        except PolicyFaults as found:
            raise _refused(found) from found
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {file}: {error}") from error
    library = _library(folder)
    found_by_id = next((policy for policy in library.policies if policy.id == name), None)
    if found_by_id is not None:
        return found_by_id
    if name in library.kinds:
        return library.for_kind(name)
    known = ", ".join(policy.id for policy in library.policies)
    raise typer.BadParameter(f"no policy {name!r}; there is {known}, or name a kind or a file")


def _refused(found: PolicyFaults) -> typer.Exit:
    for fault in found.faults:
        typer.echo(str(fault), err=True)
    return typer.Exit(1)


def _severity(text: str) -> Severity:
    for severity in SEVERITIES:
        if severity == text:
            return severity
    raise typer.BadParameter(f"severity {text!r}: write one of {', '.join(SEVERITIES)}")


def _answer(text: str) -> tuple[str, timedelta]:
    found = _ANSWER.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"--answers {text!r}: write ROLE@MINUTE, such as principal@12")
    return found[1], timedelta(minutes=float(found[2]))
