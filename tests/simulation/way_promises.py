"""Nobody waits for whom nothing reaches: when the last of somebody's contacts is lost, others are told at once."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from escalation_policies.case import Case
from escalation_policies.machine import Decision, replay
from events.directory import PersonRecorded
from events.escalation import JournalEntry
from events.notification import NotificationRequested
from events.unreached import ContactUnreached
from tests.simulation.truth import Broken

RECEIPTS = frozenset({"report_to_principal", "upward_receipt"})
"""Clocks that wait for somebody's answer."""
Lost = Mapping[str, Any]


def others_are_told(entries: Sequence[JournalEntry], people: Mapping[str, PersonRecorded]) -> None:
    """Check the history of one case. ``people``: the directory, which did not change.

    Raises:
        Broken: naming who was waited for in vain.
    """
    if not any(_lost(entry) for entry in entries):
        return
    gone: dict[tuple[str, str], set[str]] = {}
    for before, after in pairwise(replay(entries)):
        fact = next((found for one in after.effects if isinstance(one, JournalEntry) and (found := _lost(one))), None)
        if fact is None:
            continue
        of_them = gone.setdefault((fact["level"], fact["person_id"]), set())
        of_them.add(fact["contact_id"])
        person = people.get(fact["person_id"])
        is_last = person is not None and {contact.contact_id for contact in person.contacts} <= of_them
        if is_last and before.state is not None and _is_waited_for(before.state, fact):
            _somebody_is_told(before.state, after, fact)


def _lost(entry: JournalEntry) -> Lost | None:
    """Return the fact that a message was lost for good, if that is what an entry is about."""
    if entry.cause is None or entry.cause.type != ContactUnreached.TYPE or entry.cause.data["cause"] == "late":
        return None
    return entry.cause.data


def _is_waited_for(case: Case, fact: Lost) -> bool:
    """Return whether a clock runs for an answer that this person was to give."""
    level = case.level(fact["level"])
    seats = level.seats_of(fact["person_id"]) if level is not None else ()
    is_asked = fact.get("asks_acknowledgement", True) and not case.excluded and case.status == "open"
    is_theirs = bool(seats) and all(s.acknowledged_at is None and not s.is_out for s in seats)
    return bool(is_asked) and is_theirs and _runs(case, fact["level"])


def _runs(case: Case, level: str) -> bool:
    return any(c.name in RECEIPTS and c.level == level and c.status == "running" for c in case.clocks)


def _somebody_is_told(case: Case, decision: Decision, fact: Lost) -> None:
    """Check that a decision tells others, where there is anybody who does not know yet.

    Whoever sits at the same level and is not out knows of the case: the next level hears when nobody of them is left,
    or at the deadline.
    """
    asked = {one.person_id for one in decision.effects if isinstance(one, NotificationRequested)}
    if asked - {fact["person_id"]}:
        return
    after, chain = decision.state, [level.level for level in case.policy.chain]
    above = chain[chain.index(fact["level"]) + 1 :]
    if after is None or _is_waited_for(after, fact) or _nobody_knows(after, fact["level"], above):
        raise Broken(f"promise 5: nothing reaches {fact['person_id']}, and nobody else was told: {fact}")


def _nobody_knows(case: Case, level: str, above: Sequence[str]) -> bool:
    """Return whether a clock runs for a level whose people are all out, and no level above it was told."""
    state = case.level(level)
    is_empty = state is None or all(seat.is_out for seat in state.seats)
    return bool(above) and is_empty and _runs(case, level) and not any(map(case.level, above))
