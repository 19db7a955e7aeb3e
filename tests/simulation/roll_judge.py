"""Brings the truth about the roll calls of a life before their promises, with what there is to be known of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from escalation_policies.roll_call.roster import School
from escalation_policies.roll_call.school_day import SchoolDay
from escalation_policies.roll_call.sheet import sheet_of
from events.directory import PersonRecorded
from events.roll_call import ReportConfirmed, SchoolExcused
from services.roll_call.opening import SINCE
from services.runtime.database import Database
from services.runtime.remembered_facts import recall
from services.runtime.roll_call_rows import RollCallRows
from services.runtime.tables import cases, roll_calls
from tests.simulation.county import DISTRICT_OF, SCHOOL_NAMES
from tests.simulation.record import RollCallRecord
from tests.simulation.roll_promises import check_roll_calls
from tests.simulation.roll_scene import Scene, all_were_opened, contradictions_are_true, nothing_is_told_twice
from tests.simulation.roll_truth import RollCallTruth
from tests.simulation.schools import ToldOfRollCalls
from tests.simulation.timetable import BUREAU
from tests.simulation.true_call import TrueCall
from tests.simulation.truth import Broken
from tests.simulation.workers import Surroundings

_ALL = select(roll_calls.c.roll_call_id).order_by(roll_calls.c.opens_at, roll_calls.c.call)
OF_A_SCHOOL = frozenset({"principal", "deputy_principal"})
OF_A_DISTRICT = frozenset({"district_director", "district_deputy"})


class May:
    """Who may say what. ``people``: the county of a life in which it did not change; None asks what was stored."""

    def __init__(self, people: Mapping[str, PersonRecorded] | None, days: Mapping[tuple[str, str], SchoolDay],
                 calls: Mapping[str, Any]) -> None:  # fmt: skip
        self._people = people
        self._days = days
        self._calls = calls

    def __call__(self, said: tuple[TrueCall | None, Any]) -> bool:
        """Return whether the speaker of a fact may say it of a roll call."""
        call, fact = said
        return self._by_post(fact) if self._people is not None else self._as_stored(call, fact)

    def _by_post(self, fact: Any) -> bool:
        assert self._people is not None
        person = self._people.get(fact.by)
        if person is None:
            return False
        unit, roles = person.unit_id, set(person.roles)
        if isinstance(fact, ReportConfirmed):
            return (unit == fact.school_id and bool(roles & OF_A_SCHOOL)) or (
                unit == DISTRICT_OF[fact.school_id] and bool(roles & OF_A_DISTRICT)
            )
        is_director = isinstance(fact, SchoolExcused) and (
            unit == DISTRICT_OF[fact.school_id] and "district_director" in roles
        )
        return is_director or fact.by == _keeper(self._people, "duty_officer", BUREAU)

    def _as_stored(self, call: TrueCall | None, fact: Any) -> bool:
        if call is None:
            return any(row.call.window.call == fact.call for row in self._calls.values())
        day = self._days.get((call.call_id, getattr(fact, "school_id", "")))
        if isinstance(fact, ReportConfirmed):
            told = (fact.received_at, fact.by, fact.status)
            same = [one for one in day.versions if (one.received_at, one.by, one.status) == told] if day else []
            return not any(one.refused is not None for one in same)
        if isinstance(fact, SchoolExcused):
            notes, refused = day.notes if day else (), "excused by somebody who may not"
        else:
            stored = self._calls.get(call.call_id)
            notes, refused = stored.call.notes if stored else (), "not moved: said by somebody who may not"
        return not any(
            (one.at, one.by) == (fact.received_at, fact.by) and one.reason.startswith(refused) for one in notes
        )


def _keeper(people: Mapping[str, PersonRecorded], role: str, unit_id: str) -> str:
    """Return who keeps a roster: the first that was hired."""
    return next(person_id for person_id in people if person_id.startswith(f"{role}.{unit_id}."))


def told_who(
    people: Mapping[str, PersonRecorded], channels: Mapping[str, tuple[str, ...]]
) -> dict[str, frozenset[str]]:
    """Return the contacts that are told of each step, by step and unit."""
    found = {}
    for school_id, district_id in DISTRICT_OF.items():
        principal, leader = (_keeper(people, role, school_id) for role in ("principal", "deputy_principal"))
        director = _keeper(people, "district_director", district_id)
        found[f"reminder@{school_id}"] = _contacts(people, [principal], channels["reminder"])
        found[f"missing@{school_id}"] = _contacts(people, [principal, leader], channels["missing"])
        found[f"district@{district_id}"] = _contacts(people, [director], channels["district"])
    officer = _keeper(people, "duty_officer", BUREAU)
    found[f"bureau@{BUREAU}"] = _contacts(people, [officer], channels["bureau"])
    return found


def _contacts(people: Mapping[str, PersonRecorded], ids: list[str], channels: tuple[str, ...]) -> frozenset[str]:
    return frozenset(c.contact_id for one in ids for c in people[one].contacts if c.channel in channels)


async def judge_roll_calls(
    database: Database,
    around: Surroundings,
    record: RollCallRecord,
    told: ToldOfRollCalls,
    people: Mapping[str, PersonRecorded] | None,
) -> int:
    """Hold a settled world against the truth about its roll calls; return how many there were.

    Raises:
        Broken: saying which promise, and where.
    """
    nothing_is_told_twice(record)
    schedule, now = around.timetable.schedule, around.machine.clock.now()
    async with database.reading() as connection:
        rows = RollCallRows(connection)
        stored = await rows.calls([row.roll_call_id for row in await connection.execute(_ALL)])
        days = {
            (call_id, school_id): day for call_id in stored for school_id, day in (await rows.days_in(call_id)).items()
        }
        since = await recall(connection, SINCE)
        states = (orjson.loads(row.state) for row in await connection.execute(select(cases.c.state)))
        incidents = {one["case_id"]: _of_case(one) for one in states}
    scene = Scene(
        record=record,
        timetable=around.timetable,
        now=now,
        speed=around.settings.speed,
        behind=around.diary.logged.get("roll_call.behind", ()),
        told_who=None if people is None else told_who(people, {one.step: one.channels for one in schedule.chase}),
        is_frozen=around.diary.counts["frozen"] > 0,
        since=datetime.fromisoformat(since) if since is not None else None,
    )
    all_were_opened({(one.call.window.date, one.call.window.call) for one in stored.values()}, scene)
    if around.diary.counts["clock set back"]:
        return len(stored)  # nobody can say what was before what
    may = May(people, days, stored)
    truth = RollCallTruth(around.path, around.bus, record, around.timetable, may, schedule.closes_after)
    _what_was_told_is_heard(truth, around, record, told)
    check_roll_calls(truth, scene)
    contradictions_are_true(truth, scene, incidents)
    for call in truth.stored:
        own = {school_id: day for (call_id, school_id), day in days.items() if call_id == call.call_id}
        schools = [School(one, SCHOOL_NAMES[one], DISTRICT_OF[one], DISTRICT_OF[one]) for one in call.asked]
        sheet = sheet_of(stored[call.call_id].call, schools, own, now)
        for line in sheet.lines:
            true = call.lines(call.cut_off)[line.school_id]
            standing = "awaited" if true.standing == "missing" and now < call.cut_off else true.standing
            if (line.standing, line.answer, line.answered_at) != (standing, true.answer, true.first_at):
                raise Broken(f"roll call: the sheet of {call.name} {call.date} has {line}, and in truth {true}")
    return len(stored)


def _of_case(state: Mapping[str, Any]) -> tuple[str, datetime]:
    return state["school_id"], datetime.fromisoformat(state.get("occurred_at") or state["received_at"])


def _what_was_told_is_heard(
    truth: RollCallTruth, around: Surroundings, record: RollCallRecord, told: ToldOfRollCalls
) -> None:
    """Check promise 1: what was accepted was heard, with the time that was told; and what lies on the bus, too."""
    for event_id, received_at in told.accepted.items():
        fact = record.facts.get(event_id)
        if event_id not in truth.heard or fact is None or fact.received_at != received_at:
            raise Broken(f"promise 1: {event_id} of a roll call was accepted at {received_at} and not heard: {fact}")
    for key, place in told.phoned.items():
        if key not in truth.heard and around.bus.still_has(*place):
            raise Broken(f"§5: {key} of a roll call lies at {place} and was never heard")
