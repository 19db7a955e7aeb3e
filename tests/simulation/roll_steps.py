"""What is still to be done of roll calls in a healed world: what opens, what is due, what closes, and when."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from events.topics import PARTITIONS
from services.runtime.tables import EPOCH
from tests.simulation.timetable import ZONE, Timetable, is_anybody_asked

_OPEN = "SELECT roll_call_id, cut_off, closes_at, state FROM roll_calls WHERE is_open"
_PARTS = "SELECT partition, taken FROM roll_call_parts WHERE roll_call_id = ?"
DAYS_AHEAD = 2


def to_come(connection: sqlite3.Connection, timetable: Timetable, now: datetime) -> Iterator[datetime]:
    """Yield when each step that is not taken is due, when each open roll call closes, and when others open."""
    for call_id, cut_off, closes_at, state in connection.execute(_OPEN).fetchall():
        call, end = json.loads(state), _time(cut_off)
        parts = {partition: json.loads(taken) for partition, taken in connection.execute(_PARTS, (call_id,))}
        yield _time(closes_at)
        for step in timetable.schedule.chase:
            due = end + step.offset
            whole = [[one["step"], one.get("revision", 0)] for one in call.get("taken", ())]
            places = range(PARTITIONS) if step.about == "school" else (None,)
            for place in places:
                taken = whole if place is None else parts.get(place, [])
                if not _is_taken(call, step.step, due, taken):
                    yield due
    today = now.astimezone(ZONE).date()
    for day in (today + timedelta(days=number) for number in range(DAYS_AHEAD)):
        if is_anybody_asked(day):
            yield from (opens for _, opens, _ in timetable.windows(day) if opens > now)


def _is_taken(call: Mapping[str, Any], step: str, due: datetime, taken: list[list[Any]]) -> bool:
    moved_at = call.get("moved_at")
    before = moved_at is not None and due <= datetime.fromisoformat(moved_at)
    return any(name == step and (revision == call.get("revision", 0) or before) for name, revision in taken)


def _time(micros: int) -> datetime:
    return (EPOCH + timedelta(microseconds=micros)).astimezone(UTC)
