"""Whether a directory has the people that a policy means: asked for every school, before anybody depends on it.

A policy that reads well may still call nobody: a role that no person holds, a roster that ends on Friday, a level of
people without an address for its channels. Findings are grouped, so that a county of 165 schools is one line.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from escalation_policies.placed_yaml import Finding, Steps
from escalation_policies.schema import Level, Policy
from escalation_policies.selector import Directory, Selector
from events.escalation import Recipient

_NAMED = 3
"""How many schools a finding names before it counts the rest."""


@dataclass(frozen=True)
class Ground:
    """What is asked of: the directory, its schools, and the moments at which its answers may change.

    ``schools``: by id, the id of the unit above, by which findings are grouped. ``moments``: aware times, the first
    one now, then each begin and end of a shift or absence that the rosters know.
    """

    directory: Directory
    schools: Mapping[str, str]
    moments: Sequence[datetime]
    _answers: dict[tuple[str, str, datetime], tuple[Recipient, ...]] = field(default_factory=dict)

    def ask(self, selector: Selector, school: str, at: datetime) -> tuple[Recipient, ...]:
        """Return whom the directory names; each question is asked once, however many policies ask it."""
        key = (selector.question, school, at)
        if key not in self._answers:
            self._answers[key] = self.directory.resolve(selector, school, at)
        return self._answers[key]

    def first_without(self, selectors: Sequence[Selector], school: str) -> datetime | None:
        """Return the first moment at which nobody is named, or None when somebody always is."""
        return next((at for at in self.moments if not any(self.ask(one, school, at) for one in selectors)), None)

    def ever(self, selector: Selector, school: str) -> bool:
        """Return whether the selector names somebody at any moment."""
        return any(self.ask(selector, school, at) for at in self.moments)


def unreachable(policy: Policy, ground: Ground) -> Iterator[Finding]:
    """Yield what of ``policy`` reaches nobody, with the schools it is so for."""
    found: defaultdict[tuple[tuple[str | int, ...], str], list[str]] = defaultdict(list)
    for school in ground.schools:
        for where, what in _of_school(policy, ground, school):
            found[tuple(where), what].append(school)
    for (place, what), schools in found.items():
        yield list(place), f"{what}: {_grouped(schools, ground.schools)}"


def _of_school(policy: Policy, ground: Ground, school: str) -> Iterator[Finding]:
    for number, level in enumerate(policy.chain):
        yield from _level(level, number, ground, school)
    for part, selectors in (("at_top", policy.at_top.fallback), ("conflict", policy.conflict.fallback)):
        for place, selector in enumerate(selectors):
            yield from _selector(selector, [part, "fallback", place], ground, school)


def _level(level: Level, number: int, ground: Ground, school: str) -> Iterator[Finding]:
    everybody = (*level.tell, *level.stand_in)
    if (since := ground.first_without(everybody, school)) is not None:
        when = "" if since == ground.moments[0] else f" from {since:%Y-%m-%d %H:%M} UTC"
        yield ["chain", number], f"nobody can be told at {level.level}{when}"
        return
    if not _has_channel(level, ground, school):
        ways = " or ".join(level.channels)
        yield ["chain", number, "channels"], f"nobody at {level.level} has an address for {ways}"
        return
    for place, selector in enumerate(level.tell):
        yield from _selector(selector, ["chain", number, "tell", place], ground, school)
    if level.stand_in and not any(ground.ever(selector, school) for selector in level.stand_in):
        yield ["chain", number, "stand_in"], f"nobody stands in at {level.level}"


def _selector(selector: Selector, where: Steps, ground: Ground, school: str) -> Iterator[Finding]:
    if (since := ground.first_without([selector], school)) is not None:
        what = f"nobody holds {selector.question}"
        yield where, f"{what} from {since:%Y-%m-%d %H:%M} UTC" if ground.ever(selector, school) else what


def _has_channel(level: Level, ground: Ground, school: str) -> bool:
    """Return whether at every moment a message would reach somebody by the level's channels."""
    return all(
        any(
            contact.channel in level.channels
            for selector in (*level.tell, *level.stand_in)
            for person in ground.ask(selector, school, at)
            for contact in person.contacts
        )
        for at in ground.moments
    )


def _grouped(schools: Sequence[str], above: Mapping[str, str]) -> str:
    """Say which schools in one breath: all of them, whole units, or a few by name and the number of the rest."""
    if len(schools) == len(above):
        return f"at every school ({len(schools)})"
    parts, rest = [], []
    for unit in dict.fromkeys(above[school] for school in schools):
        here = [school for school in schools if above[school] == unit]
        whole = len(here) == sum(1 for one in above.values() if one == unit)
        if whole and len(here) > 1:
            parts.append(f"every school under {unit} ({len(here)})")
        else:
            rest += here
    if rest:
        more = f" and {len(rest) - _NAMED} more" if len(rest) > _NAMED else ""
        parts.append(", ".join(rest[:_NAMED]) + more)
    return f"at {len(schools)} of {len(above)} schools: {'; '.join(parts)}"
