"""Whom a step means, as data: a role (or a duty of a roster) at a unit relative to the school.

Written in a policy as ``{role: principal, at: self}``, ``{on_duty: school_leader, at: self}``,
``{group: crisis_team}``,
``{role: township_officer, at: township}`` or ``{role: bureau_leader, at: {ancestor: bureau}}``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field, model_validator

from events.base import Frozen, Identifier
from events.directory import UnitKind
from events.escalation import Recipient


class Ancestor(Frozen):
    """The nearest unit of this kind at or above the case's."""

    ancestor: UnitKind


class Selector(Frozen):
    """One question to the directory. Exactly one of ``role``, ``on_duty`` and ``group`` is given."""

    role: Identifier | None = None
    on_duty: Identifier | None = None
    group: Identifier | None = None
    at: Literal["self", "parent", "township"] | Ancestor = Field(default="self")

    @model_validator(mode="after")
    def _one_of_three(self) -> "Selector":
        if sum(value is not None for value in (self.role, self.on_duty, self.group)) != 1:
            raise ValueError("give exactly one of `role`, `on_duty` and `group`")
        return self

    @property
    def question(self) -> str:
        """Return the selector as one word: the key under which history keeps the answer."""
        who = f"group:{self.group}" if self.group is not None else f"on_duty:{self.on_duty}"
        who = who if self.role is None else f"role:{self.role}"
        where = self.at if isinstance(self.at, str) else f"ancestor:{self.at.ancestor}"
        return f"{who}@{where}"


class SchoolName(Frozen):
    """What a message says of the school."""

    unit_id: Identifier
    name: str


class Directory(Protocol):
    """The directory as it is at one moment: an argument of every decision."""

    def school(self, school_id: str) -> SchoolName | None:
        """Return the school, or None when the directory does not know it."""
        ...

    def resolve(self, selector: Selector, school_id: str, at: datetime) -> tuple[Recipient, ...]:
        """Return the people meant, in directory order; empty when nobody holds the role or duty then.

        Who is away at ``at`` is answered for by their delegate; without one, they are left out.
        """
        ...

    def recipient(self, person_id: str) -> Recipient | None:
        """Return a person by id, or None when the directory does not know them."""
        ...

    def concerned(self, ids: Sequence[str], heads: Sequence[str]) -> tuple[str, ...]:
        """Return ``ids`` with whoever goes with them: delegates at any time, theirs in turn, and offices that ids head.

        A delegate's delegate may come to act for the person, too; the office of a delegate does not go with them.
        ``heads``: the roles that head their unit. The answer is sorted.
        """
        ...
