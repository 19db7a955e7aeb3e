"""A journal told again: the decisions follow from its causes alone, and nobody is asked (DESIGN §3).

What a cause says decides, never what this program would say today: the policy is the one frozen in the opening, people
are those whom the directory named then, and an event of an older version is lifted to be judged, but stays written as
it was.
"""

from collections.abc import Sequence
from dataclasses import replace as changed

from escalation_policies.case import Case
from escalation_policies.errors import Undecidable
from escalation_policies.machine.judge import DEADLINE_REACHED, Decision, Event, decide
from escalation_policies.machine.ledger import RecordedDirectory
from escalation_policies.schema import Policy
from escalation_policies.selector import SchoolName
from events.base import CaseFact
from events.escalation import Cause, DeadlineReached, JournalEntry
from events.registry import resolve


def replay(entries: Sequence[JournalEntry]) -> list[Decision]:
    """Return the decisions of one case's journal, given in its order from its first entry on.

    Raises:
        Undecidable: the journal does not begin with the opening of its case.
        UnknownType: a newer version wrote it; that one can replay it.
    """
    case: Case | None = None
    decisions: list[Decision] = []
    frozen: tuple[Policy, SchoolName] | None = None
    for entry in entries:
        if entry.cause is None:
            continue
        if entry.cause.policy is not None:
            school = SchoolName(unit_id=entry.school_id, name=entry.cause.school_name or "")
            frozen = Policy.model_validate(entry.cause.policy), school
        if frozen is None:
            raise Undecidable("the journal does not begin with the opening of the case")
        policy, school = frozen
        directory = RecordedDirectory(entry.resolved, school)
        now = entry.fired_at or entry.received_at
        decision = decide(case, event_of(entry.cause), directory, policy, now)
        case = decision.state
        decisions.append(_caused_by(decision, entry.cause))
    return decisions


def event_of(cause: Cause) -> Event:
    """Return the event that was applied, in its present version.

    Raises:
        UnknownType: neither a present type nor one that can be lifted.
    """
    if cause.type == DEADLINE_REACHED:
        return DeadlineReached.model_validate(cause.data)
    _, model, data = resolve(cause.type, cause.data)
    event = model.model_validate(data)
    assert isinstance(event, CaseFact)
    return event


def _caused_by(decision: Decision, cause: Cause) -> Decision:
    """Return the decision with its cause as it was written then."""
    effects = list(decision.effects)
    for number, effect in enumerate(effects):
        if isinstance(effect, JournalEntry):
            effects[number] = effect.model_copy(update={"cause": cause})
            break
    return changed(decision, effects=tuple(effects))
