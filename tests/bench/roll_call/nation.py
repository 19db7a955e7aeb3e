"""The schools of a nation's tick, and the schedule of the bench, written where the services look for them."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from escalation_policies.roll_call.loader import SCHEDULES
from events.directory import ContactAddress, PersonRecorded, UnitRecorded
from services.runtime.database import Database
from services.runtime.live_directory import write_entries

SCHOOLS_OF_A_BUREAU = 150
"""A mean county has 165 (DOMAIN §8)."""

REMINDER_SECONDS = 150
"""Before the cut-off: the reminders have a tick of their own, which is over then."""

ZONE = ZoneInfo("Asia/Shanghai")


def school_id(number: int) -> str:
    """Return the id of a school; the first two are those that the bench files incidents for."""
    return f"school-{number + 1}"


async def settle_schools(database: Database, count: int) -> None:
    """Write so many schools with a principal each, under bureaus with a duty officer each."""
    units, people = [UnitRecorded(unit_id="bureau", name="above all", kind="bureau")], []
    for number in range(count):
        bureau = f"bureau-{number // SCHOOLS_OF_A_BUREAU}"
        if number % SCHOOLS_OF_A_BUREAU == 0:
            units.append(UnitRecorded(unit_id=bureau, name=bureau, kind="bureau", parent="bureau"))
            units.append(UnitRecorded(unit_id=f"{bureau}-d", name=f"{bureau}-d", kind="district", parent=bureau))
            people.append(_person(f"{bureau}-officer", bureau, "duty_officer"))
            people.append(_person(f"{bureau}-leader", bureau, "bureau_leader"))
            people.append(_person(f"{bureau}-director", f"{bureau}-d", "district_director"))
        school = school_id(number)
        units.append(UnitRecorded(unit_id=school, name=f"学校{number}", kind="school", parent=f"{bureau}-d"))
        people.append(_person(f"{school}-head", school, "principal"))
    async with database.writing() as connection:
        await write_entries(connection, units, people)


def write_schedule(folder: Path, opens: datetime, cut_off: datetime) -> Path:
    """Write a schedule with one roll call of today."""
    text = (SCHEDULES / "daily.yaml").read_text(encoding="utf-8")
    for old, new in {
        'opens: "14:00", cut_off: "16:00"': f'opens: "{_local(opens)}", cut_off: "{_local(cut_off)}"',
        "calendar: cn": "calendar: cn\ndays: every_day",
        "before: 30m": f"before: {REMINDER_SECONDS}s",
    }.items():
        assert old in text
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / "bench.yaml").write_text(text, encoding="utf-8")
    return folder


def _local(moment: datetime) -> str:
    return f"{(moment + timedelta(microseconds=1)).astimezone(ZONE):%H:%M:%S}"


def _person(person_id: str, unit_id: str, role: str) -> PersonRecorded:
    contact = ContactAddress(contact_id=f"{person_id}:sms", channel="sms", address="+12025550123")
    return PersonRecorded(person_id=person_id, name=person_id, unit_id=unit_id, roles=(role,), contacts=(contact,))
