"""Reads policy files and says everything that is wrong with them at once, each fault with its path and line."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from escalation_policies.clock_scrutiny import Finding, outside_the_plan
from escalation_policies.errors import Fault, NoPolicy, PolicyFaults
from escalation_policies.schema import Family, Policy
from escalation_policies.scrutiny import scrutinise

LIBRARY = Path(__file__).parent / "library"
CALENDARS = Path(__file__).parent / "calendars"
CATCH_ALL: Mapping[Family, str] = {"incident": "other", "petition": "petition"}
"""By family: the kind whose policy takes a report of a kind that no policy names."""
Scrutiny = Callable[[Policy], Iterable[Finding]]
"""A further question to each policy that reads well; its findings get their file and line like all others."""


@dataclass(frozen=True)
class _PolicyFile:
    """A policy with the file it came from, for faults between files."""

    file: str
    document: CommentedMap
    policy: Policy


class PolicyLibrary:
    """The policies in force, by the kind of report they apply to."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        self.policies = tuple(policies)
        self._by_kind = {kind: policy for policy in self.policies for kind in policy.applies_to.kinds}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return every kind a report may have."""
        return tuple(self._by_kind)

    def kinds_of(self, family: Family) -> tuple[str, ...]:
        """Return every kind that an incident, or a petition, may have."""
        return tuple(kind for kind, policy in self._by_kind.items() if policy.applies_to.family == family)

    def for_kind(self, kind: str) -> Policy:
        """Return the policy for ``kind``.

        Raises:
            NoPolicy: naming the kinds that exist.
        """
        if kind not in self._by_kind:
            raise NoPolicy(f"no policy for kind {kind!r}; known kinds: {', '.join(sorted(self._by_kind))}")
        return self._by_kind[kind]

    def for_any_kind(self, kind: str, family: Family = "incident") -> Policy:
        """Return the policy for ``kind``, or its family's catch-all: a report is never refused for its word.

        Raises:
            NoPolicy: the library has no policy for the catch-all either.
        """
        found = self._by_kind.get(kind)
        return found if found is not None and found.applies_to.family == family else self.for_kind(CATCH_ALL[family])


def load_library(folder: Path = LIBRARY, also: Scrutiny = lambda _: ()) -> PolicyLibrary:
    """Load every ``*.yaml`` and ``*.yml`` of ``folder``. ``also`` is asked of each policy without faults.

    Raises:
        PolicyFaults: with every fault of every file; nothing is loaded then.
    """
    faults: list[Fault] = []
    read: list[_PolicyFile] = []
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    for file in files:
        try:
            read.append(_read(_text(file), file.name))
        except PolicyFaults as found:
            faults += found.faults
    if not files:
        faults.append(Fault(str(folder), 0, "", "no policy file (*.yaml) in this folder"))
    faults += _collisions(read)
    for item in read:
        faults += _placed(item.file, item.document, also(item.policy))
    if not faults and all(CATCH_ALL["incident"] not in item.policy.applies_to.kinds for item in read):
        message = f"no policy applies to kind {CATCH_ALL['incident']!r}: a report of an unknown kind would open no case"
        faults.append(Fault(str(folder), 0, "applies_to.kinds", message))
    if faults:
        raise PolicyFaults(faults)
    return PolicyLibrary(item.policy for item in read)


def parse_policy(text: str, file: str = "policy") -> Policy:
    """Read one policy from YAML.

    Raises:
        PolicyFaults: every fault with its path and line.
    """
    return _read(text, file).policy


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFaults([Fault(file.name, 0, "", f"cannot be read as UTF-8 text: {error}")]) from error


def _read(text: str, file: str) -> _PolicyFile:
    document = _document(text, file)
    plain = _plain(document)
    if isinstance(plain.get("calendar"), str):
        plain["calendar"] = _calendar(file, document, plain["calendar"])
    try:
        policy = Policy.model_validate(plain)
    except ValidationError as error:
        faults = _faults(file, document, error)
        if plain.get("outside_plan") is None:
            faults += _placed(file, document, outside_the_plan(plain.get("clocks")))
        raise PolicyFaults(sorted(faults, key=lambda fault: fault.line)) from error
    if found := _placed(file, document, scrutinise(policy)):
        raise PolicyFaults(sorted(found, key=lambda fault: fault.line))
    return _PolicyFile(file, document, policy)


def _placed(file: str, document: CommentedMap, findings: Iterable[Finding]) -> list[Fault]:
    return [Fault(file, _line(document, steps), _path(steps), what) for steps, what in findings]


def _calendar(file: str, document: CommentedMap, name: str) -> dict[str, Any]:
    """Return a calendar by its name, whole: it is frozen into the case with the policy."""
    known = sorted(path.stem for path in CALENDARS.glob("*.yaml"))
    if name not in known:
        message = f"no calendar {name!r}; there is {', '.join(known)}"
        raise PolicyFaults([Fault(file, _line(document, ["calendar"]), "calendar", message)])
    found: dict[str, Any] = _plain(_document(_text(CALENDARS / f"{name}.yaml"), f"{name}.yaml"))
    return found


def _document(text: str, file: str) -> CommentedMap:
    try:
        document = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyFaults([Fault(file, line, "", f"not YAML: {error.problem}")]) from error
    except (YAMLError, ValueError) as error:  # a control character; a date such as 2026-13-45
        raise PolicyFaults([Fault(file, 1, "", f"not YAML: {str(error).splitlines()[0]}")]) from error
    if not isinstance(document, CommentedMap):
        raise PolicyFaults([Fault(file, 1, "", "a policy is a mapping with id, version, clocks and chain")])
    return document


def _faults(file: str, document: CommentedMap, error: ValidationError) -> list[Fault]:
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
        faults.setdefault(place, Fault(file, _line(document, steps), _path(steps), message))
    return list(faults.values())


def _plain(node: Any) -> Any:
    """Return ruamel's round-trip nodes as plain Python; percentages and durations stay text."""
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return tuple(_plain(value) for value in node)
    return node


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


def _collisions(read: list[_PolicyFile]) -> list[Fault]:
    """Return a fault for each id and each kind that more than one policy claims."""
    owners: dict[str, _PolicyFile] = {}
    faults = []
    for item in read:
        claims: list[tuple[str, list[str | int]]] = [(f"id {item.policy.id!r}", ["id"])]
        kinds = enumerate(item.policy.applies_to.kinds)
        claims += [(f"kind {kind!r}", ["applies_to", "kinds", number]) for number, kind in kinds]
        for claim, steps in claims:
            if claim in owners:
                owner = owners[claim]
                message = f"{claim} already belongs to policy {owner.policy.id!r} ({owner.file})"
                faults.append(Fault(item.file, _line(item.document, steps), _path(steps), message))
            owners.setdefault(claim, item)
    return faults
