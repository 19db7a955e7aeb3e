"""Who dies, and where: processes are killed at their awaits, the ones where nobody died yet before all others."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from random import Random

from tests.simulation.awaits import of_running, of_waiting

_STATEMENT = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM|SELECT .*?FROM) \(?(?:SELECT .*?FROM )?(\w+)", re.DOTALL)
UNIT_OF_WORK = re.compile(
    r"runtime\.(store UnitOfWork|store Store.transaction|store _execute|consumption|outbox_rows) ?"
    r"|(escalation|roll_call)\.(consumer|docket|codes|steps|opening) |notifier\.(consumer|commits|rows|sending) "
    r"|intake\.rows "
    r"|\w+: (INSERT|UPDATE|DELETE|(after )?COMMIT of) (?!ownership|nothing|directory_entries)"
)
"""Names of awaits inside a unit of work, or of a send between two of them."""
_CHANCES = ((0.0005, 0.02), (0.004, 0.3))
"""Chances to die, once somebody is to die: elsewhere and in a unit of work; where one died before, and where not.

A step of the loop has a tenth of them, as there are many more steps than calls to the database.
"""
_OF_A_STEP = 0.1
_CHANCE_WHERE_WANTED = 0.5


class Reaper:
    """Kills now and then, at a rate. ``passed`` and ``died`` count the places; a death counts at all that waited.

    ``wanted``: where somebody is to die, once at each, and nowhere else; without any, anywhere.
    """

    def __init__(self, rng: Random, rate: float, now: Callable[[], float], wanted: Collection[str]) -> None:
        self._wanted = wanted
        self._rng = rng
        self._rate = rate
        self._now = now
        self._next_at = rng.expovariate(rate) if rate else float("inf")
        self.passed: Counter[str] = Counter()
        self.died: Counter[str] = Counter()

    def rest(self) -> None:
        """Let everybody live from now on."""
        self._next_at = float("inf")

    @property
    def _is_out(self) -> bool:
        return self._now() >= self._next_at

    def at_call(self, service: str, what: str) -> str | None:
        """Return where the process dies if it is to die now, at a call to the database."""
        return self._take([f"{service}: {what}", *of_running()], 1.0) if self._is_out else None

    def at_step(self, callback: Callable[..., object]) -> str | None:
        """Return where the process dies if it is to die before this step of the loop."""
        if not self._is_out:
            return None
        task = getattr(callback, "__self__", None)
        return self._take(of_waiting(task) if isinstance(task, asyncio.Task) else [], _OF_A_STEP)

    def _take(self, places: Sequence[str], share: float) -> str | None:
        self.passed.update(places)
        if self._rng.random() >= self._chance(places) * share:
            return None
        self.died.update(places)
        self._next_at = self._now() + self._rng.expovariate(self._rate)
        return places[0] if places else "a step of the loop"

    def _chance(self, places: Sequence[str]) -> float:
        if self._wanted:
            return _CHANCE_WHERE_WANTED if any(one in self._wanted and one not in self.died for one in places) else 0.0
        is_new = any(place not in self.died for place in places)
        return _CHANCES[is_new][any(UNIT_OF_WORK.match(place) for place in places)]


def named(statement: str) -> str:
    """Return what a statement does to which table."""
    found = _STATEMENT.match(statement)
    return f"{found[1].split()[0]} {found[2]}" if found else statement
