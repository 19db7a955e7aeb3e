"""Where the policy commands find policies: a folder, or a single file; faults are printed, one a line."""

from pathlib import Path

import typer

from escalation_policies.errors import PolicyFaults
from escalation_policies.loader import PolicyLibrary, Scrutiny, load_library, parse_policy
from escalation_policies.schema import Policy

DEFAULT = "the built-in library"


def library_in(folder: Path, also: Scrutiny = lambda _: ()) -> PolicyLibrary:
    """Return the policies of a folder; with faults, print them and end the command."""
    try:
        return load_library(folder, also)
    except PolicyFaults as found:
        raise _refused(found) from found


def policy_named(name: str, folder: Path) -> Policy:
    """Return a policy by its id, by a kind of report, or from a file."""
    file = Path(name)
    if file.suffix in {".yaml", ".yml"}:
        try:
            return parse_policy(file.read_text(encoding="utf-8"), file.name)
        except PolicyFaults as found:
            raise _refused(found) from found
        except (OSError, UnicodeDecodeError) as error:
            raise typer.BadParameter(f"cannot read {file}: {error}") from error
    library = library_in(folder)
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
