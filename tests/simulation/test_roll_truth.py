"""The truth about roll calls hears in the order in which a unit of work does, whatever that unit writes first."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from escalation_policies.roll_call.loader import Schedules
from events.ids import roll_call_id
from events.roll_call import RollCallOpened, SchoolExcused
from services.runtime.tables import EPOCH
from tests.simulation.county import SCHOOLS
from tests.simulation.machine import BOOT
from tests.simulation.memory import WITNESS
from tests.simulation.record import RollCallRecord
from tests.simulation.roll_truth import RollCallTruth
from tests.simulation.timetable import BUREAU, ZONE, Timetable

TODAY = BOOT.astimezone(ZONE).date()
SCHOOL = SCHOOLS[0]
NOBODY: Any = None
"""Stands for parts of a life that are not asked here: its bus, its clock."""
EXTRA = roll_call_id(BUREAU, TODAY.isoformat(), "extra")
OPENED = RollCallOpened(
    bureau_id=BUREAU,
    date=TODAY,
    call="extra",
    received_at=BOOT,
    opens_at=BOOT,
    cut_off=BOOT + timedelta(minutes=10),
    closes_at=BOOT + timedelta(minutes=20),
    by="officer",
)
EXCUSED = SchoolExcused(school_id=SCHOOL, date=TODAY, received_at=BOOT, by="officer", reason="no water")


@pytest.mark.parametrize("order", [("excuse", "opening"), ("opening", "excuse")])
def test_an_excuse_for_the_day_is_for_the_roll_calls_heard_of_before_it(order: tuple[str, str], tmp_path: Path) -> None:
    """The row of an officer's roll call is written first, also by a unit of work that heard its opening last."""
    is_excused = _truth(tmp_path, ("row", *order)).calls[EXTRA].days[SCHOOL].is_excused
    assert is_excused == (order == ("opening", "excuse"))


def test_an_excuse_of_a_later_unit_is_for_an_officers_roll_call_too(tmp_path: Path) -> None:
    """From its opening on, it is a roll call of the day as any other, and its row may be written again."""
    assert _truth(tmp_path, ("row", "opening", "row", "excuse")).calls[EXTRA].days[SCHOOL].is_excused


def _truth(folder: Path, moments: tuple[str, ...]) -> RollCallTruth:
    """Return what is true after these moments; ``row`` is that of the roll call that the officer opened."""
    record = RollCallRecord(NOBODY, NOBODY, "zero-reports", "notifications")
    record.facts |= {"opening": OPENED, "excuse": EXCUSED}
    row = json.dumps({"window": {"date": TODAY.isoformat(), "call": "extra"}})
    at = (BOOT - EPOCH) // timedelta(microseconds=1)
    said = [("call", EXTRA, row, at) if one == "row" else ("heard", one, "", at) for one in moments]
    path = folder / "store.db"
    connection = sqlite3.connect(path)
    connection.executescript(WITNESS)
    insert = "INSERT INTO witness_moments (what, name, said, at, turn) VALUES (?, ?, ?, ?, 0)"
    connection.executemany(insert, said)
    connection.commit()
    connection.close()
    timetable = Timetable(Schedules([]), ())
    return RollCallTruth(path, NOBODY, record, timetable, lambda _: True, timedelta(minutes=10))
