"""What can be wrong with a policy that reads well: it contradicts the plan, the law, or itself.

The loader gives each finding its file and line. Whether the directory has the people is another question, which
``tocsin policy check --directory`` asks.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from escalation_policies.clock_rules import ClockRule, Clocks
from escalation_policies.durations import format_duration
from escalation_policies.schema import Policy
from events.incident import SEVERITIES

Steps = list[str | int]
Finding = tuple[Steps, str]


def scrutinise(policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong: where in the document, and what."""
    if policy.outside_plan is None:
        for clock, what in policy.clocks.outside_the_plan():
            yield ["clocks", clock], what
    yield from _family(policy)
    yield from _clocks_belong_together(policy)
    yield from _reminders_are_of_use(policy)
    yield from _selectors_are_distinct(policy)


def outside_the_plan(document: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the spans outside the plan of a document that cannot be read as a policy: every fault is told at once."""
    if document.get("outside_plan") is not None:
        return
    try:
        clocks = Clocks.model_validate(document.get("clocks"))
    except ValidationError:
        return
    for clock, what in clocks.outside_the_plan():
        yield ["clocks", clock], what


def _family(policy: Policy) -> Iterator[Finding]:
    is_petition, has_terms = policy.applies_to.family == "petition", policy.clocks.acceptance is not None
    if is_petition and not has_terms:
        yield ["clocks"], "a petition needs `acceptance`, `resolution`, `review_request` and `review`: the law's terms"
    if has_terms and not is_petition:
        yield ["clocks", "acceptance"], "only a petition (`applies_to.family`) has the law's terms"
    if is_petition and policy.clocks.review is None:
        yield ["clocks"], "a petition needs `review_request` and `review`: its remedy"
    if is_petition and policy.merge_within is not None:
        yield ["merge_within"], "petitions are never merged: each person has a right to an answer"
    if is_petition and not policy.conflict.fallback:
        yield ["conflict"], "a petition needs a `fallback`: an office for when everybody else is concerned"


def _clocks_belong_together(policy: Policy) -> Iterator[Finding]:
    clocks, gate = policy.clocks, policy.closing
    if gate.final_report and clocks.follow_up is None:
        yield ["closing"], "a final report is asked for, but no `follow_up` clock reminds anybody of it"
    if gate.evidence and clocks.rectification is None:
        yield ["closing", "evidence"], "evidence is asked for, but no `rectification` clock waits for it"
    if clocks.rectification is not None and not gate.evidence:
        yield ["closing"], "a hazard is closed only with evidence: set `evidence: true`"


def _reminders_are_of_use(policy: Policy) -> Iterator[Finding]:
    """Find reminders that never come: at or after the end of their clock, for every severity they are for."""
    for name in type(policy.clocks).model_fields:
        rule = getattr(policy.clocks, name)
        if not isinstance(rule, ClockRule):
            continue
        for number, reminder in enumerate(rule.reminders):
            moment = reminder.every if reminder.every is not None else reminder.at
            graver = reminder.severities or SEVERITIES
            if not isinstance(moment, float) and all(moment is not None and moment >= rule.span(s) for s in graver):
                longest = format_duration(max(rule.span(s) for s in graver))
                yield ["clocks", name, "reminders", number], f"never comes: its clock is over after {longest}"


def _selectors_are_distinct(policy: Policy) -> Iterator[Finding]:
    """Find selectors that a level names twice, and levels that only repeat the one below: a climb in a circle."""
    below: Sequence[str] = ()
    for number, level in enumerate(policy.chain):
        questions = [selector.question for selector in level.tell]
        for place, question in enumerate(questions):
            if question in questions[:place]:
                yield ["chain", number, "tell", place], f"{question} is named twice at {level.level}"
        if set(questions) <= set(below):
            yield ["chain", number, "tell"], f"{level.level} tells nobody new: who did not answer is told again"
        below = [*below, *questions]
