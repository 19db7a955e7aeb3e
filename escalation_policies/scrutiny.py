"""What can be wrong with a policy that reads well: it contradicts the plan, the law, or itself.

The loader gives each finding its file and line. Two questions are asked by `tocsin policy check` alone, for their
answers change while the file does not: whether the calendar still knows the present year (``out_of_date``), and whether
the directory has the people (``escalation_policies.reach``).
"""

from collections.abc import Iterator
from datetime import date
from typing import get_args

from escalation_policies.chain_scrutiny import scrutinise_chain
from escalation_policies.clock_scrutiny import outside_the_plan, scrutinise_reminders
from escalation_policies.placed_yaml import Finding
from escalation_policies.schema import Contents, Policy, ReportField
from events.base import CaseFact
from events.incident import SEVERITIES, FinalReportFiled, UpdateFiled, UpwardReportFiled

_REPORTS: dict[str, type[CaseFact]] = {"first": UpwardReportFiled, "update": UpdateFiled, "final": FinalReportFiled}
"""The fact that brings each kind of report: what it has no field for can never be in it."""


def scrutinise(policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong: where in the document, and what."""
    if policy.outside_plan is None:
        yield from outside_the_plan({name: getattr(policy.clocks, name) for name in type(policy.clocks).model_fields})
    yield from _exemption(policy)
    yield from _family(policy)
    yield from _severities(policy)
    yield from _clocks_belong_together(policy)
    yield from _contents(policy.contents)
    yield from scrutinise_reminders(policy)
    yield from scrutinise_chain(policy)


def out_of_date(policy: Policy, today: date) -> Iterator[Finding]:
    """Yield a finding when days are counted by a calendar whose announced holidays ended before the year of ``today``.

    Later days count by weekday alone, so that terms would end on holidays.
    """
    last = policy.calendar.known_until
    if last is not None and last.year < today.year and policy.clocks.acceptance is not None:
        year = today.year
        what = f"the calendar {policy.calendar.id!r} knows holidays until {last} only: add those announced for {year}"
        yield ["calendar"], what


def _exemption(policy: Policy) -> Iterator[Finding]:
    """Find reasons to be outside the plan that do not hold, and nights of silence for what is urgent."""
    why, clocks = policy.outside_plan, policy.clocks
    if why == "petition" and policy.applies_to.family != "petition":
        yield ["outside_plan"], "only a petition (`applies_to.family`) is outside the plan as one"
    if why == "after_the_fact" and policy.applies_to.family == "petition":
        yield ["outside_plan"], "a petition is not reported after the fact: write `petition`"
    if why == "hazard" and clocks.rectification is None:
        yield ["outside_plan"], "a hazard has a `rectification` clock: without one the plan's minutes bind"
    if policy.quiet_hours is not None and why not in {"petition", "hazard"}:
        yield ["quiet_hours"], "quiet hours are for what can wait: `outside_plan` is neither petition nor hazard"


def _family(policy: Policy) -> Iterator[Finding]:
    is_petition, has_terms = policy.applies_to.family == "petition", policy.clocks.acceptance is not None
    if is_petition and not has_terms:
        yield ["clocks"], "a petition needs `acceptance`, `resolution`, `review_request` and `review`: the law's terms"
    if has_terms and not is_petition:
        yield ["clocks", "acceptance"], "only a petition (`applies_to.family`) has the law's terms"
    if is_petition and has_terms and policy.clocks.review is None:
        yield ["clocks"], "a petition needs `review_request` and `review`: its remedy"
    if is_petition and policy.merge_within is not None:
        yield ["merge_within"], "petitions are never merged: each person has a right to an answer"
    if is_petition and not policy.conflict.fallback:
        yield ["conflict"], "a petition needs a `fallback`: an office for when everybody else is concerned"


def _severities(policy: Policy) -> Iterator[Finding]:
    grave = SEVERITIES.index
    if grave(policy.urgent_severity) > grave(policy.default_severity):
        what = f"an urgent report would be graded {policy.urgent_severity}, milder than any other"
        yield ["urgent_severity"], f"{what} ({policy.default_severity})"


def _clocks_belong_together(policy: Policy) -> Iterator[Finding]:
    clocks, gate = policy.clocks, policy.closing
    if gate.final_report and clocks.follow_up is None:
        yield ["closing"], "a final report is asked for, but no `follow_up` clock reminds anybody of it"
    if gate.evidence and clocks.rectification is None:
        yield ["closing", "evidence"], "evidence is asked for, but no `rectification` clock waits for it"
    if clocks.rectification is not None and not gate.evidence:
        yield ["closing"], "a hazard is closed only with evidence: set `evidence: true`"
    if gate.review and not gate.review_severities:
        yield ["closing", "review_severities"], "no severity is named: the review would never be asked for"


def _contents(contents: Contents) -> Iterator[Finding]:
    for report, fact in _REPORTS.items():
        has = [name for name in get_args(ReportField) if name in fact.model_fields]
        for number, name in enumerate(getattr(contents, report)):
            if name not in has:
                what = f"such a report cannot carry `{name}`, so it would never be complete; it has {', '.join(has)}"
                yield ["contents", report, number], what
