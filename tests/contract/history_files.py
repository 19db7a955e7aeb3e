"""Recorded histories: the journal of a case as it was published, and what else its decisions caused, byte for byte.

Three files each, under ``histories/<life>.v<version>``:

``.journal.jsonl``  the values of the records on ``tocsin.escalations``, in order
``.effects.jsonl``  the notifications that were requested, with their ids, and reports that were sent on their way
``.state.json``     the case at the end, as the store keeps it

Journals lie in databases and on the bus of those who run Tocsin, so a recorded journal never changes and stays
replayable. When the core shall decide otherwise than it did:

1. let what the history carries decide which way is taken: the policy frozen in its opening (a new rule is a new field,
   whose default is the old way) or the version of the event (``events.registry.UPCASTERS``);
2. raise the ``version`` of the lives that change and run ``python -m tests.contract.record_histories``: their new
   histories are recorded beside the old ones, which the test goes on replaying;
3. never delete or edit what was recorded and released.

The state is another matter: it can be made anew from the journal, and nobody reads it across versions. When its shape
changes, ``--states`` writes the last file of each history anew, and the difference shows what changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from escalation_policies.machine import Decision
from events.escalation import JournalEntry
from services.escalation.case_text import CaseText
from services.escalation.docket import journal_record

HISTORIES = Path(__file__).parent / "histories"
_JOURNAL, _EFFECTS, _STATE = ".journal.jsonl", ".effects.jsonl", ".state.json"


@dataclass(frozen=True)
class History:
    """What is recorded of one case: the bytes of its three files."""

    journal: bytes
    effects: bytes
    state: bytes

    @property
    def entries(self) -> list[JournalEntry]:
        """Return the journal, read."""
        return [JournalEntry.model_validate_json(line) for line in self.journal.splitlines()]


def history_of(decisions: Sequence[Decision]) -> History:
    """Return what is to be recorded of a whole life, or of its replay."""
    effects = [effect for decision in decisions for effect in decision.effects]
    journal = [journal_record(effect).value for effect in effects if isinstance(effect, JournalEntry)]
    others = [
        b'{"type":"%s","data":%s}' % (effect.TYPE.encode(), effect.model_dump_json(exclude_none=True).encode())
        for effect in effects
        if not isinstance(effect, JournalEntry)
    ]
    state = decisions[-1].state
    assert state is not None
    return History(_lines(journal), _lines(others), _lines([CaseText().write(state).encode()]))


def names(folder: Path = HISTORIES) -> list[str]:
    """Return the names of all histories on record, the old versions too."""
    return sorted(file.name.removesuffix(_JOURNAL) for file in folder.glob("*" + _JOURNAL))


def read_history(name: str, folder: Path = HISTORIES) -> History:
    """Return a history as recorded."""
    return History(*((folder / (name + ending)).read_bytes() for ending in (_JOURNAL, _EFFECTS, _STATE)))


def write_history(name: str, history: History, folder: Path = HISTORIES) -> None:
    """Record a history."""
    (folder / (name + _JOURNAL)).write_bytes(history.journal)
    (folder / (name + _EFFECTS)).write_bytes(history.effects)
    write_state(name, history.state, folder)


def write_state(name: str, state: bytes, folder: Path = HISTORIES) -> None:
    """Record the last state of a history anew."""
    (folder / (name + _STATE)).write_bytes(state)


def _lines(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)
