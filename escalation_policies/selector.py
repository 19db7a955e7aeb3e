"""Whom a step means, as data: a role (or a duty of a roster) at a unit relative to the school.

Written in a policy as ``{role: principal, at: self}``, ``{on_duty: school_leader, at: self}``,
``{role: township_officer, at: township}`` or ``{role: bureau_leader, at: {ancestor: bureau}}``.
"""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import Field, model_validator

from events.base import Frozen, Identifier
from events.directory import UnitKind
from events.escalation import Recipient


class Ancestor(Frozen):
    """The nearest unit of this kind above the school."""

    ancestor: UnitKind


class Selector(Frozen):
    """One question to the directory. Exactly one of ``role`` and ``on_duty`` is given."""

    role: Identifier | None = None
    on_duty: Identifier | None = None
    at: Literal["self", "parent", "township"] | Ancestor = Field(default="self")

    @model_validator(mode="after")
    def _one_of_two(self) -> "Selector":
        if (self.role is None) == (self.on_duty is None):
            raise ValueError("give exactly one of `role` and `on_duty`")
        return self

    @property
    def question(self) -> str:
        """Return the selector as one word: the key under which history keeps the answer."""
        who = f"role:{self.role}" if self.role is not None else f"on_duty:{self.on_duty}"
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
        """Return the people meant, in directory order; empty when nobody holds the role or duty then."""
        ...
