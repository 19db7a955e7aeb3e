"""Another client than the intake: it writes facts straight to the bus, where nobody could publish them again."""

from collections.abc import Callable

from events.base import CaseFact
from events.codec import encode
from events.roll_call import ReportConfirmed
from events.topics import TopicName
from tests.simulation.workers import Surroundings

Where = tuple[str, int, int]
"""Topic id, partition and offset."""


class OtherClient:
    """One of them. ``wrote``: where each of its facts is, by inbox key."""

    def __init__(self, around: Surroundings, source: str) -> None:
        self._around = around
        self._source = source
        self.wrote: dict[str, Where] = {}

    def finds(self, topic: TopicName) -> bool:
        """Return whether the bus answers, and has the topic."""
        bus = self._around.bus
        return not bus.away and self._around.settings.topic(topic) in bus.topics

    def write(
        self,
        topic: TopicName,
        fact: CaseFact | ReportConfirmed,
        event_id: str,
        key: str,
        place: Callable[[int, int], int],
    ) -> None:
        """Write a fact. ``place`` returns the partition, from that of the key and their number."""
        bus, name = self._around.bus, self._around.settings.topic(topic)
        record = encode(
            fact,
            event_id=event_id,
            key=key,
            source=self._source,
            time=fact.received_at,
            event_type=fact.TYPE,
        )
        raw, found = record.key.encode(), bus.topics[name]
        partition = place(bus.partition_of(name, raw), len(found.logs))
        offset = bus.append(name, partition, raw, record.headers, record.value)
        self.wrote[f"{self._source}|{event_id}"] = (found.topic_id, partition, offset)
