"""What a mutant changes, in words, and the table in ``docs/mutants.md`` of those that nobody can notice."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "mutants.md"
_CELL = re.compile(r"(?<!\\)\|")
_GONE = "(gone)"
COLUMNS = 4


@dataclass(frozen=True, order=True)
class Change:
    """What a mutant does: two mutants that do the same in one function are one."""

    where: str
    was: str
    becomes: str

    def row(self, reason: str) -> str:
        """Return the row of the table that explains this."""
        return f"| `{self.where}` | `{_escaped(self.was)}` | `{_escaped(self.becomes)}` | {reason} |"


def change(where: str, diff: Iterable[str]) -> Change:
    """Return what a diff says, of which the first two lines name the file."""
    lines = list(diff)[2:]
    was, becomes = (
        " ".join(" ".join(line[1:].split()) for line in lines if line.startswith(sign)) or _GONE for sign in "-+"
    )
    return Change(where, was, becomes)


def explained(page: str) -> dict[Change, str]:
    """Return each row of the table, and its reason.

    Raises:
        ValueError: a row has not its four columns, has no reason, or comes twice: mend ``docs/mutants.md`` there.
    """
    found: dict[Change, str] = {}
    for number, line in enumerate(page.splitlines(), 1):
        if not line.startswith("| `"):
            continue
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]]
        if len(cells) != COLUMNS or not cells[-1]:
            raise ValueError(f"docs/mutants.md line {number}: a row has four columns, the last of them the reason")
        where, was, becomes = (cell.strip("`").replace(r"\|", "|") for cell in cells[:-1])
        if Change(where, was, becomes) in found:
            raise ValueError(f"docs/mutants.md line {number}: this mutant was explained before")
        found[Change(where, was, becomes)] = cells[-1]
    return found


def _escaped(code: str) -> str:
    return code.replace("|", r"\|")
