"""Reads what people write in YAML, and says of each fault where it is: file, line, and path.

Shared by whoever reads such a file: policies, and the schedules of roll calls.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from escalation_policies.errors import Fault, PolicyFaults

CALENDARS = Path(__file__).parent / "calendars"
Steps = list[str | int]
Finding = tuple[Steps, str]
"""Where in the document, and what is wrong there."""

T = TypeVar("T")


def text_of(file: Path) -> str:
    """Return what is in a file.

    Raises:
        PolicyFaults: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFaults([Fault(file.name, 0, "", f"cannot be read as UTF-8 text: {error}")]) from error


def read_folder(folder: Path, read: Callable[[str, str], T], what: str) -> tuple[list[T], list[Fault]]:
    """Read each ``*.yaml`` and ``*.yml`` of a folder by ``read(text, name)``; return what was sound, and the faults.

    ``what`` says what the folder should have, such as "policy". A file at fault stops no other.
    """
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    if not files:
        return [], [Fault(str(folder), 0, "", f"no {what} file (*.yaml) in this folder")]
    found: list[T] = []
    faults: list[Fault] = []
    for file in files:
        try:
            found.append(read(text_of(file), file.name))
        except PolicyFaults as error:
            faults += error.faults
    return found, faults


def placed(file: str, document: CommentedMap, findings: Iterable[Finding]) -> list[Fault]:
    """Return findings as faults with their file and line."""
    return [Fault(file, line_of(document, steps), path_of(steps), what) for steps, what in findings]


def calendar_named(file: str, document: CommentedMap, name: str, place: Sequence[str | int] = ("calendar",)) -> Any:
    """Return a calendar by its name, whole: it is frozen into what is opened under the file. ``place``: where it is.

    Raises:
        PolicyFaults: there is no calendar of that name.
    """
    known = sorted(path.stem for path in CALENDARS.glob("*.yaml"))
    if name not in known:
        message = f"no calendar {name!r}; there is {', '.join(known)}"
        raise PolicyFaults([Fault(file, line_of(document, [*place]), path_of([*place]), message)])
    text = text_of(CALENDARS / f"{name}.yaml")
    return plain(document_of(text, f"{name}.yaml", "a calendar is a mapping"))


def document_of(text: str, file: str, whole: str) -> CommentedMap:
    """Return the document with its places. ``whole`` says what it should be, where it is no mapping.

    Raises:
        PolicyFaults: it is not YAML, or no mapping.
    """
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyFaults([Fault(file, line, "", f"not YAML: {error.problem}")]) from error
    except (YAMLError, ValueError) as error:  # a control character; a date such as 2026-13-45
        raise PolicyFaults([Fault(file, 1, "", f"not YAML: {str(error).splitlines()[0]}")]) from error
    if not isinstance(document, CommentedMap):
        raise PolicyFaults([Fault(file, 1, "", whole)])
    return document


def faults_of(file: str, document: CommentedMap, error: ValidationError) -> list[Fault]:
    """Return one fault a place: what pydantic says of a whole, when a part of it is at fault, is left out.

    So is that a scalar is no mapping, where a scalar is allowed and this one is wrong in itself.
    """
    found = [(_real_steps(document, item["loc"]), item) for item in error.errors(include_url=False)]
    places = [tuple(steps) for steps, _ in found]
    faults: dict[tuple[str | int, ...], Fault] = {}
    for steps, item in found:
        place = tuple(steps)
        if any(len(other) > len(place) and other[: len(place)] == place for other in places):
            continue
        message = str(item["msg"]).removeprefix("Value error, ")
        faults.setdefault(place, Fault(file, line_of(document, steps), path_of(steps), message))
    return list(faults.values())


def plain(node: Any) -> Any:
    """Return ruamel's round-trip nodes as plain Python; percentages and durations stay text."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(plain(value) for value in node)
    return node


def _real_steps(document: Any, loc: tuple[Any, ...]) -> Steps:
    """Keep the parts of pydantic's location that exist in the file; the rest are names of union members."""
    steps: Steps = []
    node = document
    for part in loc:
        if _has(node, part):
            node = node[part]
            steps.append(part)
        elif isinstance(node, CommentedMap) and part == loc[-1] and isinstance(part, str) and "[" not in part:
            steps.append(part)  # a missing field: named, at its parent's line
            break
    return steps


def _has(node: Any, part: Any) -> bool:
    if isinstance(node, CommentedSeq):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, CommentedMap) and part in node


def line_of(document: Any, steps: Steps) -> int:
    """Return the line of a place, counted from 1; that of the nearest part which is there, where it is not."""
    node, line = document, document.lc.line
    for step in steps:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0]
        elif isinstance(node, CommentedSeq) and isinstance(step, int):
            line = node.lc.item(step)[0]
        else:
            break
        node = node[step]
    return int(line) + 1


def path_of(steps: Steps) -> str:
    """Return a place as people write it: ``chain[1].tell[0].role``."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
