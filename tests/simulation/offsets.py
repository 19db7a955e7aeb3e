"""A witness of the unit of work: what lies before a stored offset was handled in the transaction that stored it.

It looks at what is committed whenever a process has died. At the end of a run it would be too late: the reconciler
publishes again what was passed over.
"""

import sqlite3

from services.runtime.consumption import OUR_SOURCES
from tests.simulation.bus import SimBus, Stored
from tests.simulation.workers import Surroundings

_TAKEN_CARE_OF = """
SELECT 1 FROM inbox WHERE consumer = :consumer AND event_id = :event_id
UNION SELECT 1 FROM outbox WHERE event_id = :event_id
  AND (lane LIKE 'escalation/%' OR lane LIKE 'roll_call/%') AND topic NOT LIKE '%notifications'
"""
"""Handled; or on its way home, when a copy of it came to another partition in the same unit of work."""


class OffsetWitness:
    """Looks at each record of ours once it was passed."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._looked_at: dict[tuple[str, int], int] = {}
        self.contradiction: str | None = None

    def look(self) -> None:
        """Remember a record that counts as read and not as handled, if there is one."""
        with sqlite3.connect(self._around.path, isolation_level=None) as connection:
            connection.execute("BEGIN")
            passed = connection.execute("SELECT consumer, topic, partition, topic_id, offset FROM consumed").fetchall()
            for consumer, topic, partition, topic_id, offset in passed:
                found = self._around.bus.topics.get(topic)
                is_whole = found is not None and found.topic_id == topic_id and partition not in found.hurt
                for event_id in self._newly_passed(topic_id, topic, partition, offset) if is_whole else ():
                    self._ask(connection, consumer, event_id, f"{topic}/{partition}")
        connection.close()

    def _newly_passed(self, topic_id: str, topic: str, partition: int, offset: int) -> list[str]:
        log = self._around.bus.topics[topic].logs[partition]
        first = self._looked_at.get((topic_id, partition), 0)
        self._looked_at[topic_id, partition] = max(first, offset + 1)
        ours = (_own_id(self._around.bus, topic, partition, record) for record in log[first : offset + 1])
        return [event_id for event_id in ours if event_id is not None]

    def _ask(self, connection: sqlite3.Connection, consumer: str, event_id: str, where: str) -> None:
        asked = {"consumer": consumer, "event_id": event_id}
        if self.contradiction is None and connection.execute(_TAKEN_CARE_OF, asked).fetchone() is None:
            self.contradiction = f"§4: {consumer} has read past {event_id} in {where}, and has not handled it"


def _own_id(bus: SimBus, topic: str, partition: int, record: Stored | None) -> str | None:
    """Return the id of a record of ours at home. Elsewhere it is sent on, and counts as handled only at home."""
    if record is None or record.key is None or bus.partition_of(topic, record.key) != partition:
        return None
    named = dict(record.headers)
    if not named.get("ce_source", b"").startswith(OUR_SOURCES.encode()):
        return None
    return named.get("ce_id", b"").decode()
