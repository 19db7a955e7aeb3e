"""Going up the chain: a level is told and must answer; a level without anybody is passed; the top is told again."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_policies import clockwork
from escalation_policies.case import Clock, LevelState
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import (
    Message,
    Named,
    name_level,
    name_seats,
    name_selectors,
    name_stand_ins,
    seat,
    send,
)

TOLD_LATE = timedelta(seconds=60)
"""A level told later than this after the deadline judged (the system was down) answers from when it was really told:
nobody breaches a clock before hearing of it (ADR 0004). Below it, lateness never compounds."""


def raise_to(ledger: Ledger, index: int, message: Message, reason: str, *, because: str | None) -> None:
    """Tell the level at ``index`` and start its receipt clock; pass it when it has nobody to tell."""
    policy = ledger.case.policy
    level = policy.chain[index]
    before = ledger.case.level(level.level)
    named = name_level(ledger, level) or name_stand_ins(ledger, level)
    if not named:
        _pass_over(ledger, index, message, reason, because)
        return
    anchor = _anchor(ledger)
    fresh = before is None
    state = before or LevelState(level=level.level, told_at=anchor, because=because)
    seat(ledger, state, named, anchor)
    clock = clockwork.start(policy, "upward_receipt", level.level, ledger.case.severity, anchor, because=because)
    told = send(ledger, level, named, replace(message, deadline=clock.deadline) if fresh else message)
    ledger.write("step-taken", reason, level=level.level, told=told)
    if fresh:
        ledger.put_clock(clock)
        ledger.write("clock-started", f"{level.level} must acknowledge", clock=clock)


def _pass_over(ledger: Ledger, index: int, message: Message, reason: str, because: str | None) -> None:
    """Go past a level that nobody holds; at the top, to the fallback."""
    policy = ledger.case.policy
    level = policy.chain[index]
    ledger.write("nobody-found", f"nobody to tell at {level.level}; going on", level=level.level)
    if index + 1 < len(policy.chain):
        raise_to(ledger, index + 1, message, f"{reason}; {level.level} has nobody", because=because)
        return
    named = name_selectors(ledger, policy.at_top.fallback)
    if not named:
        ledger.write("nobody-found", "nobody at all is left to tell: mend the directory now", level=level.level)
        return
    anchor = _anchor(ledger)
    seat(ledger, LevelState(level=level.level, told_at=anchor, because=because), named, anchor)
    told = send(ledger, level, named, message)
    ledger.write("step-taken", f"{reason}; the fallback is told", level=level.level, told=told)


def repeat_at_top(ledger: Ledger, clock: Clock) -> None:
    """Tell the last level again, with the fallback, and start another round."""
    case, policy = ledger.case, ledger.case.policy
    top = policy.at_top
    if clock.round >= top.rounds:
        ledger.write("action-withheld", f"the last of {top.rounds} rounds at the top went unanswered", clock=clock)
        return
    level = policy.chain[-1]
    state = case.level(level.level)
    silent = [s for s in state.seats if s.acknowledged_at is None and s.declined_at is None] if state else []
    named = [*name_seats(ledger, level, silent), *name_selectors(ledger, top.fallback)]
    fresh = clockwork.start(
        policy,
        "upward_receipt",
        level.level,
        case.severity,
        _anchor(ledger),
        round_number=clock.round + 1,
        span=top.repeat_every,
        because=clock.key,
    )
    if state is not None:
        seat(ledger, state, named, ledger.at)
    message = Message("incident_unreached", fresh.key, "told-again", deadline=fresh.deadline)
    told = send(ledger, level, named, message)
    ledger.write(
        "step-taken", "the top of the chain did not answer: told again, with the fallback", clock=clock, told=told
    )
    ledger.put_clock(fresh)
    ledger.write("clock-started", f"round {fresh.round} at the top", clock=fresh)


def report_above(ledger: Ledger, clock: Clock, message: Message, reason: str, *, because: str | None) -> None:
    """Carry a report to the next level, and for information to every level above that heard of the case before."""
    policy = ledger.case.policy
    index = policy.index(clock.level)
    heard = [n for n in range(index + 2, len(policy.chain)) if ledger.case.level(policy.chain[n].level) is not None]
    raise_to(ledger, index + 1, _at_level(message, policy.chain[index + 1].level), reason, because=because)
    for above in heard:
        copy = replace(_at_level(message, policy.chain[above].level), asks_acknowledgement=False)
        inform(ledger, above, copy, reason, clock)


def _at_level(message: Message, level: str) -> Message:
    return replace(message, step=f"{message.step}:{level}")


def inform(ledger: Ledger, index: int, message: Message, reason: str, clock: Clock | None) -> None:
    """Tell a level something that needs no receipt."""
    level = ledger.case.policy.chain[index]
    state = ledger.case.level(level.level)
    named: list[Named] = name_seats(ledger, level, state.seats) if state else []
    named = named or name_level(ledger, level)
    told = send(ledger, level, named, message)
    ledger.write("step-taken", reason, clock=clock, level=level.level, told=told)


def _anchor(ledger: Ledger) -> datetime:
    return ledger.now if ledger.now - ledger.at > TOLD_LATE else ledger.at
