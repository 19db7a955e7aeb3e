"""What a case does next if nobody acts: the machine is asked, with the directory as it is today."""

from dataclasses import dataclass
from datetime import datetime

from escalation_policies.case import Case
from escalation_policies.case_history import History, Telling
from escalation_policies.machine import decide
from escalation_policies.selector import Directory
from events.escalation import DeadlineReached, JournalEntry


@dataclass(frozen=True)
class Outlook:
    """The next stored deadline, who will be told then, and what else is written down."""

    clock: str
    step: str
    at: datetime
    tellings: tuple[Telling, ...]
    others: tuple[JournalEntry, ...]


def outlook(case: Case, directory: Directory) -> Outlook | None:
    """Return what is due next; None when nothing is."""
    found = case.next_due()
    if found is None:
        return None
    clock, due = found
    event = DeadlineReached(case_id=case.case_id, clock=clock.key, step=due.step, deadline=due.at, fired_at=due.at)
    decision = decide(case, event, directory, case.policy, due.at)
    entries = [effect for effect in decision.effects if isinstance(effect, JournalEntry)]
    others = tuple(entry for entry in entries if not entry.told)
    return Outlook(clock.key, due.step, due.at, History(entries, case.policy).tellings, others)
