"""What a settled world is held to, of roll calls: nobody missing unnoticed, nobody chased who had answered."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from events.ids import roll_call_part_id
from events.notification import NotificationRequested
from events.roll_call import (
    ConfirmedLate,
    Counts,
    ReportConfirmed,
    RollCallClosed,
    SchoolMissing,
)
from tests.simulation.county import DISTRICT_OF, SCHOOL_NAMES
from tests.simulation.roll_scene import Scene
from tests.simulation.roll_truth import RollCallTruth
from tests.simulation.timetable import BUREAU
from tests.simulation.true_call import Lines, Take, TrueCall
from tests.simulation.truth import Broken

STALE = timedelta(hours=24)
_MINUTE = timedelta(minutes=1)


def check_roll_calls(truth: RollCallTruth, scene: Scene) -> None:
    """Hold every roll call of a life against the truth.

    Raises:
        Broken: saying what, and of which school or roll call.
    """
    missing: set[tuple[date, str, str]] = set()
    for call in truth.stored:
        _no_step_is_forgotten(call, truth, scene)
        for take in call.takes:
            _is_on_its_step(call, take)
            if take.partition is None:
                _the_whole_heard(call, take, scene)
                continue
            for school_id in call.asked:
                if truth.home_of(school_id) == take.partition:
                    _school_was_chased(call, take, school_id, scene)
                    if take.step == "missing" and take.lines[school_id].standing == "missing":
                        missing.add((call.date, call.name, school_id))
        _it_closed(call, scene)
    _are("found missing", {(f.date, f.call, f.school_id) for f in scene.record.of(SchoolMissing).values()}, missing)
    told = {(f.date, f.call, f.school_id) for f in scene.record.of(ConfirmedLate).values()}
    late = [(call, *call.late()) for call in truth.calls.values()]
    surely = {(call.date, call.name, school_id) for call, schools, _ in late for school_id in schools}
    perhaps = {(call.date, call.name, school_id) for call, _, schools in late for school_id in schools}
    _are("told late", told, surely | (told & perhaps))


def _are(what: str, told: Collection[Any], true: Collection[Any]) -> None:
    if told != true:
        raise Broken(f"roll call: {what} are {sorted(map(str, told))}, and in truth {sorted(map(str, true))}")


def _no_step_is_forgotten(call: TrueCall, truth: RollCallTruth, scene: Scene) -> None:
    """Check that what was due is taken: under the cut-off that holds, or before that came to hold."""
    taken = {(take.partition, take.step, take.revision) for take in call.takes}
    last = len(call.cut_offs) - 1
    for step in scene.timetable.schedule.chase:
        due = call.cut_off + step.offset
        places = {truth.home_of(school_id) for school_id in call.asked} if step.about == "school" else {None}
        held = [last] if call.moved_at is None or due > call.moved_at else range(last + 1)
        for place in places if due <= scene.now else ():
            if not any((place, step.step, revision) in taken for revision in held):
                raise Broken(f"roll call: {step.step} of {call.name} {call.date} was due at {due}, and was not taken")


def _is_on_its_step(call: TrueCall, take: Take) -> None:
    if take.revision >= len(call.cut_offs):
        raise Broken(f"roll call: {take} of {call.name} {call.date} is of a cut-off that nobody set")


def _due(call: TrueCall, take: Take, scene: Scene) -> datetime:
    step = next(step for step in scene.timetable.schedule.chase if step.step == take.step)
    return call.cut_offs[take.revision] + step.offset


def _school_was_chased(call: TrueCall, take: Take, school_id: str, scene: Scene) -> None:
    """Check one school in one step: who is told, what, and how late, if anybody was to be told."""
    due, line = _due(call, take, scene), take.lines[school_id]
    messages = _messages(scene, call, school_id, take)
    where = f"{school_id} at {take.step}#{take.revision} of {call.name} {call.date} ({take.at})"
    if line.standing != "missing":
        if messages:
            raise Broken(f"roll call: {where} is {line.standing}, and was told: {messages[0]}")
        return
    _had_not_answered_in_time(call, take, school_id, scene, due)
    _who_was_told(scene, call, take, school_id, due, messages)
    if take.step == "missing":
        found = _found_missing(scene, call, school_id)
        of_this = [fact for fact in found if fact.cut_off == call.cut_offs[take.revision]]
        if any(not take.at - scene.a_unit <= fact.fired_at <= take.at for fact in of_this):
            raise Broken(f"roll call: {where} was found at another time: {found}")


def _found_missing(scene: Scene, call: TrueCall, school_id: str) -> Sequence[SchoolMissing]:
    return [
        fact
        for fact in scene.record.of(SchoolMissing).values()
        if (fact.school_id, fact.date, fact.call) == (school_id, call.date, call.name)
    ]


def _had_not_answered_in_time(call: TrueCall, take: Take, school_id: str, scene: Scene, due: datetime) -> None:
    """Check that no answer lay on the bus, at home, when the step was due: it would have been heard first."""
    for key, fact in scene.record.of(ReportConfirmed).items():
        homed = scene.record.homed.get(key)
        if fact.school_id != school_id or homed is None or homed.at > due or fact not in call.days[school_id].answers:
            continue
        excuses = [*scene.record.mishaps, *scene.behind]
        if not any(homed.turn <= turn <= take.turn for turn in excuses):
            raise Broken(
                f"roll call: {school_id} was chased by {take.step} of {call.name} {call.date} at {take.at}, "
                f"and its answer of {fact.received_at} was on the bus since {homed.at}"
            )


def _messages(scene: Scene, call: TrueCall, unit_id: str, take: Take) -> list[NotificationRequested]:
    part = roll_call_part_id(call.call_id, unit_id)
    step = f"{take.step}#{take.revision}" if take.revision else take.step
    return [one for one in scene.record.requests.values() if (one.case_id, one.step) == (part, step)]


def _who_was_told(
    scene: Scene, call: TrueCall, take: Take, unit_id: str, due: datetime, messages: Sequence[NotificationRequested]
) -> None:
    """Check that exactly those were told who are to be told of a step, each once, and how late it was."""
    where = f"{take.step}#{take.revision} of {call.name} {call.date} to {unit_id} ({take.at}, due {due})"
    latest, earliest = take.at, max(due, take.at - scene.a_unit)
    limit = call.cut_offs[take.revision] if take.step == "reminder" else due + STALE
    if messages and earliest > limit:
        raise Broken(f"roll call: {where} came too late for anybody to be told, and was: {messages[0]}")
    told = Counter(one.contact_id for one in messages)
    if latest < limit and scene.told_who is not None:
        wanted = scene.told_who[f"{take.step}@{unit_id}"]
        if told != Counter(wanted):
            raise Broken(f"roll call: {where} was told to {sorted(told)} instead of {sorted(wanted)}")
    for one in messages:
        said = one.roll_call.late_minutes or 0 if one.roll_call is not None else -1
        if not (earliest - due) // _MINUTE <= said <= (latest - due) // _MINUTE:
            raise Broken(f"roll call: {where} says that it is {said} minutes late")


def _the_whole_heard(call: TrueCall, take: Take, scene: Scene) -> None:
    """Check what districts and the duty officer were told against how the schools stood."""
    due = _due(call, take, scene)
    if take.step == "bureau":
        messages = _messages(scene, call, BUREAU, take)
        _who_was_told(scene, call, take, BUREAU, due, messages)
        for one in messages:
            assert one.roll_call is not None
            names, counts = one.roll_call.missing, one.roll_call.counts
            if not any(_agrees(lines, names, counts) for lines in call.lines_between(due, take.at)):
                raise Broken(f"roll call: the summary of {call.name} {call.date} says {counts}: {call.history[-3:]}")
        return
    for district in sorted(set(DISTRICT_OF.values())):
        messages = _messages(scene, call, district, take)
        own = [school_id for school_id in call.asked if DISTRICT_OF[school_id] == district]
        if not messages and any(not _names(lines, own) for lines in call.lines_between(due, take.at)):
            continue
        is_contradicted = any(one.roll_call is not None and one.roll_call.contradicted for one in messages)
        if not is_contradicted and all(not _names(lines, own) for lines in call.lines_between(due, take.at)):
            raise Broken(f"roll call: {district} was told of {call.name} {call.date}, and has no missing school")
        _who_was_told(scene, call, take, district, due, messages)
        for one in messages:
            assert one.roll_call is not None
            if not any(_names(lines, own) == one.roll_call.missing for lines in call.lines_between(due, take.at)):
                raise Broken(f"roll call: {district} was told that {one.roll_call.missing} are missing: {call.history}")


def _names(lines: Lines, own: Collection[str]) -> tuple[str, ...]:
    return tuple(SCHOOL_NAMES[one] for one, line in lines.items() if line.standing == "missing" and one in own)


def _agrees(lines: Lines, names: Sequence[str] | None, counts: Counts | None) -> bool:
    """Return whether a sheet's numbers, and its names of the missing, are those of the truth."""
    standing = Counter(line.standing for line in lines.values())
    true = (len(lines), standing["confirmed"], standing["late"], standing["missing"], 0, standing["excused"],
            sum(line.answer == "with_cases" for line in lines.values()))  # fmt: skip
    said = counts is not None and (counts.expected, counts.confirmed, counts.late, counts.missing, counts.awaited,
                                   counts.excused, counts.with_cases)  # fmt: skip
    return said == true and (names is None or tuple(names) == _names(lines, lines.keys()))


def _it_closed(call: TrueCall, scene: Scene) -> None:
    """Check that a roll call is closed once its time has come, and that its last numbers are true."""
    facts = [f for f in scene.record.of(RollCallClosed).values() if (f.date, f.call) == (call.date, call.name)]
    closes_at = call.cut_off + call.closes_after
    if call.closed is None:
        if closes_at <= scene.now or facts:
            raise Broken(f"roll call: {call.name} {call.date} was to close at {closes_at}, and is open")
        return
    if len(facts) != 1:
        raise Broken(f"roll call: {call.name} {call.date} is closed, and was told closed {len(facts)} times")
    if not any(_agrees(lines, None, facts[0].counts) for lines in call.lines_between(closes_at, call.closed.at)):
        raise Broken(f"roll call: {call.name} {call.date} closed with {facts[0].counts}: {call.history[-3:]}")
