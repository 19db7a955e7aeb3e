"""Who may see a case: its school's units and those above, but never whom it concerns (DOMAIN §2).

A case hidden from a caller does not exist for them, by any road: reading, listing, acting, a code, the live stream. Who
it is hidden from is the machine's answer (``Case.excluded``), which grows with the directory; here it is only kept.
"""

from collections.abc import Collection

from escalation_policies.schema import Policy
from services.intake.case_rows import CaseRows, Known
from services.intake.deps import Deps
from services.intake.problems import Problem
from services.intake.security import within
from services.runtime.directory import DirectorySnapshot
from services.runtime.tokens import Caller


def is_hidden(directory: DirectorySnapshot, caller: Caller, hidden_from: Collection[str]) -> bool:
    """Return whether a case is hidden from a caller: their unit, their person or their person's own unit is named.

    A unit above an excluded one sees the case, and so does one below: the machine tells them too.
    """
    return not _ties(directory, caller.person_id, caller.unit_id).isdisjoint(hidden_from)


def may_hear(directory: DirectorySnapshot, person_id: str, hidden_from: Collection[str]) -> bool:
    """Return whether a person has nothing to do with whom a case concerns."""
    return _ties(directory, person_id, None).isdisjoint(hidden_from)


def may_see(directory: DirectorySnapshot, caller: Caller, known: Known) -> bool:
    """Return whether a case exists for a caller."""
    return within(directory, caller, known.school_id) and not is_hidden(directory, caller, known.hidden_from)


async def visible_case(deps: Deps, caller: Caller, case_id: str) -> Known:
    """Return the case.

    Raises:
        Problem: 404 when there is none, or none for this caller.
    """
    known = await CaseRows(deps.store.database).find(case_id)
    if known is None or not may_see(deps.directory(), caller, known):
        detail = "Check the id. `GET /v1/cases` lists the cases of your units."
        raise Problem("unknown-case", detail)
    return known


def hidden_at_filing(
    directory: DirectorySnapshot, policy: Policy, school_id: str, concerns: tuple[str, ...]
) -> tuple[str, ...]:
    """Return from whom a report is hidden until it is judged, by the machine's own rule."""
    marked = policy.conflict.marked(concerns, school_id)
    if not marked:
        return ()
    return tuple(sorted({*marked, *directory.concerned(marked, policy.conflict.heads)}))


def _ties(directory: DirectorySnapshot, person_id: str | None, unit_id: str | None) -> frozenset[str]:
    person = directory.person(person_id) if person_id is not None else None
    tied = {person_id, unit_id, person.unit_id if person is not None else None}
    return frozenset(one for one in tied if one is not None)
