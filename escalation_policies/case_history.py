"""A case's journal read for people: who was told, by which selector and channels, and who was passed over, and why.

Each decision of the journal carries whom the directory named then; addresses are never in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from escalation_policies.chain_scrutiny import selectors_of
from escalation_policies.schema import Policy
from events.escalation import JournalEntry, Recipient, Resolution

IN_PERSON = "in person"
"""How somebody is named who was put in charge as such, by no selector."""


@dataclass(frozen=True)
class Telling:
    """One person was told once. ``question`` is the selector that named them, ``for_whom`` whoever is away."""

    entry: JournalEntry
    person_id: str
    name: str
    question: str
    channels: tuple[str, ...]
    for_whom: str | None = None


@dataclass(frozen=True)
class PassedOver:
    """One person was named and not told, because the case concerns them: ``tie`` says how."""

    entry: JournalEntry
    person_id: str
    name: str
    question: str
    tie: str


@dataclass(frozen=True)
class _Decision:
    entries: tuple[JournalEntry, ...]
    resolved: tuple[Resolution, ...]


class History:
    """What a journal says of people. ``entries``: the whole journal of one case, in order."""

    def __init__(self, entries: Sequence[JournalEntry], policy: Policy) -> None:
        self.entries = tuple(entries)
        self._policy = policy
        self._channels = {level.level: level.channels for level in policy.chain}
        decisions = list(_decisions(entries))
        recipients = [one for decision in decisions for answer in decision.resolved for one in answer.recipients]
        self.names = {one.person_id: one.name for one in recipients}
        self.tellings = tuple(telling for decision in decisions for telling in self._tellings(decision))
        self.passed_over = tuple(one for decision in decisions for one in _passed_over(decision))

    def name(self, person_id: str) -> str:
        """Return a person's name with their id; the id alone when the journal has no name for it."""
        found = self.names.get(person_id)
        return f"{found} ({person_id})" if found not in {None, person_id} else person_id

    def tellings_of(self, entry: JournalEntry) -> list[Telling]:
        """Return whom an entry told."""
        return [telling for telling in self.tellings if telling.entry is entry]

    def _tellings(self, decision: _Decision) -> Iterator[Telling]:
        for entry in decision.entries:
            for told in entry.told:
                question, found = self._named(decision.resolved, told.person_id, entry.level)
                has = {contact.channel for contact in found.contacts} if found is not None else set()
                yield Telling(
                    entry=entry,
                    person_id=told.person_id,
                    name=self.name(told.person_id),
                    question=question,
                    channels=tuple(one for one in self._channels.get(entry.level or "", ()) if one in has),
                    for_whom=found.on_behalf_of if found is not None else None,
                )

    def _named(self, resolved: Sequence[Resolution], person_id: str, level: str | None) -> tuple[str, Recipient | None]:
        """Return the selector that named a person at a level, and the person as they were named."""
        here = questions_of(self._policy, level)
        ranked = sorted(resolved, key=lambda answer: here.index(answer.question) if answer.question in here else 99)
        for answer in ranked:
            for one in answer.recipients:
                if one.person_id == person_id:
                    return (answer.question if answer.question in here else IN_PERSON), one
        return IN_PERSON, None


def questions_of(policy: Policy, level: str | None) -> list[str]:
    """Return the selectors of a level as questions: those it tells, its stand-ins, at the top the fallbacks."""
    number = next((n for n, one in enumerate(policy.chain) if one.level == level), None)
    top = number == len(policy.chain) - 1
    return [
        selector.question
        for where, selector in selectors_of(policy)
        if (where[0] == "chain" and where[1] == number) or (where[0] != "chain" and top)
    ]


def _decisions(entries: Sequence[JournalEntry]) -> Iterator[_Decision]:
    """Yield the journal decision by decision: the first entry of each carries its cause and the directory's answers."""
    begun: list[JournalEntry] = []
    for entry in entries:
        if entry.cause is not None and begun:
            yield _Decision(tuple(begun), begun[0].resolved)
            begun = []
        begun.append(entry)
    if begun:
        yield _Decision(tuple(begun), begun[0].resolved)


def _passed_over(decision: _Decision) -> Iterator[PassedOver]:
    for entry in decision.entries:
        if entry.kind != "recipient-excluded":
            continue
        for answer in decision.resolved:
            if answer.question not in entry.reason:
                continue
            for one in answer.recipients:
                if (tie := _tie(one, entry.hidden_from)) is not None:
                    yield PassedOver(entry, one.person_id, one.name, answer.question, tie)


def _tie(one: Recipient, hidden_from: Sequence[str]) -> str | None:
    if one.person_id in hidden_from:
        return "the case concerns them, or somebody they act for"
    if one.unit_id in hidden_from or one.office_id in hidden_from:
        return "the case concerns their office"
    return "they act for somebody whom the case concerns" if one.on_behalf_of in hidden_from else None
