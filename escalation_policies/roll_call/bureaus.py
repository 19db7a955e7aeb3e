"""The door for what concerns a whole roll call: it opens, the cut-off moves, districts and bureau hear, it closes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation_policies.roll_call.call import CLOSE, RollCall, Taken
from escalation_policies.roll_call.messages import Message, Unit, people
from escalation_policies.roll_call.page import Effect, StepReached, tell_unit, who_is_told, why_withheld
from escalation_policies.roll_call.schedule import ChaseStep, Schedule
from escalation_policies.roll_call.sheet import Line, Sheet
from escalation_policies.roll_call.window import Window
from escalation_policies.selector import Directory
from events.notification import RollCallTemplate
from events.roll_call import Counts, CutOffMoved, RollCallClosed, RollCallOpened

LONGEST = timedelta(hours=24)
"""Longest window of a roll call that somebody opens beside the schedule, and the furthest that a cut-off moves."""

ReadSheet = Callable[[], Sheet]
"""Gives the sheet as it is now; asked only by steps that need it."""


@dataclass(frozen=True, slots=True)
class CallDecision:
    """What an event does to a roll call. ``state`` is None when none came of it."""

    state: RollCall | None
    effects: tuple[Effect, ...]
    reason: str


def open_by_schedule(schedule: Schedule, window: Window, bureau_name: str, now: datetime) -> CallDecision:
    """Open a roll call because its time has come, or had come while nobody was there to open it."""
    call = RollCall(window=window, bureau_name=bureau_name, schedule=schedule, opened_at=now)
    late = StepReached(step="open", at=window.opens_at, fired_at=now).how_late
    return _opened(call, window.opens_at, f"opened by schedule {schedule.id} version {schedule.version}{late}")


def open_by_officer(
    call: RollCall | None, fact: RollCallOpened, schedule: Schedule, directory: Directory, window: Window, name: str
) -> CallDecision:
    """Open a roll call beside the schedule's: an extraordinary one, or a drill."""
    if call is not None:
        return CallDecision(call.noting(fact.received_at, "open already: nothing changes", fact.by), (), "open already")
    if not fact.opens_at < fact.cut_off <= fact.opens_at + LONGEST or fact.closes_at < fact.cut_off:
        return CallDecision(None, (), "not opened: the cut-off must come after the opening, within 24 hours")
    if not _may(schedule, directory, fact.by, fact.bureau_id, fact.received_at):
        return CallDecision(None, (), "not opened: said by somebody who may not open a roll call of this bureau")
    call = RollCall(
        window=window,
        bureau_name=name,
        schedule=schedule,
        exercise=fact.exercise,
        opened_at=fact.received_at,
        opened_by=fact.by,
        reason=fact.reason,
    )
    return CallDecision(
        call.noting(fact.received_at, f"opened: {fact.reason or 'no reason given'}", fact.by), (), "opened"
    )


def move_cut_off(call: RollCall, fact: CutOffMoved, directory: Directory, now: datetime) -> CallDecision:
    """Move the cut-off of an open roll call. Steps that lie ahead of the new one are taken anew."""
    at = min(fact.received_at, now)
    why = _why_not_moved(call, fact, directory, at)
    if why is not None:
        return CallDecision(call.noting(at, f"not moved: {why}", fact.by), (), why)
    moved = fact.cut_off - call.cut_off
    window = call.window.model_copy(update={"cut_off": fact.cut_off, "closes_at": call.window.closes_at + moved})
    changed = call.model_copy(update={"window": window, "revision": call.revision + 1, "moved_at": at})
    reason = f"the cut-off is moved to {fact.cut_off.isoformat()}: {fact.reason or 'no reason given'}"
    return CallDecision(changed.noting(at, reason, fact.by), (), reason)


def take_step(call: RollCall, event: StepReached, directory: Directory, read: ReadSheet, now: datetime) -> CallDecision:
    """Tell districts or the bureau, or close the roll call, when its time has come."""
    due = call.next_of_bureau()
    if due is None or due.step != event.step:
        return CallDecision(call, (), f"{event.step} is not the next step any more")
    if event.step == CLOSE:
        return _close(call, event, read())
    step = call.step(event.step)
    assert step is not None
    taken = call.model_copy(update={"taken": (*call.taken, Taken(step=step.step, revision=call.revision))})
    if (why := why_withheld(call, step, event)) is not None:
        reason = f"{step.step}: nobody is told, {why}"
        return CallDecision(taken.noting(event.at, reason), (), reason)
    tell = _tell_districts if step.about == "district" else _tell_bureau
    effects, reason = tell(call, step, event, directory, read(), now)
    reason = f"{step.step}: {reason}{event.how_late}"
    return CallDecision(taken.noting(event.at, reason), tuple(effects), reason)


def _opened(call: RollCall, at: datetime, reason: str) -> CallDecision:
    window = call.window
    fact = RollCallOpened(
        bureau_id=window.bureau_id,
        date=window.date,
        call=window.call,
        received_at=at,
        opens_at=window.opens_at,
        cut_off=window.cut_off,
        closes_at=window.closes_at,
        exercise=call.exercise,
    )
    return CallDecision(call.noting(at, reason), (fact,), reason)


def _may(schedule: Schedule, directory: Directory, by: str | None, bureau_id: str, at: datetime) -> bool:
    return any(one.person_id == by for one in people(directory, schedule.excuse_by, bureau_id, at))


def _why_not_moved(call: RollCall, fact: CutOffMoved, directory: Directory, at: datetime) -> str | None:
    if call.closed_at is not None:
        return "the roll call is closed"
    if not _may(call.schedule, directory, fact.by, call.window.bureau_id, at):
        return "said by somebody who may not"
    if fact.cut_off <= at:
        return "nobody becomes late by it: the new cut-off must lie ahead"
    if fact.cut_off > call.window.opens_at + LONGEST:
        return "a roll call ends within 24 hours of its opening"
    return "that is the cut-off already" if fact.cut_off == call.cut_off else None


def _tell_districts(
    call: RollCall, step: ChaseStep, event: StepReached, directory: Directory, sheet: Sheet, now: datetime
) -> tuple[list[Effect], str]:
    """Tell each district once, with the list of its schools that are missing or contradicted."""
    effects: list[Effect] = []
    unheard = []
    parts = [part for part in sheet.districts if part.counts.missing or part.counts.contradicted]
    by_district: dict[str, list[Line]] = {}
    for line in sheet.lines:
        by_district.setdefault(line.district_id, []).append(line)
    for part in parts:
        own, unit = by_district[part.district_id], Unit(part.district_id, part.district_name)
        message = _listing("roll_call_list", step, event, unit, own, part.counts)
        asked = tell_unit(call, directory, message, step.tell, step.fallback, now)
        effects += asked
        if not asked:
            unheard.append(part.district_name)
    if not parts:
        return effects, "nobody is told, no school is missing"
    nobody = f"; nobody can be told at {', '.join(unheard)}" if unheard else ""
    return effects, f"{len(parts) - len(unheard)} districts told{nobody}"


def _tell_bureau(
    call: RollCall, step: ChaseStep, event: StepReached, directory: Directory, sheet: Sheet, now: datetime
) -> tuple[list[Effect], str]:
    """Tell the bureau how its roll call stands, also when nobody is missing: silence would say nothing."""
    unit = Unit(call.window.bureau_id, call.bureau_name)
    message = _listing("roll_call_summary", step, event, unit, sheet.lines, sheet.counts)
    asked = tell_unit(call, directory, message, step.tell, step.fallback, now)
    return list(asked), f"{who_is_told(asked)}: {sheet.counts.missing} of {sheet.counts.expected} missing"


def _listing(
    template: RollCallTemplate, step: ChaseStep, event: StepReached, unit: Unit, lines: Sequence[Line], counts: Counts
) -> Message:
    return Message(
        template,
        step.about,
        unit,
        step.step,
        step.channels,
        event.at,
        counts=counts,
        missing=[line.school_name for line in lines if line.standing == "missing"],
        contradicted=[line.school_name for line in lines if line.contradicted],
    )


def _close(call: RollCall, event: StepReached, sheet: Sheet) -> CallDecision:
    window, counts = call.window, sheet.counts
    fact = RollCallClosed(
        bureau_id=window.bureau_id,
        date=window.date,
        call=window.call,
        received_at=event.at,
        counts=counts,
        exercise=call.exercise,
    )
    closed = call.model_copy(update={"closed_at": event.fired_at, "counts": counts})
    reason = f"closed: {counts.confirmed} of {counts.expected} in time, {counts.late} late, {counts.missing} missing"
    return CallDecision(closed.noting(event.at, reason + event.how_late), (fact,), reason)
