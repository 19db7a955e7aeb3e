"""Roll calls of several bureaus by HTTP: whoever is above them sees the numbers of each, and then the sheet of one."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from events.directory import UnitRecorded
from services.cli.roll_call_command import lines_of
from services.runtime.database import Database
from services.runtime.directory import DirectorySnapshot
from tests.support.roll_call_bureau import Bureau
from tests.support.roll_calls import BUREAU, MONDAY, OPENS, answered, everybody, minute, person, units

DAY = MONDAY.isoformat()


def a_city() -> DirectorySnapshot:
    """The bureau of all tests below a city, beside one in the west whose cut-off is two hours later."""
    below = [unit.model_copy(update={"parent": "city"}) if unit.unit_id == BUREAU else unit for unit in units()]
    more = [
        UnitRecorded(unit_id="city", name="=市局", kind="bureau", timezone="Asia/Shanghai"),
        UnitRecorded(unit_id="w", name="西局", kind="bureau", parent="city", timezone="Asia/Urumqi"),
        UnitRecorded(unit_id="w-1", name="西校", kind="school", parent="w", timezone="Asia/Urumqi"),
    ]
    return DirectorySnapshot.of([*below, *more], [*everybody(), person("p-w-1", "w-1", "principal")])


@pytest.fixture
async def city(database: Database) -> Bureau:
    """Half past four in the east, half past two in the west: one has answered, three are missing, one is awaited."""
    made = Bureau(database, a_city())
    await made.desk.begin(OPENS - timedelta(hours=4))
    for minutes in (-120, 0):
        await made.at(minutes)
    await made.desk.say(answered(minute(-60)))
    await made.at(30)
    return made


async def test_whoever_is_above_several_bureaus_sees_the_numbers_of_each(city: Bureau) -> None:
    """The city's own has no school to ask; the sum is what its leader is asked for."""
    async with city.intake.client("officer", "city", "p-city") as client:
        found: dict[str, Any] = (await client.get(f"/v1/roll-calls/{DAY}")).json()
        today = (await client.get("/v1/roll-calls/today")).json()
        one = (await client.get(f"/v1/roll-calls/{DAY}", params={"bureau_id": "w"})).json()
        none = (await client.get(f"/v1/roll-calls/{DAY}", params={"call": "flood"})).json()
    assert found == today
    assert {name: found["counts"][name] for name in ("expected", "confirmed", "missing", "awaited")} == {
        "expected": 5,
        "confirmed": 1,
        "missing": 3,
        "awaited": 1,
    }
    numbers = {part["bureau_id"]: part["counts"] for part in found["bureaus"]}
    assert {bureau: (counts["expected"], counts["missing"]) for bureau, counts in numbers.items()} == {
        "city": (0, 0),
        BUREAU: (4, 3),
        "w": (1, 0),
    }
    assert [line["school_id"] for line in one["lines"]] == ["w-1"]
    assert [part["counts"] for part in none["bureaus"]] == [None, None, None]
    assert lines_of(found)[0].startswith("3 bureaus: expected 5, confirmed 1, late 0, missing 3, awaited 1")
    assert f"  局 [b] {DAY} (daily) expected 4, confirmed 1" in "\n".join(lines_of(found))
    assert f"  西局 [w] {DAY} no such roll call" in lines_of(none)


async def test_overview_is_a_file_and_a_page(city: Bureau) -> None:
    """Each bureau a row, its cut-off by its own clock; a name is no formula, and no HTML."""
    async with city.intake.client("officer", "city", "p-city") as client:
        file = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "csv"})
        page = await client.get(f"/v1/roll-calls/{DAY}", params={"format": "html"})
    rows = {row["bureau_id"]: row for row in csv.DictReader(io.StringIO(file.content.decode("utf-8-sig")))}
    assert (rows[BUREAU]["missing"], rows[BUREAU]["cut_off"]) == ("3", f"{DAY}T16:00:00+08:00")
    assert (rows["w"]["awaited"], rows["w"]["cut_off"]) == ("1", f"{DAY}T16:00:00+06:00")
    assert rows["city"]["bureau"] == "'=市局"
    assert f"roll-calls-{DAY}.csv" in file.headers["content-disposition"]
    assert "应报 expected 5，按时 in time 1" in page.text
    assert "<script" not in page.text
    assert len(page.content) < 10_240


async def test_whoever_is_at_one_bureau_sees_its_sheet(city: Bureau) -> None:
    """Nothing changes for them, and nobody sees the neighbours."""
    async with city.officer() as client:
        found = (await client.get(f"/v1/roll-calls/{DAY}")).json()
    assert [line["school_id"] for line in found["lines"]] == ["s-1", "s-2", "s-3", "s-lonely"]
    assert "bureaus" not in found
