"""The day's sheet and who is on it: every school once, as it stands, by district."""

from datetime import date, timedelta

import pytest

from escalation_policies.roll_call.roster import asked_schools, school_of
from escalation_policies.roll_call.sheet import Line, Sheet, line_of
from events.directory import UnitRecorded
from events.roll_call import Counts, SchoolExcused
from services.runtime.directory import DirectorySnapshot
from tests.support.roll_calls import (
    BUREAU,
    DIRECTOR,
    DIRECTORY,
    MONDAY,
    answered,
    live,
    minute,
    opened,
    schedule,
    school,
    sheet,
    units,
)

CALL = opened()
SUNDAY = date(2026, 3, 8)


def whole() -> Sheet:
    """One in time with cases, one late, one excused, one missing."""
    excuse = SchoolExcused(school_id="s-3", date=MONDAY, received_at=minute(-60), by="p-d2-director", reason="water")
    days = [
        live(CALL, answered(minute(-9), "with_cases", note="one"), answered(minute(-8), "with_cases"))[0],
        live(CALL, answered(minute(7), by="p-s-2", school_id="s-2"), school_id="s-2")[0],
        live(CALL, excuse, school_id="s-3")[0],
    ]
    return sheet(CALL, minute(30), *days)


def test_sheet_counts_every_school_once() -> None:
    """In total, and by district in the directory's order."""
    found = whole()
    assert found.counts == Counts(
        expected=4, confirmed=1, late=1, missing=1, awaited=0, excused=1, with_cases=1, contradicted=0
    )
    assert [(part.district_name, part.counts.expected, part.counts.missing) for part in found.districts] == [
        ("片区d1", 2, 0),
        ("片区d2", 2, 1),
    ]


def test_lines_say_how_each_school_stands_and_since_when() -> None:
    """The first answer's time, the newest answer's words."""
    one, two, three, lonely = whole().lines
    assert (one.standing, one.answer, one.answered_at, one.late_seconds, one.versions) == (
        "confirmed",
        "with_cases",
        minute(-9),
        None,
        2,
    )
    assert one.note is None
    assert (two.standing, two.late_seconds) == ("late", 420)
    assert (three.standing, three.excuse, three.answer) == ("excused", "water", None)
    assert (lonely.standing, lonely.versions, lonely.late_seconds) == ("missing", 0, None)


def test_answer_that_does_not_count_is_no_answer_on_the_sheet() -> None:
    """It is kept: the number of versions says so."""
    day, _ = live(CALL, answered(minute(-5), by="p-s-1-teacher", note="secret"))
    line = line_of(CALL, school(), day, minute(1))
    assert (line.standing, line.answer, line.note, line.versions) == ("missing", None, None, 1)


def test_correction_after_the_cut_off_is_marked() -> None:
    """In time, and said otherwise afterwards."""
    day, _ = live(CALL, answered(minute(-5)), answered(minute(5), "with_cases"))
    line = line_of(CALL, school(), day, minute(6))
    assert (line.standing, line.corrected_late, line.answer) == ("confirmed", True, "with_cases")


def test_before_the_cut_off_schools_are_awaited() -> None:
    """Nobody is called missing at three."""
    found = sheet(CALL, minute(-1))
    assert (found.counts.awaited, found.counts.missing) == (4, 0)


def test_sheet_is_the_same_in_json() -> None:
    """It is a page's data."""
    found = whole()
    assert Sheet.model_validate_json(found.model_dump_json()) == found
    assert Line.model_fields.keys() >= {"school_id", "standing", "contradicted"}


def ids(plan_lines: dict[str, str], day: date, directory: DirectorySnapshot = DIRECTORY) -> list[str]:
    found = asked_schools(schedule(**plan_lines), directory, BUREAU, day)
    return [one.unit_id for one in found]


def test_asked_are_the_bureaus_schools_in_directory_order() -> None:
    """On Sunday none, or those with a rule of their own."""
    assert ids({}, MONDAY) == ["s-1", "s-2", "s-3", "s-lonely"]
    assert ids({}, SUNDAY) == []
    rule = "schools: [{name: boarding, units: [d2], also_on: [sunday]}]\nspread: 1m"
    assert ids({"spread: 1m": rule}, SUNDAY) == ["s-3", "s-lonely"]


def test_bureau_below_asks_its_own_schools() -> None:
    """A city does not ask the schools of its counties a second time."""
    below = UnitRecorded(unit_id="county", name="县", kind="bureau", parent=BUREAU)
    own = UnitRecorded(unit_id="s-county", name="县小", kind="school", parent="county")
    directory = DirectorySnapshot.of([*units(), below, own], [])
    assert ids({}, MONDAY, directory) == ["s-1", "s-2", "s-3", "s-lonely"]
    assert [one.unit_id for one in asked_schools(schedule(), directory, "county", MONDAY)] == ["s-county"]


@pytest.mark.parametrize(("unit_id", "expected"), [("s-1", True), ("d1", False), ("nowhere", False)])
def test_only_a_school_is_one(unit_id: str, *, expected: bool) -> None:
    """A district answers for nobody but its schools."""
    assert (school_of(DIRECTORY, unit_id) is not None) is expected


def test_school_right_below_the_bureau_stands_under_it() -> None:
    """Its district is whoever is above it; a school above which nobody is known stands by itself."""
    direct = UnitRecorded(unit_id="s-direct", name="直属", kind="school", parent=BUREAU)
    lost = UnitRecorded(unit_id="s-lost", name="孤", kind="school", parent="gone")
    directory = DirectorySnapshot.of([*units(), direct, lost], [])
    found, alone = school_of(directory, "s-direct"), school_of(directory, "s-lost")
    assert found is not None
    assert alone is not None
    assert (found.district_id, found.district_name) == (BUREAU, "局")
    assert alone.district_id == "s-lost"


def test_director_is_who_the_schedule_names() -> None:
    """The support's people are those that these tests speak of."""
    assert DIRECTORY.person(DIRECTOR) is not None
    assert CALL.cut_off - CALL.window.opens_at == timedelta(hours=2)
