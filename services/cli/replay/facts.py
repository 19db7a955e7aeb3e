"""Which facts on the bus were applied already, told by the journals: who reads on shall apply none twice.

A journal keeps each fact whole, but not the id of its record: a record is recognised by what it says. Two records that
say the same count as often as the journal has it.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from events.base import CaseFact
from events.codec import decode
from events.errors import EventError
from events.topics import TopicName
from services.cli.replay.past import Past
from services.runtime.consumption import event_key

TOPICS: tuple[TopicName, ...] = ("incidents", "petitions")


class BusFacts:
    """The facts that the bus has, which are held against those that the journals say were applied."""

    def __init__(self) -> None:
        self._on_bus: dict[str, bytes] = {}
        self._applied: Counter[bytes] = Counter()

    async def read(self, past: Past) -> None:
        """Read the topics of facts. What cannot be read is in the dead-letter topic, and goes there again."""
        for topic in TOPICS:
            async for record in past.records(topic):
                try:
                    decoded = decode(record.headers, record.value)
                except EventError:
                    continue
                if isinstance(decoded.body, CaseFact):
                    self._on_bus.setdefault(event_key(decoded.envelope), _digest(decoded.body))

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._on_bus

    def __len__(self) -> int:
        return len(self._on_bus)

    def were_applied(self, facts: Iterable[CaseFact]) -> None:
        """Note facts that a journal says were applied."""
        self._applied.update(map(_digest, facts))

    def recognised(self) -> list[str]:
        """Return the inbox key of each record that was applied; a worker applies the others when it reads them."""
        left = self._applied.copy()
        found = []
        for key, digest in self._on_bus.items():
            if left[digest] > 0:
                left[digest] -= 1
                found.append(key)
        return found


def _digest(fact: CaseFact) -> bytes:
    text = f"{fact.TYPE}\x1f{fact.model_dump_json(exclude_none=True)}"
    return blake2b(text.encode(), digest_size=16).digest()
