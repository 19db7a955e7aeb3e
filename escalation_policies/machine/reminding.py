"""A stored deadline passed: a reminder goes out, or the clock ends."""

from escalation_policies import clockwork
from escalation_policies.case import DEADLINE, Case, Clock, Due, LevelState
from escalation_policies.durations import format_duration
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.rules import apply
from escalation_policies.machine.telling import (
    Message,
    Named,
    name_level,
    name_seats,
    name_stand_ins,
    reachable,
    seat,
    send,
)
from events.escalation import DeadlineReached
from events.notification import Template

_TEMPLATES: dict[str, Template] = {
    "report_to_principal": "incident_reminder",
    "upward_receipt": "incident_reminder",
    "report_upward": "incident_reminder_report",
    "follow_up": "incident_follow_up",
    "rectification": "hazard_reminder",
    "acceptance": "petition_duty",
    "resolution": "petition_duty",
    "review": "petition_duty",
}
_OWED_BY_WHO_ACCEPTED = {"report_upward", "follow_up", "rectification", "acceptance", "resolution", "review"}


def stored(case: Case, event: DeadlineReached) -> tuple[Clock, Due] | None:
    """Return the clock and the stored deadline that ``event`` speaks of, or None when it is stored no more."""
    clock = case.clock(event.clock)
    if clock is None:
        return None
    due = next((d for d in clock.due if d.step == event.step and d.at == event.deadline), None)
    return None if due is None else (clock, due)


def reach(ledger: Ledger, clock: Clock, due: Due) -> None:
    """Apply one stored deadline."""
    if due.step == DEADLINE:
        span = format_duration(clock.deadline - clock.started_at)
        apply(ledger, clock, "deadline", f"not answered within {span}")
        return
    rest = clockwork.without(clock, due)
    ledger.put_clock(rest)
    if rest.due and rest.due[0].at <= ledger.now:
        ledger.write("step-superseded", f"{due.step} came after the next step was due: not sent", clock=rest)
        return
    _remind(ledger, rest, due)


def _remind(ledger: Ledger, clock: Clock, due: Due) -> None:
    level = ledger.case.policy.chain[ledger.case.policy.index(clock.level)]
    state = ledger.case.level(clock.level)
    named = _told(ledger, clock, state) if "told" in due.to else []
    if "stand_in" in due.to:
        named += name_stand_ins(ledger, level)
    named = [item for item in named if not _has_answered(clock, state, item)]
    if not reachable(level, named):
        ledger.write("nobody-found", f"{due.step}: nobody is left to remind", clock=clock)
        return
    if state is not None:
        seat(ledger, state, named, ledger.at)
    asks = clock.name not in _OWED_BY_WHO_ACCEPTED
    message = Message(
        _TEMPLATES[clock.name],
        clock.key,
        due.step,
        lane="reminder",
        deadline=clock.deadline,
        asks_acknowledgement=asks,
    )
    ledger.write("reminder-sent", f"{due.step} of {clock.key}", clock=clock, told=send(ledger, level, named, message))


def _told(ledger: Ledger, clock: Clock, state: LevelState | None) -> list[Named]:
    """Return whom to remind: before a receipt those named now, after it those who accepted."""
    level = ledger.case.policy.chain[ledger.case.policy.index(clock.level)]
    if clock.name in _OWED_BY_WHO_ACCEPTED:
        accepted = [s for s in state.seats if s.acknowledged_at is not None] if state else []
        return name_seats(ledger, level, accepted) or name_level(ledger, level)
    return name_level(ledger, level)


def _has_answered(clock: Clock, state: LevelState | None, item: Named) -> bool:
    """Return whether reminding this person is idle: they cannot take it, or it is a receipt and theirs is here."""
    seats = state.seats_of(item.recipient.person_id) if state else ()
    accepted = any(s.acknowledged_at is not None for s in seats) and clock.name not in _OWED_BY_WHO_ACCEPTED
    return accepted or any(s.declined_at is not None for s in seats)
