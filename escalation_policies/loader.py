"""Reads policy files and says everything that is wrong with them at once, each fault with its path and line."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml.comments import CommentedMap

from escalation_policies.clock_scrutiny import outside_the_plan
from escalation_policies.errors import Fault, NoPolicy, PolicyFaults
from escalation_policies.placed_yaml import (
    Finding,
    calendar_named,
    document_of,
    faults_of,
    line_of,
    path_of,
    placed,
    plain,
    read_folder,
)
from escalation_policies.schema import Family, Policy
from escalation_policies.scrutiny import scrutinise

LIBRARY = Path(__file__).parent / "library"
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
    read, faults = read_folder(folder, _read, "policy")
    faults += _collisions(read)
    for item in read:
        faults += placed(item.file, item.document, also(item.policy))
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


def _read(text: str, file: str) -> _PolicyFile:
    document = document_of(text, file, "a policy is a mapping with id, version, clocks and chain")
    values = plain(document)
    if isinstance(values.get("calendar"), str):
        values["calendar"] = calendar_named(file, document, values["calendar"])
    try:
        policy = Policy.model_validate(values)
    except ValidationError as error:
        faults = faults_of(file, document, error)
        if values.get("outside_plan") is None:
            faults += placed(file, document, outside_the_plan(values.get("clocks")))
        raise PolicyFaults(sorted(faults, key=lambda fault: fault.line)) from error
    if found := placed(file, document, scrutinise(policy)):
        raise PolicyFaults(sorted(found, key=lambda fault: fault.line))
    return _PolicyFile(file, document, policy)


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
                faults.append(Fault(item.file, line_of(item.document, steps), path_of(steps), message))
            owners.setdefault(claim, item)
    return faults
