"""The posts that the chain calls on, and the units where nobody holds one."""

from dataclasses import dataclass

from events.directory import UnitKind
from services.directory.file_format import PersonEntry, UnitEntry


@dataclass(frozen=True, slots=True)
class Post:
    """A post that the chain calls on at every unit of a kind: held by a role, or kept by the roster of a duty."""

    kind: UnitKind
    role: str
    duty: str | None
    required: bool
    why: str


POSTS = (
    Post("school", "principal", None, True, "reports go to the principal first"),
    Post("school", "deputy_principal", "school_leader", False, "nobody stands in for a principal who does not answer"),
    Post("district", "district_director", None, True, "the principals of this district report to its director"),
    Post("township", "township_officer", None, False, "nobody here can be told of what happens at its schools"),
    Post("bureau", "bureau_leader", None, False, "nobody here can be told when a case is reported upward"),
    Post("bureau", "duty_officer", "duty_officer", True, "the duty officer is called when all others are silent"),
)


def check_posts(units: list[UnitEntry], people: list[PersonEntry]) -> None:
    """Tell of every unit where a post is vacant: a mistake where no chain can do without it, else a gap."""
    held = {(person.unit, role) for person in people for role in person.roles}
    for unit in units:
        kept = {roster.role for roster in unit.rosters if roster.role and (roster.weekly or roster.shifts)}
        for post in POSTS:
            if post.kind != unit.kind or (unit.id, post.role) in held or post.duty in kept:
                continue
            message = f"{unit.kind} without a `{post.role}`: {post.why}"
            if post.required:
                unit.section.error(None, message)
            else:
                unit.section.warn(message)
