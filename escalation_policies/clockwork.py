"""How a clock starts, is stopped and re-computed: arithmetic on stored times, nothing else."""

from datetime import datetime, timedelta

from escalation_policies.case import DEADLINE, Clock, Due
from escalation_policies.clock_rules import AnyRule, Chased, ClockName, Reminder
from escalation_policies.durations import format_duration
from escalation_policies.schema import Policy
from events.incident import Severity


def start(
    policy: Policy,
    name: ClockName,
    level: str,
    severity: Severity,
    started_at: datetime,
    *,
    round_number: int = 0,
    deadline: datetime | None = None,
    because: str | None = None,
) -> Clock:
    """Return a running clock anchored at ``started_at``.

    ``deadline`` overrides the policy's: a round at the top, a due date, an extension.

    Raises:
        ValueError: the policy has no such clock.
    """
    rule = policy.clocks.rule(name)
    if rule is None:
        raise ValueError(f"policy {policy.id} has no clock {name!r}")
    end = deadline or rule.end(severity, started_at, policy.calendar)
    return Clock(
        name=name,
        level=level,
        round=round_number,
        status="running",
        started_at=started_at,
        deadline=end,
        due=_due(rule, severity, started_at, end - started_at),
        because=because,
    )


def anew(
    clock: Clock,
    policy: Policy,
    severity: Severity,
    started_at: datetime,
    now: datetime,
    *,
    deadline: datetime | None = None,
) -> Clock:
    """Return a running clock counted from its true anchor, known only now. Reminders of moments past are not sent.

    ``deadline`` overrides the policy's.
    """
    fresh = start(
        policy,
        clock.name,
        clock.level,
        severity,
        started_at,
        round_number=clock.round,
        deadline=deadline,
        because=clock.because,
    )
    return fresh.model_copy(update={"due": tuple(due for due in fresh.due if due.at > now or due.step == DEADLINE)})


def stop(clock: Clock, status: str, at: datetime) -> Clock:
    """Return ``clock`` ended: nothing of it is due any more."""
    return clock.model_copy(update={"status": status, "ended_at": at, "due": ()})


def without(clock: Clock, due: Due) -> Clock:
    """Return ``clock`` after one of its reminders was handled."""
    return clock.model_copy(update={"due": tuple(other for other in clock.due if other != due)})


def hasten(clock: Clock, policy: Policy, severity: Severity, raised_at: datetime, now: datetime) -> Clock:
    """Return a running clock re-computed from its own anchor for ``severity``; never longer than it was.

    A deadline that the shorter span puts before ``raised_at`` falls due at that moment: nobody is late for a deadline
    that was not in force yet. Reminders there are dropped, and one that was sent is not sent again.
    """
    if isinstance(policy.clocks.rule(clock.name), Chased):
        return clock  # law and due dates do not know severities
    shorter = start(policy, clock.name, clock.level, severity, clock.started_at)
    deadline = max(shorter.deadline, raised_at)
    if deadline >= clock.deadline:
        return clock
    waiting = {item.step for item in clock.due}
    reminders = (item for item in shorter.due[:-1] if item.at > now or item.step in waiting)
    return clock.model_copy(update={"deadline": deadline, "due": (*reminders, Due(step=DEADLINE, at=deadline))})


def _due(rule: AnyRule, severity: Severity, started_at: datetime, span: timedelta) -> tuple[Due, ...]:
    """Return the reminders inside the clock, then its end. Two reminders of one moment become one."""
    moments: dict[timedelta, tuple[str, ...]] = {}
    for reminder in rule.reminders:
        if severity in reminder.severities:
            for offset in _offsets(reminder, span):
                moments[offset] = tuple(dict.fromkeys((*moments.get(offset, ()), *reminder.to)))
    reminders = [
        Due.model_validate({"step": f"reminder:{format_duration(offset)}", "at": started_at + offset, "to": to})
        for offset, to in sorted(moments.items())
    ]
    return (*reminders, Due(step=DEADLINE, at=started_at + span))


def _offsets(reminder: Reminder, span: timedelta) -> list[timedelta]:
    """Return the moments of a reminder strictly inside ``span``, in whole seconds: they are its name, too."""
    if reminder.every is not None:
        times = -(-span // reminder.every) - 1  # those strictly inside the span
        return [reminder.every * number for number in range(1, times + 1)]
    if isinstance(reminder.at, float):
        share = timedelta(seconds=max(1, int((span * reminder.at).total_seconds())))
        return [share] if share < span else []
    return [reminder.at] if reminder.at is not None and reminder.at < span else []
