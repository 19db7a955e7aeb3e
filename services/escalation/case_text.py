"""A case as the store keeps it, one JSON object. The policy inside is alike in thousands of cases: read once.

Three quarters of a case's text are its frozen policy, and reading that is most of the work of reading a case.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

import orjson

from escalation_policies.case import Case
from escalation_policies.schema import Policy

_KNOWN = 256
"""Policies remembered: each version of each policy that living cases were opened under. More only costs time."""

_POLICY = ',"policy":'
"""Where the policy begins. Inside a text of JSON every quote is escaped, and no field of a policy has this name."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Recent(Generic[K, V]):
    """The values used last, by key."""

    def __init__(self) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        if len(self._values) > _KNOWN:
            self._values.popitem(last=False)


class CaseText:
    """Reads and writes the text of cases; the same case as pydantic's own, with the policy as its last field."""

    def __init__(self) -> None:
        self._policies: _Recent[str, Policy] = _Recent()
        self._texts: _Recent[int, tuple[Policy, str]] = _Recent()

    def read(self, text: str) -> Case:
        """Return the case of a stored text."""
        rest, _, written = text.rpartition(_POLICY)
        policy = self._policies.get(written[:-1])
        if policy is not None:
            return Case.model_validate({**orjson.loads(rest + "}"), "policy": policy})
        case = Case.model_validate_json(text)
        if orjson.loads(text).popitem()[0] == "policy":
            self._policies.put(written[:-1], case.policy)
        return case

    def write(self, case: Case) -> str:
        """Return the text to store."""
        known = self._texts.get(id(case.policy))
        if known is None:  # the policy is held beside its text, so that its id stays its own
            known = (case.policy, case.policy.model_dump_json())
            self._texts.put(id(case.policy), known)
        rest = case.model_dump_json(exclude={"policy"})
        return f"{rest[:-1]}{_POLICY}{known[1]}}}"


CASE_TEXT = CaseText()
"""The one of this process: what it remembers depends on nothing but the texts."""
