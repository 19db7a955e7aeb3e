"""Which schools are asked on which days, and every fault of a schedule file, with its place."""

import json
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from escalation_policies.errors import PolicyFaults
from escalation_policies.roll_call.loader import SCHEDULES, load_schedules, parse_schedule
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.schedule_schema import schedule_schema
from escalation_policies.roll_call.scrutiny import out_of_date
from services.cli.contracts.files import FOLDER, SCHEDULE_SCHEMA

DAILY = (SCHEDULES / "daily.yaml").read_text(encoding="utf-8")
BOARDING = """
schools:
  - name: boarding
    units: [school-boarding, district-far]
    also_on: [sunday]
    breaks: [{name: winter, first_day: 2026-02-01, last_day: 2026-02-28}]
  - name: always
    units: [school-always]
    days: every_day
  - name: elsewhere
    units: [school-elsewhere]
    calendar: {id: own, holidays: [2026-03-03], working: [2026-03-07]}
special_periods:
  - name: floods
    first_day: 2026-07-18
    last_day: 2026-07-20
    calls:
      - {call: morning, opens: "06:00", cut_off: "07:00"}
      - {call: evening, opens: "18:00", cut_off: "19:00"}
"""
SATURDAY_MADE_UP, SATURDAY, SUNDAY, MONDAY = date(2026, 5, 9), date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9)
NATIONAL_DAY = date(2026, 10, 1)
EVERY_BREAK = "breaks: [{name: summer, first_day: 2026-07-10, last_day: 2026-08-31}]\n"


def schedule(extra: str = "") -> Schedule:
    return parse_schedule(DAILY + extra)


def asks(found: Schedule, day: date, *lineage: str) -> bool:
    return found.asks(found.rule_for(lineage or ("school-001", "district-1", "bureau")), day)


@pytest.mark.parametrize(
    ("day", "lineage", "expected"),
    [
        (MONDAY, ("school-001",), True),
        (SATURDAY, ("school-001",), False),
        (SATURDAY_MADE_UP, ("school-001",), True),
        (NATIONAL_DAY, ("school-001",), False),
        (SUNDAY, ("school-boarding", "district-1"), True),
        (SATURDAY, ("school-boarding", "district-1"), False),
        (SUNDAY, ("school-001", "district-far"), True),
        (SUNDAY, ("school-001", "district-near"), False),
        (date(2026, 2, 8), ("school-boarding",), False),
        (NATIONAL_DAY, ("school-always",), True),
        (date(2026, 3, 3), ("school-elsewhere",), False),
        (SATURDAY, ("school-elsewhere",), True),
        (date(2026, 12, 31), ("school-001",), True),
        (date(2027, 1, 1), ("school-001",), True),  # beyond what the calendar knows: a Friday
    ],
)
def test_who_is_asked_on_a_day(day: date, lineage: tuple[str, ...], *, expected: bool) -> None:
    """Working days with their make-up Saturdays; boarding schools on Sundays; the nearest named unit decides."""
    assert asks(schedule(BOARDING), day, *lineage) is expected


def test_rule_of_the_school_itself_goes_before_that_of_its_district() -> None:
    """A day school in a district of boarding schools."""
    found = schedule(BOARDING.replace("units: [school-always]", "units: [school-always, school-day]"))
    assert found.rule_for(("school-day", "district-far")).days == "every_day"
    assert found.rule_for(("school-other", "district-far")).also_on == ("sunday",)


def test_special_period_has_calls_of_its_own_and_asks_through_breaks() -> None:
    """A flood in the summer holidays: twice a day, every school, Saturdays too."""
    found = schedule(EVERY_BREAK + BOARDING)
    assert not asks(found, date(2026, 7, 17))
    assert [call.call for call in found.calls_on(date(2026, 7, 17))] == ["daily"]
    for day in (date(2026, 7, 18), date(2026, 7, 20)):
        assert asks(found, day)
        assert [call.call for call in found.calls_on(day)] == ["morning", "evening"]
    assert not asks(found, date(2026, 7, 21))


def test_special_period_of_working_days_keeps_the_breaks() -> None:
    """An exam week asks more often, and nobody who is away."""
    found = schedule(EVERY_BREAK + BOARDING.replace("name: floods", "name: exams\n    days: working_days"))
    assert not asks(found, date(2026, 7, 20))
    assert not asks(
        schedule(BOARDING.replace("name: floods", "name: exams\n    days: working_days")), date(2026, 7, 18)
    )


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('opens: "14:00"', "opens: 14", "calls[0].opens: 14 is no hour of the day"),
        ('opens: "14:00"', 'opens: "24:30"', "calls[0].opens: "),
        ("calendar: cn", "calendar: mars", "calendar: no calendar 'mars'; there is cn"),
        ("calendar: cn", "calendar: cn\ntimezone: Mars/Base", "timezone: 'Mars/Base' is no time zone"),
        ("before: 30m", "before: 30m\n    after: 1m", "chase[0]: give one of `before` and `after`"),
        ("before: 30m", "before: 2h", "chase[0].before: the shortest window is 2h"),
        ("    after: 15m", "    after: 40m", "chase[3]: comes before 'district'"),
        ("    after: 30m", "    after: 9h", "chase[3].after: the roll call is closed 8h after"),
        ("step: district #", "step: missing #", "chase[2].step: a step 'missing' is there already"),
        ("about: bureau", "about: district", "chase: no step tells the bureau"),
        ("step: missing # at the cut-off: the principal and who stands in\n    about: school",
         "step: missing\n    about: district", "chase: no step tells a school that it is missing"),
        ("channels: [sms, email]", "channels: [sms, sms]", "chase[2].channels: a channel is named twice"),
        ("closes_after: 8h", "closes_after: 25h", "closes_after: a roll call closes within a day"),
        ("id: daily-zero-report", "id: daily\nunheard: 1", "unheard: Extra inputs are not permitted"),
        ("role: principal}", "role: principal, on_duty: x}", "confirm_by[0]: give exactly one of"),
        ("contradiction:", "contradictions:", "contradiction: Field required"),
    ],
)  # fmt: skip
def test_fault_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    """Whoever wrote the file finds the line."""
    assert old in DAILY
    with pytest.raises(PolicyFaults) as found:
        parse_schedule(DAILY.replace(old, new, 1), "county.yaml")
    texts = [f"{one.path}: {one.message}" for one in found.value.faults]
    assert any(text.startswith(fault) for text in texts), texts
    assert all(one.file == "county.yaml" and one.line > 0 for one in found.value.faults)


OWN = "calendar: {id: own, holidays: [2026-03-03], working: [2026-03-07]}"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[school-always]", "[district-far]", "schools[1].units[0]: 'district-far' is named twice"),
        ('"18:00"', '"06:30"', "special_periods[0].calls[1]: its window overlaps that of 'morning'"),
        ("evening", "morning", "special_periods[0].calls[1].call: a day has one roll call 'morning'"),
        ("2026-07-20", "2026-07-17", "special_periods[0]: `last_day` 2026-07-17 lies before"),
        ("{id: own,", "{id: own, timezone: X,", "schools[2].calendar.timezone: 'X' is no time zone"),
        (OWN, "calendar: moon", "schools[2].calendar: no calendar 'moon'"),
    ],
)
def test_fault_of_an_exception_is_told_with_its_place(old: str, new: str, fault: str) -> None:
    """Rules of schools and special periods are looked at as closely."""
    assert old in BOARDING
    with pytest.raises(PolicyFaults) as found:
        schedule(BOARDING.replace(old, new))
    texts = [f"{one.path}: {one.message}" for one in found.value.faults]
    assert any(text.startswith(fault) for text in texts), texts


def test_windows_that_only_touch_are_no_fault() -> None:
    """From eight to twelve, from twelve to four: noon belongs to the first."""
    parts = '- {call: a, opens: "08:00", cut_off: "12:00"}\n  - {call: b, opens: "12:00", cut_off: "16:00"}'
    found = parse_schedule(DAILY.replace('- {call: daily, opens: "14:00", cut_off: "16:00"}', parts))
    assert [call.call for call in found.calls] == ["a", "b"]


def test_line_of_a_fault_is_that_of_the_file() -> None:
    """Counted from 1."""
    text = DAILY.replace('cut_off: "16:00"', "cut_off: noon")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if "noon" in line)
    with pytest.raises(PolicyFaults) as found:
        parse_schedule(text)
    assert [one.line for one in found.value.faults] == [line]


def test_overnight_windows_of_two_days_may_not_meet() -> None:
    """One from 22:00 to 02:00, the next from 01:00: an answer at 01:30 would belong to either."""
    night = '- {call: night, opens: "22:00", cut_off: "02:00"}\n  - {call: early, opens: "01:00", cut_off: "03:00"}'
    with pytest.raises(PolicyFaults, match="overlaps that of 'night'"):
        parse_schedule(DAILY.replace('- {call: daily, opens: "14:00", cut_off: "16:00"}', night))


def test_folder_names_every_collision(tmp_path: Path) -> None:
    """Two schedules for one bureau, or two for all others: nobody could know which holds."""
    (tmp_path / "a.yaml").write_text(DAILY, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(DAILY.replace("id: daily-zero-report", "id: other"), encoding="utf-8")
    (tmp_path / "c.yaml").write_text(DAILY + "bureaus: [b-1]\n", encoding="utf-8")
    (tmp_path / "d.yaml").write_text(DAILY.replace("daily-z", "z") + "bureaus: [b-2, b-1]\n", encoding="utf-8")
    with pytest.raises(PolicyFaults) as found:
        load_schedules(tmp_path)
    assert [(one.file, one.path, one.message) for one in found.value.faults] == [
        ("b.yaml", "bureaus", "every bureau that is not named already belongs to a.yaml"),
        ("c.yaml", "id", "id 'daily-zero-report' already belongs to a.yaml"),
        ("d.yaml", "bureaus[1]", "bureau 'b-1' already belongs to c.yaml"),
    ]


def test_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """A folder given by mistake would ask no school, and nobody would notice."""
    with pytest.raises(PolicyFaults, match="no schedule file"):
        load_schedules(tmp_path)


def test_bureau_has_its_own_schedule_or_that_of_all(tmp_path: Path) -> None:
    """The one that names it goes before the one that names none."""
    (tmp_path / "a.yaml").write_text(DAILY, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(DAILY.replace("daily-zero-report", "own") + "bureaus: [b-1]\n", encoding="utf-8")
    found = load_schedules(tmp_path)
    named, other = found.of("b-1"), found.of("b-2")
    assert named is not None
    assert other is not None
    assert (named.id, other.id) == ("own", "daily-zero-report")
    (tmp_path / "a.yaml").unlink()
    assert load_schedules(tmp_path).of("b-2") is None


def test_calendar_that_ended_is_told() -> None:
    """In the year after its last announced holiday."""
    assert list(out_of_date(schedule(), date(2026, 12, 31))) == []
    ((steps, what),) = out_of_date(schedule(), date(2027, 1, 1))
    assert steps == ["calendar"]
    assert "add those of 2027" in what


def test_schedule_is_the_same_after_it_was_stored() -> None:
    """It is frozen into each roll call as JSON."""
    found = schedule(EVERY_BREAK + BOARDING)
    assert Schedule.model_validate_json(found.model_dump_json()) == found


def test_library_is_valid_by_the_schema_that_editors_use() -> None:
    """And what the loader refuses for its shape, the schema refuses, too."""
    schema = json.loads((FOLDER / SCHEDULE_SCHEMA).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema_of_the_code := {**schema, **schedule_schema()})
    assert schema_of_the_code == schema
    read = YAML(typ="safe", pure=True).load
    assert [fault.message for fault in validator.iter_errors(_dated(read(DAILY + BOARDING)))] == []
    for wrong in ("calendar: mars", "unheard: 1", "calls: []", "closes_after: soon"):
        assert list(validator.iter_errors(_dated({**read(DAILY), **read(wrong)}))), wrong


def _dated(document: object) -> object:
    """Return the document as JSON has it: days as text."""
    return json.loads(json.dumps(document, default=str))
