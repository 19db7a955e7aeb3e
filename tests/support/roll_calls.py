"""A small bureau for roll calls: two districts, a boarding school, a school with nobody to tell; and its Monday."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from escalation_policies.roll_call.bureaus import open_by_schedule
from escalation_policies.roll_call.call import RollCall
from escalation_policies.roll_call.loader import SCHEDULES, parse_schedule
from escalation_policies.roll_call.page import Effect, StepReached
from escalation_policies.roll_call.roster import School, asked_schools, school_of
from escalation_policies.roll_call.schedule import Schedule
from escalation_policies.roll_call.school_day import NotedCase, SchoolDay
from escalation_policies.roll_call.schools import SchoolDecision, SchoolEvent, decide_school
from escalation_policies.roll_call.sheet import Sheet, sheet_of
from escalation_policies.roll_call.window import windows_on
from events.directory import ContactAddress, PersonRecorded, Roster, Shift, UnitRecorded
from events.notification import NotificationRequested
from events.roll_call import Answer, ReportConfirmed
from services.runtime.directory import DirectorySnapshot

DAILY = (SCHEDULES / "daily.yaml").read_text(encoding="utf-8")
MONDAY = date(2026, 3, 2)
OPENS = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
CUT_OFF = OPENS + timedelta(hours=2)
BUREAU, OFFICER, DIRECTOR = "b", "p-officer", "p-d1-director"
LONELY = "s-lonely"
"""A school where nobody holds a post."""

_SHIFT = Shift(start=OPENS - timedelta(days=400), end=OPENS + timedelta(days=800), person_id=OFFICER)


def minute(number: float) -> datetime:
    """Return the time so many minutes after the cut-off; negative: before it."""
    return CUT_OFF + timedelta(minutes=number)


def person(person_id: str, unit_id: str, *roles: str, channels: Sequence[str] = ("sms", "email")) -> PersonRecorded:
    address = {"sms": "+8613800000001", "email": "one@school.example"}
    contacts = [{"contact_id": f"{person_id}:{c}", "channel": c, "address": address[c]} for c in channels]
    return PersonRecorded(
        person_id=person_id,
        name=person_id,
        unit_id=unit_id,
        roles=roles,
        contacts=tuple(ContactAddress.model_validate(one) for one in contacts),
    )


def units(zone: str = "Asia/Shanghai") -> list[UnitRecorded]:
    duty = (Roster(role="duty_officer", shifts=(_SHIFT,)),)
    found = [UnitRecorded(unit_id=BUREAU, name="局", kind="bureau", timezone=zone, rosters=duty)]
    found += [UnitRecorded(unit_id=d, name=f"片区{d}", kind="district", parent=BUREAU) for d in ("d1", "d2")]
    places = {"s-1": "d1", "s-2": "d1", "s-3": "d2", LONELY: "d2"}
    found += [UnitRecorded(unit_id=s, name=f"校{s}", kind="school", parent=d) for s, d in places.items()]
    return found


def everybody() -> list[PersonRecorded]:
    schools = ("s-1", "s-2", "s-3")
    found = [person(f"p-{s}", s, "principal") for s in schools]
    found += [person(f"p-{s}-deputy", s, "deputy_principal") for s in schools]
    found += [person(f"p-{s}-teacher", s, "teacher") for s in schools]
    found += [person(f"p-{d}-director", d, "district_director") for d in ("d1", "d2")]
    return [*found, person(OFFICER, BUREAU, "duty_officer")]


DIRECTORY = DirectorySnapshot.of(units(), everybody())


def schedule(**changes: str) -> Schedule:
    """Return the library's schedule with lines exchanged: ``old=new``, spaces as they stand."""
    text = DAILY
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return parse_schedule(text)


_PLAN = schedule()


def opened(directory: DirectorySnapshot = DIRECTORY, plan: Schedule | None = None, day: date = MONDAY) -> RollCall:
    """Return Monday's roll call, opened by its schedule."""
    plan = plan or _PLAN
    bureau = directory.unit(BUREAU)
    assert bureau is not None
    window = windows_on(plan, BUREAU, bureau.timezone, day)[0]
    call = open_by_schedule(plan, window, bureau.name, window.opens_at).state
    assert call is not None
    return call


def answered(
    at: datetime, status: Answer = "zero", by: str = "p-s-1", school_id: str = "s-1", **more: Any
) -> ReportConfirmed:
    return ReportConfirmed(school_id=school_id, received_at=at, status=status, by=by, **more)


def school(school_id: str = "s-1", directory: DirectorySnapshot = DIRECTORY) -> School:
    found = school_of(directory, school_id)
    assert found is not None
    return found


def step(call: RollCall, name: str, late: timedelta = timedelta()) -> StepReached:
    """Return that a step is due, taken so much late."""
    planned = call.step(name)
    assert planned is not None
    at = call.planned(planned)
    return StepReached(step=name, at=at, fired_at=at + late)


def decide(
    call: RollCall,
    day: SchoolDay | None,
    event: SchoolEvent,
    *known: NotedCase,
    now: datetime | None = None,
    school_id: str = "s-1",
) -> SchoolDecision:
    """Apply one event to a school of ours, at its own time unless told otherwise."""
    at = event.fired_at if isinstance(event, StepReached) else event.received_at
    return decide_school(day, event, DIRECTORY, call, school(school_id), now or at, known)


def live(call: RollCall, *events: SchoolEvent, school_id: str = "s-1") -> tuple[SchoolDay, list[Effect]]:
    """Apply events one after the other; return the school's day, and everything that was caused."""
    day: SchoolDay | None = None
    effects: list[Effect] = []
    for event in events:
        decision = decide(call, day, event, school_id=school_id)
        day = decision.state
        effects += decision.effects
    assert day is not None
    return day, effects


def told(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    """Return (person, template) of every message asked for, in their order."""
    return [(one.person_id, one.template) for one in effects if isinstance(one, NotificationRequested)]


def sheet(call: RollCall, now: datetime, *days: SchoolDay) -> Sheet:
    """Return the sheet of our bureau."""
    asked = asked_schools(call.schedule, DIRECTORY, BUREAU, call.window.date)
    return sheet_of(call, asked, {day.school_id: day for day in days}, now)
