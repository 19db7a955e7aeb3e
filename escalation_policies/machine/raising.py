"""Going up the chain: a level is told and must answer; a level without anybody is passed; the top is told again."""

from dataclasses import replace
from datetime import datetime, timedelta

from escalation_policies import clockwork
from escalation_policies.case import Case, Clock, LevelState
from escalation_policies.clock_rules import ClockName
from escalation_policies.machine.duty import start_report_upward
from escalation_policies.machine.ledger import Ledger
from escalation_policies.machine.telling import (
    Message,
    Named,
    fallback_of,
    name_level,
    name_seats,
    name_selectors,
    name_stand_ins,
    reachable,
    seat,
    send,
    whom_to_tell,
)
from escalation_policies.schema import Level

TOLD_LATE = timedelta(seconds=60)
"""A level told later than this after the deadline judged (the system was down) answers from when it was really told:
nobody breaches a clock before hearing of it (ADR 0004). Below it, lateness never compounds."""


def raise_to(
    ledger: Ledger,
    index: int,
    message: Message,
    reason: str,
    *,
    because: str | None,
    clock: ClockName = "upward_receipt",
) -> int:
    """Tell the level at ``index`` and start its receipt clock; pass it when nobody there can be reached.

    ``because`` is the key of the clock whose silence is the reason, if one is. ``clock``: another receipt clock, where
    the first levels were passed over and this one is the first to be told. Return the place of the level that was
    told, which is the last when nobody at all was left.
    """
    policy = ledger.case.policy
    level = policy.chain[index]
    named = whom_to_tell(ledger, level)
    if reachable(level, named):
        _ask(ledger, level, named, message, reason, because, clock)
        return index
    if index + 1 < len(policy.chain):
        ledger.write("nobody-found", f"nobody to tell at {level.level}; going on", level=level.level)
        further = f"{reason}; {level.level} has nobody"
        return raise_to(ledger, index + 1, message, further, because=because, clock=clock)
    fallback = name_selectors(ledger, fallback_of(policy))
    if reachable(level, fallback):
        ledger.write("nobody-found", f"nobody to tell at {level.level}; the fallback is told", level=level.level)
    else:
        ledger.write("nobody-found", "nobody at all is left to tell: mend the directory now", level=level.level)
    _ask(ledger, level, [*named, *fallback], message, reason, because, clock)
    return index


def _ask(
    ledger: Ledger,
    level: Level,
    named: list[Named],
    message: Message,
    reason: str,
    because: str | None,
    name: ClockName,
) -> None:
    """Tell a level; a receipt clock starts unless one runs already, or the level has accepted."""
    case, anchor = ledger.case, anchor_of_telling(ledger)
    state = case.level(level.level) or LevelState(level=level.level, told_at=anchor)
    if because is not None:
        state = state.hearing(because)
    seat(ledger, state, named, anchor)
    rounds = case.receipts(level.level)
    asks = state.acknowledged_at is None and all(clock.status != "running" for clock in rounds)
    clock = clockwork.start(
        case.policy,
        name,
        level.level,
        case.severity,
        anchor,
        round_number=case.next_round(name, level.level),
        because=because,
    ).model_copy(update={"repeats": _told_before(case, rounds)})
    told = send(ledger, level, named, replace(message, deadline=clock.deadline) if asks else message)
    if told:
        ledger.write("step-taken", reason, level=level.level, told=told)
    if asks:
        ledger.start(clock, f"{level.level} must acknowledge")
        return
    _stand_alone(ledger, rounds, because)
    if state.acknowledged_at is not None:
        # its own duty may have been called off, or never begun, when what it had accepted was withdrawn
        start_report_upward(ledger, level.level, max(anchor, state.acknowledged_at), because=because)


def _told_before(case: Case, rounds: list[Clock]) -> int:
    """Return how often a level was told again before, in vain: what was called off, or before a reopening, is not."""
    since = case.reopened_at
    counted = [c for c in rounds if c.status != "cancelled" and (since is None or c.started_at >= since)]
    return max((clock.told_again for clock in counted), default=0)


def _stand_alone(ledger: Ledger, rounds: list[Clock], because: str | None) -> None:
    """Tie a level's receipt no longer to one silence below: it was told for another reason now, which may stay.

    What is left is the silence that both reasons come from, if there is one: with that, both are gone.
    """
    for clock in rounds:
        if clock.status in {"running", "satisfied"} and clock.because not in {None, because}:
            common = set(_causes(ledger.case, because))
            tie = next((key for key in _causes(ledger.case, clock.because) if key in common), None)
            at = clock.because_at if tie == clock.because else _folded_until(ledger.case, tie)
            ledger.put_clock(clock.model_copy(update={"because": tie, "because_at": at}))


def _causes(case: Case, key: str | None) -> list[str]:
    """Return the key of a clock, then of what started it by not being answered, and so on."""
    found = [] if key is None else [key]
    for one in found:
        found += [cause for cause in case.causes_of(one) if cause not in found]
    return found


def _folded_until(case: Case, key: str | None) -> datetime | None:
    """Return the latest deadline of folded rounds, when the key is theirs."""
    return next((fold.silence.until for fold in case.folded if fold.key == key and fold.silence is not None), None)


def repeat_at_top(ledger: Ledger, clock: Clock) -> None:
    """Tell the last level again, with the fallback, and start another round.

    A level has one receipt clock however many its parallel recipients are: who has not answered is told again, once a
    round, and the round's key is in the id of each message. Rounds are numbered once per case, so no id comes twice;
    how many are left is counted over those that stand, so a silence that is chased for months does not begin a new
    alarm each week, and one that was called off, or ended by a reopening, leaves all of them.
    """
    case, policy = ledger.case, ledger.case.policy
    top = policy.at_top
    if clock.told_again >= top.rounds:
        ledger.write("action-withheld", f"the last of {top.rounds} rounds at the top went unanswered", clock=clock)
        return
    level = policy.chain[-1]
    anchor = anchor_of_telling(ledger)
    state = case.level(level.level)
    assert state is not None
    answered = {s.person_id for s in state.seats if s.acknowledged_at is not None or s.declined_at is not None}
    named = [*whom_to_tell(ledger, level), *name_selectors(ledger, fallback_of(policy))]
    silent = [item for item in named if item.recipient.person_id not in answered]
    fresh = clockwork.start(
        policy,
        "upward_receipt",
        level.level,
        case.severity,
        anchor,
        round_number=case.next_round("upward_receipt", level.level),
        deadline=anchor + top.repeat_every,
        because=clock.key,
    ).model_copy(update={"repeats": clock.told_again + 1})
    seat(ledger, state.hearing(clock.key), silent, anchor)
    message = Message("incident_unreached", fresh.key, "told-again", deadline=fresh.deadline)
    if told := send(ledger, level, silent, message):
        reason = "the top of the chain did not answer: told again, with the fallback"
        ledger.write("step-taken", reason, clock=clock, told=told)
    else:
        ledger.write("nobody-found", "nobody is left to tell who has not answered: mend the directory", clock=clock)
    ledger.start(fresh, f"round {fresh.round} at the top")


def report_above(ledger: Ledger, level: str, message: Message, reason: str, *, because: str | None) -> None:
    """Carry a report of ``level`` to the next, and for information to every level above that heard of the case.

    ``because``: the key of the clock that passed, where the report is the system's own.
    """
    policy = ledger.case.policy
    index = policy.index(level)
    heard = [n for n in range(index + 2, len(policy.chain)) if ledger.case.level(policy.chain[n].level) is not None]
    raise_to(ledger, index + 1, _at_level(message, policy.chain[index + 1].level), reason, because=because)
    for above in heard:
        copy = replace(_at_level(message, policy.chain[above].level), asks_acknowledgement=False)
        inform(ledger, above, copy, reason, because=because)


def _at_level(message: Message, level: str) -> Message:
    return replace(message, step=f"{message.step}:{level}")


def inform(ledger: Ledger, index: int, message: Message, reason: str, *, because: str | None = None) -> None:
    """Tell a level something that needs no receipt. ``because``: the clock whose silence it is told of."""
    level = ledger.case.policy.chain[index]
    state = ledger.case.level(level.level)
    named: list[Named] = name_seats(ledger, level, state.seats) if state else []
    if not reachable(level, named):
        named = name_level(ledger, level)
    if not reachable(level, named):
        named = name_stand_ins(ledger, level)
    if state is not None and because is not None:
        ledger.put_level(state.hearing(because))
    if told := send(ledger, level, named, message):
        ledger.write("step-taken", reason, level=level.level, told=told)
    else:
        ledger.write("nobody-found", f"{reason}: nobody to tell at {level.level}", level=level.level)


def anchor_of_telling(ledger: Ledger) -> datetime:
    """Return when what a person hears now begins to count for them: see ``TOLD_LATE``; quiet hours do not count."""
    heard = ledger.now if ledger.now - ledger.at > TOLD_LATE else ledger.at
    return ledger.case.policy.waking(heard, ledger.case.severity)
