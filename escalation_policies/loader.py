"""Reads policy files and says everything that is wrong with them at once, each fault with its path and line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from escalation_policies.errors import Fault, NoPolicy, PolicyFaults
from escalation_policies.schema import Policy

LIBRARY = Path(__file__).parent / "library"


class PolicyLibrary:
    """The policies in force, by the kind of report they apply to."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self._by_kind = {kind: policy for policy in self.policies for kind in policy.applies_to.kinds}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return every kind a report may have."""
        return tuple(self._by_kind)

    def for_kind(self, kind: str) -> Policy:
        """Return the policy for ``kind``.

        Raises:
            NoPolicy: naming the kinds that exist.
        """
        if kind not in self._by_kind:
            raise NoPolicy(f"no policy for kind {kind!r}; known kinds: {', '.join(sorted(self._by_kind))}")
        return self._by_kind[kind]

    def for_any_kind(self, kind: str) -> Policy:
        """Return the policy for ``kind``, or the one for ``other``: a report is never refused for its word.

        Raises:
            NoPolicy: the library has no policy for ``other`` either.
        """
        return self._by_kind.get(kind) or self.for_kind("other")


def load_library(folder: Path = LIBRARY) -> PolicyLibrary:
    """Load every ``*.yaml`` of ``folder``.

    Raises:
        PolicyFaults: with every fault of every file; nothing is loaded then.
    """
    faults: list[Fault] = []
    policies: list[Policy] = []
    files = sorted(folder.glob("*.yaml"))
    for file in files:
        try:
            policies.append(parse_policy(file.read_text(encoding="utf-8"), file.name))
        except PolicyFaults as found:
            faults += found.faults
    if not files:
        faults.append(Fault(str(folder), 0, "", "no policy file (*.yaml) in this folder"))
    faults += _collisions(policies)
    if faults:
        raise PolicyFaults(faults)
    return PolicyLibrary(policies)


def parse_policy(text: str, file: str = "policy") -> Policy:
    """Read one policy from YAML.

    Raises:
        PolicyFaults: every fault with its path and line.
    """
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyFaults([Fault(file, line, "", f"not YAML: {error.problem}")]) from error
    if not isinstance(document, CommentedMap):
        raise PolicyFaults([Fault(file, 1, "", "a policy is a mapping with id, version, clocks and chain")])
    try:
        return Policy.model_validate(_plain(document))
    except ValidationError as error:
        raise PolicyFaults([_fault(file, document, item) for item in _causes(error)]) from error


def _causes(error: ValidationError) -> list[Any]:
    """Leave out "too short" where an item itself has a fault: pydantic counts only the good ones."""
    items = error.errors(include_url=False)
    locations = [item["loc"] for item in items]
    return [
        item
        for item in items
        if item["type"] != "too_short"
        or not any(len(loc) > len(item["loc"]) and loc[: len(item["loc"])] == item["loc"] for loc in locations)
    ]


def _plain(node: Any) -> Any:
    """Return ruamel's round-trip nodes as plain Python; percentages and durations stay text."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(_plain(value) for value in node)
    return node


def _fault(file: str, document: CommentedMap, item: Any) -> Fault:
    steps = _real_steps(document, item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    return Fault(file, _line(document, steps), _path(steps), message)


def _real_steps(document: Any, loc: tuple[Any, ...]) -> list[str | int]:
    """Keep the parts of pydantic's location that exist in the file; the rest are names of union members."""
    steps: list[str | int] = []
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


def _line(document: Any, steps: list[str | int]) -> int:
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


def _path(steps: list[str | int]) -> str:
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _collisions(policies: list[Policy]) -> list[Fault]:
    owners: dict[str, str] = {}
    faults = []
    for policy in policies:
        for kind in policy.applies_to.kinds:
            if kind in owners:
                faults.append(
                    Fault(policy.id, 0, "applies_to.kinds", f"kind {kind!r} already belongs to policy {owners[kind]!r}")
                )
            owners.setdefault(kind, policy.id)
    return faults
