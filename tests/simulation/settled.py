"""What is still under way in a healed world: records, messages, deadlines, and logs not read to their end."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from services.runtime.tables import EPOCH, to_micros
from tests.simulation.bus import PREFIX
from tests.simulation.roll_steps import to_come
from tests.simulation.workers import Surroundings

READERS = {
    "incidents": "escalation",
    "petitions": "escalation",
    "notifications": "notifier",
    "zero-reports": "roll_call",
}
_COUNTS = {
    "records to publish": "SELECT count(*) FROM outbox WHERE pending",
    "records to confirm": "SELECT count(*) FROM outbox WHERE NOT pending",
    "messages to finish": "SELECT count(*) FROM notifications WHERE next_try_at IS NOT NULL"
    " AND NOT (state = 'pending' AND next_try_at > :now AND json_extract(request, '$.not_before') IS NOT NULL)",
    "deadlines to fire": "SELECT count(*) FROM cases WHERE next_due_at <= :now",
}


_HELD = """
SELECT max(next_try_at) FROM notifications
WHERE state = 'pending' AND next_try_at > ? AND json_extract(request, '$.not_before') IS NOT NULL
"""


class Store:
    """A look at the store from outside of every process."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def under_way(self) -> Counter[str]:
        """Return what is not finished, and how much of it."""
        around = self._around
        with sqlite3.connect(around.path, isolation_level=None) as connection:
            now = {"now": to_micros(around.machine.clock.now())}
            steps = sum(at <= around.machine.clock.now() for at in self._steps(connection))
            left = Counter({name: connection.execute(sql, now).fetchone()[0] for name, sql in _COUNTS.items()})
            read = {
                (topic, number, topic_id): offset
                for topic, number, topic_id, offset in connection.execute(
                    "SELECT topic, partition, topic_id, offset FROM consumed"
                )
            }
        connection.close()
        left["steps of roll calls"] = steps
        left["records to read"] = sum(
            max(0, len(log) - 1 - read.get((PREFIX + name, number, around.bus.topics[PREFIX + name].topic_id), -1))
            for name in READERS
            for number, log in enumerate(around.bus.topics[PREFIX + name].logs)
            if any(log)
        )
        return +left

    def next_due(self) -> datetime | None:
        """Return the earliest stored deadline, or what comes next of roll calls."""
        with sqlite3.connect(self._around.path, isolation_level=None) as connection:
            first = connection.execute("SELECT min(next_due_at) FROM cases").fetchone()[0]
            known = [] if first is None else [EPOCH + timedelta(microseconds=first)]
            now = self._around.machine.clock.now()
            known += [at for at in self._steps(connection) if at > now]
        connection.close()
        return min(known, default=None)

    def _steps(self, connection: sqlite3.Connection) -> Iterable[datetime]:
        around = self._around
        return to_come(connection, around.timetable, around.machine.clock.now()) if around.has_roll_calls else ()

    def morning(self) -> float | None:
        """Return in how many seconds of the loop the last message is due that quiet hours hold back now, if any is."""
        clock = self._around.machine.clock
        now = to_micros(clock.now())
        with sqlite3.connect(self._around.path, isolation_level=None) as connection:
            last = connection.execute(_HELD, (now,)).fetchone()[0]
        connection.close()
        return None if last is None else (last - now) / 1e6 / clock.speed


def settling(left: Mapping[str, int]) -> bool:
    """Return whether all that is left are records which somebody must be told are lost."""
    return set(left) <= {"records to confirm", "records to read"}
