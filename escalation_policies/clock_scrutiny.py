"""What can be wrong with a policy's clocks: spans that the county plan does not allow, reminders that never come."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from escalation_policies.calendar import Calendar
from escalation_policies.clock_rules import AnyRule, ClockRule, DueDateRule, Reminder, StatutoryRule
from escalation_policies.durations import format_duration
from escalation_policies.placed_yaml import Finding, Steps
from escalation_policies.schema import Policy
from events.incident import SEVERITIES

PRINCIPAL_WINDOW = (timedelta(minutes=5), timedelta(minutes=15))
"""知情者必须在第一时间（5—15分钟）向校长联系 (county plan, DOMAIN §1)."""

UPWARD_LIMIT = timedelta(minutes=20)
"""校长接到报告后…在20分钟内向上级汇报 (county plan, DOMAIN §1)."""

_ANY_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def outside_the_plan(clocks: Any) -> Iterator[Finding]:
    """Yield the spans that the plan does not allow. ``clocks``: rules by name, or the same as a file has it.

    A clock that cannot be read is passed over: its own fault is told elsewhere, and does not hide this one.
    """
    if not isinstance(clocks, Mapping):
        return
    low, high = PRINCIPAL_WINDOW
    rule = _readable(clocks.get("report_to_principal"))
    if rule is not None and (outside := [s for s in SEVERITIES if not low <= rule.span(s) <= high]):
        spans = ", ".join(f"{s}: {format_duration(rule.span(s))}" for s in outside)
        yield ["clocks", "report_to_principal"], f"the plan's window is 5m to 15m, here {spans}"
    upward = _readable(clocks.get("report_upward"))
    if upward is not None and (longer := [s for s in SEVERITIES if upward.span(s) > UPWARD_LIMIT]):
        what = f"the plan's limit is 20m, here longer for severity {', '.join(longer)}"
        yield ["clocks", "report_upward"], what


def _readable(rule: Any) -> ClockRule | None:
    try:
        return ClockRule.model_validate(rule)
    except ValidationError:
        return None


def scrutinise_reminders(policy: Policy) -> Iterator[Finding]:
    """Yield reminders that never come, and those that would reach nobody."""
    for name in type(policy.clocks).model_fields:
        rule: AnyRule | None = getattr(policy.clocks, name)
        for number, reminder in enumerate(rule.reminders if rule is not None else ()):
            assert rule is not None
            where: Steps = ["clocks", name, "reminders", number]
            if name == "review_request":
                yield where, "this time is the petitioner's own: nobody of the chain is reminded of it"
            elif (what := _never_comes(rule, reminder, policy.calendar)) is not None:
                yield where, what
            elif not _has_audience(policy, name, reminder):
                yield where, "reaches nobody: no level that this clock runs for has a `stand_in`"


def _never_comes(rule: AnyRule, reminder: Reminder, calendar: Calendar) -> str | None:
    """Say why a reminder never comes: at or after the end of its clock, for every severity it is for; or for none."""
    moment = reminder.every if reminder.every is not None else reminder.at
    if not reminder.severities:
        return "never comes: it names no severity"
    if not isinstance(moment, timedelta) or isinstance(rule, DueDateRule):
        return None  # a share is always inside its clock, and a report may name any due date
    longest = max(map(rule.span, reminder.severities)) if isinstance(rule, ClockRule) else _longest(rule, calendar)
    return f"never comes: its clock is over after {format_duration(longest)}" if moment >= longest else None


def _longest(rule: StatutoryRule, calendar: Calendar) -> timedelta:
    """Return the longest that a term lasts, prolonged where it may be: holidays make some longer than others."""
    spans = []
    for start in (_ANY_YEAR + timedelta(days=day) for day in range(366)):
        end = calendar.end(rule.within, start)
        spans.append((calendar.end(rule.extension, end) if rule.extension is not None else end) - start)
    return max(spans)


def _has_audience(policy: Policy, clock: str, reminder: Reminder) -> bool:
    if "told" in reminder.to:
        return True
    levels = policy.chain[:1] if clock == "report_to_principal" else policy.chain
    return "stand_in" in reminder.to and any(level.stand_in for level in levels)
