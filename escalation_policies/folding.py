"""What is over for long is folded: a case that is silent for years stays as small, and as quick, as in its first days.

Of each clock at each level the first round, whatever runs and the latest ``KEPT`` finished rounds stay one by one; the
older ones become one ``Folded``. The journal keeps every one of them: explanations and timelines are read from there.

*Until when does a late fact withdraw a folded breach?* As long as its silence is the one that the fold ends with.
However long nobody answered, a fact that happened in that time takes back every breach from its own moment on: the bus
may have been away for a week while the clocks fired. Once an answer came after the silence, and was folded itself after
``KEPT`` further rounds, the breach is final. The facts of a case come in the order in which the bus took them, so one
that an answer and that many rounds have overtaken is not on its way any more.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from escalation_policies.case import Case, Clock, LevelState
from escalation_policies.clock_rules import ClockName
from escalation_policies.folded import Folded, Silence

KEPT = 12
"""Finished rounds of a clock at a level that are kept one by one."""

_CHASES: frozenset[ClockName] = frozenset({"rectification", "acceptance", "resolution", "review"})
"""What such a clock was started by, a fact, stays; its further rounds only say again that it is overdue."""

_TICK = timedelta(microseconds=1)


def fold(case: Case) -> Case:
    """Return ``case`` with the rounds folded that are over for long."""
    if len(case.clocks) <= KEPT:
        return case
    groups: dict[tuple[ClockName, str], list[Clock]] = {}
    for clock in case.clocks:
        if _may_be_folded(clock):
            groups.setdefault((clock.name, clock.level), []).append(clock)
    for _, clocks in sorted(groups.items()):
        if len(clocks) > KEPT:
            case = _fold_away(case, sorted(clocks, key=lambda clock: clock.round)[:-KEPT])
    return case


def cut(folded: Folded, silence: Silence, at: datetime) -> Folded:
    """Return the folded rounds without the breaches that a fact of ``at`` takes back: those of deadlines from then on.

    ``at`` is no later than the last deadline of their ``silence``.
    """
    rest = silence.model_copy(update={"until": at - _TICK}) if silence.since < at else None
    return folded.model_copy(update={"silence": rest})


def latest_of(folded: Folded, silence: Silence) -> Clock:
    """Return the latest of the folded rounds as a clock again, which speaks for its silence."""
    return Clock(
        name=folded.name,
        level=folded.level,
        round=folded.last,
        status="breached",
        started_at=silence.began,
        deadline=silence.until,
    )


def _may_be_folded(clock: Clock) -> bool:
    if clock.status == "running" or clock.round == 0:
        return False
    if clock.name in _CHASES:
        return clock.because is not None
    return clock.name in {"follow_up", "upward_receipt"}


def _fold_away(case: Case, clocks: Collection[Clock]) -> Case:
    """Fold finished rounds of one clock at one level; what was known by the key of one is known by that of the fold."""
    first = next(iter(clocks))
    folded = case.fold(first.name, first.level)
    gone = {} if folded is None else {folded.key: first.deadline}
    for clock in clocks:
        folded = _with(case, folded, clock)
        gone[clock.key] = clock.deadline
    assert folded is not None
    others = [other for other in case.folded if (other.name, other.level) != (first.name, first.level)]
    return case.model_copy(
        update={
            "folded": (*(_retied_fold(other, gone, folded.key) for other in others), folded),
            "clocks": tuple(_retied(clock, gone, folded.key) for clock in case.clocks if clock.key not in gone),
            "levels": tuple(_retied_level(state, gone, folded.key) for state in case.levels),
        }
    )


def _with(case: Case, folded: Folded | None, clock: Clock) -> Folded:
    """Return the folded rounds with one more."""
    before = folded or Folded(name=clock.name, level=clock.level, last=clock.round)
    after = before.model_copy(update={"last": clock.round})
    if clock.status == "cancelled":
        return after
    is_receipt = clock.name == "upward_receipt"
    if clock.status == "satisfied":
        return after.model_copy(update={"stands": True, "silence": before.silence if is_receipt else None})
    causes = () if clock.because in {None, before.key} else (clock.because,)
    is_own = clock.because is None
    if before.silence is not None and (is_receipt or clock.because == before.key):
        silence = before.silence.model_copy(update={"until": clock.deadline, "own": before.silence.own or is_own})
        causes = tuple(dict.fromkeys((*before.because, *causes)))
        return after.model_copy(update={"silence": silence, "because": causes})
    silence = Silence(began=case.waits_since(clock), since=clock.deadline, until=clock.deadline, own=is_own)
    return after.model_copy(update={"stands": before.is_standing, "silence": silence, "because": causes})


def _retied(clock: Clock, gone: Mapping[str, datetime], key: str) -> Clock:
    if clock.because is None or clock.because not in gone:
        return clock
    return clock.model_copy(update={"because": key, "because_at": clock.because_at or gone[clock.because]})


def _retied_fold(folded: Folded, gone: Mapping[str, datetime], key: str) -> Folded:
    return folded.model_copy(update={"because": _renamed(folded.because, gone, key)})


def _retied_level(state: LevelState, gone: Mapping[str, datetime], key: str) -> LevelState:
    return state.model_copy(update={"heard": _renamed(state.heard, gone, key)})


def _renamed(keys: Collection[str], gone: Collection[str], key: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key if one in gone else one for one in keys))
