"""One mapping of the directory file: it hands out its fields, and tells every mistake with its place and its line.

Values are read as they look on the page: ``id: 001`` stays ``001`` and a telephone number needs no quotes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to tell the file's keeper: where (``units[3].parent``), on which line (from 1), and what to do."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.message}" if self.path else f"line {self.line}: {self.message}"


class DirectoryError(Finding):
    """A mistake: the file is not taken over until it is mended."""


class DirectoryWarning(Finding):
    """A gap that the escalation chain can live with, but should not have to."""


@dataclass(slots=True)
class Findings:
    """What has been found so far."""

    errors: list[DirectoryError] = field(default_factory=list)
    warnings: list[DirectoryWarning] = field(default_factory=list)


class Section:
    """One mapping of the file. Hands out its fields, and notes what is wrong with them where it stands."""

    def __init__(self, node: MappingNode, path: str, findings: Findings) -> None:
        self.path = path
        self._line = node.start_mark.line + 1
        self._findings = findings
        self._asked: set[str] = set()
        self._lines: dict[str, int] = {}
        self._item_lines: dict[str, int] = {}
        self._nodes: dict[str, Node] = {}
        self._below: list[Section] = []
        for key, value in node.value:
            name = str(key.value)
            if name in self._lines:
                self._note(name, key.start_mark.line + 1, "is given twice: keep one of them")
                continue
            self._lines[name] = key.start_mark.line + 1
            if value.tag != "tag:yaml.org,2002:null":  # `parent:` with nothing after it means: no parent
                self._nodes[name] = value

    def error(self, name: str | None, message: str) -> None:
        """Note a mistake in a field, or in the whole entry when ``name`` is None."""
        self._note(name, self._line_of(name), message)

    def warn(self, message: str) -> None:
        """Note a gap of the whole entry."""
        self._findings.warnings.append(DirectoryWarning(self.path, self._line, message))

    def value(self, name: str, read: Callable[[str], T], *, required: bool = True) -> T | None:
        """Return one field as ``read`` understands it; None when it is absent or could not be read."""
        self._asked.add(name)
        node = self._nodes.get(name)
        if node is None:
            if required:
                self.error(name, "is missing: add it")
            return None
        return self._read(name, node, read)

    def values(self, name: str, read: Callable[[str], T]) -> list[T]:
        """Return a list's readable items; a single value counts as a list of one."""
        return [one for _, one in self.items(name, read)]

    def items(self, name: str, read: Callable[[str], T], *, wanted: str = "") -> list[tuple[str, T]]:
        """Return a list's readable items, each with its place in this entry (``roles[1]``) for mistakes found later.

        ``wanted`` is what to tell the clerk when there are none.
        """
        node = self._nodes.get(name)
        if wanted and (node is None or (isinstance(node, SequenceNode) and not node.value)):
            self.error(name, wanted)
        if not isinstance(node, SequenceNode):
            one = self.value(name, read, required=False)
            return [] if one is None else [(name, one)]
        self._asked.add(name)
        found: list[tuple[str, T]] = []
        for index, item in enumerate(node.value):
            place = f"{name}[{index}]"
            self._item_lines[place] = item.start_mark.line + 1
            one = self._read(place, item, read)
            if one is not None:
                found.append((place, one))
        return found

    def section(self, name: str) -> "Section | None":
        """Return a field that has fields of its own; None when it is absent or has none."""
        self._asked.add(name)
        node = self._nodes.get(name)
        if not isinstance(node, MappingNode):
            if node is not None:
                self.error(name, "expected fields here, written `name: value`")
            return None
        found = Section(node, f"{self.path}.{name}".removeprefix("."), self._findings)
        self._below.append(found)
        return found

    def sections(self, name: str, *, wanted: str = "") -> "list[Section]":
        """Return a list's entries. ``wanted`` is what to tell the clerk when there are none."""
        self._asked.add(name)
        node = self._nodes.get(name)
        items = node.value if isinstance(node, SequenceNode) else []
        if node is not None and not isinstance(node, SequenceNode):
            self.error(name, "expected a list: begin each entry with `- `")
        elif wanted and not items:
            self.error(name, wanted)
        found: list[Section] = []
        for index, item in enumerate(items):
            if isinstance(item, MappingNode):
                path = f"{self.path}.{name}[{index}]".removeprefix(".")
                found.append(Section(item, path, self._findings))
            else:
                self._note(f"{name}[{index}]", item.start_mark.line + 1, "expected fields here, written `name: value`")
        self._below += found
        return found

    @property
    def names(self) -> list[str]:
        """Return the names of all fields, with and without a value, in their order."""
        return list(self._lines)

    @property
    def given(self) -> set[str]:
        """Return the names of the fields that have a value, readable or not."""
        return set(self._nodes)

    def close(self) -> None:
        """Note every field that nobody asked for, here and below: a misspelt field is never ignored in silence."""
        for name in (name for name in self._lines if name not in self._asked):
            self.error(name, f"unknown field; known here: {', '.join(sorted(self._asked))}")
        for section in self._below:
            section.close()

    def _read(self, name: str, node: Node, read: Callable[[str], T]) -> T | None:
        line = node.start_mark.line + 1
        if not isinstance(node, ScalarNode):
            self._note(name, line, "expected a single value")
            return None
        try:
            return read(node.value.strip())
        except ValueError as refusal:
            self._note(name, line, str(refusal))
            return None

    def _line_of(self, name: str | None) -> int:
        place = name or ""
        return self._item_lines.get(place) or self._lines.get(place.partition("[")[0], self._line)

    def _note(self, name: str | None, line: int, message: str) -> None:
        path = ".".join(part for part in (self.path, name) if part)
        self._findings.errors.append(DirectoryError(path, line, message))
