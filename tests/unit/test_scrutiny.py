"""A policy that reads well may still contradict the plan, the law or itself: each such finding, with path and line."""

from datetime import date
from pathlib import Path

import pytest

from escalation_policies.errors import PolicyFaults
from escalation_policies.loader import LIBRARY, load_library, parse_policy
from escalation_policies.scrutiny import out_of_date

TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in LIBRARY.glob("*.yaml")}
FAMILY = "  family: petition\n"
FALLBACK = "fallback:\n    - {role: duty_officer, at: {ancestor: bureau}}\n"
DISTRICT = "- {role: district_director, at: parent}"

Case = tuple[str, str, str, list[str]]
"""A policy of the library, a part of it, what stands there instead, and the findings as `path: what`."""

FINDINGS: dict[str, Case] = {
    "the window of 5 to 15 minutes": (
        "school-incident",
        "{I: 5m, II: 5m, III: 10m, IV: 15m}\n    reminders:\n      - {every",
        "{I: 5m, II: 5m, III: 10m, IV: 15m1s}\n    reminders:\n      - {every",
        ["clocks.report_to_principal: the plan's window is 5m to 15m, here IV: 15m1s"],
    ),
    "the limit of 20 minutes": (
        "school-incident",
        "within: 20m",
        "within: 21m",
        ["clocks.report_upward: the plan's limit is 20m, here longer for severity I, II, III, IV"],
    ),
    "an incident that calls itself a petition": (
        "school-incident",
        "title:",
        "outside_plan: petition\ntitle:",
        ["outside_plan: only a petition (`applies_to.family`) is outside the plan as one"],
    ),
    "an incident that calls itself a hazard": (
        "school-incident",
        "title:",
        "outside_plan: hazard\ntitle:",
        ["outside_plan: a hazard has a `rectification` clock: without one the plan's minutes bind"],
    ),
    "a petition reported after the fact": (
        "petition",
        "outside_plan: petition",
        "outside_plan: after_the_fact",
        [
            "outside_plan: a petition is not reported after the fact: write `petition`",
            "quiet_hours: quiet hours are for what can wait: `outside_plan` is neither petition nor hazard",
        ],
    ),
    "quiet hours for an incident": (
        "school-incident",
        "title:",
        'quiet_hours: {start: "22:00", end: "06:00"}\ntitle:',
        ["quiet_hours: quiet hours are for what can wait: `outside_plan` is neither petition nor hazard"],
    ),
    "quiet hours for people at the gate": (
        "petition-on-site",
        "calendar: cn",
        'calendar: cn\nquiet_hours: {start: "22:00", end: "06:00"}',
        ["quiet_hours: quiet hours are for what can wait: `outside_plan` is neither petition nor hazard"],
    ),
    "quiet hours of a whole day": (
        "hazard",
        '{start: "21:30", end: "07:00"}',
        '{start: "07:00", end: "07:00"}',
        ["quiet_hours: `start` and `end` are the same: nobody would ever be told"],
    ),
    "the law's terms for an incident": (
        "petition",
        FAMILY,
        "  family: incident\n",
        [
            "outside_plan: only a petition (`applies_to.family`) is outside the plan as one",
            "clocks.acceptance: only a petition (`applies_to.family`) has the law's terms",
        ],
    ),
    "a petition that is merged": (
        "petition",
        "calendar: cn",
        "merge_within: 1h\ncalendar: cn",
        ["merge_within: petitions are never merged: each person has a right to an answer"],
    ),
    "a petition without a fallback": (
        "petition",
        "  fallback:\n    - {role: township_officer, at: township}\n",
        "",
        ["conflict: a petition needs a `fallback`: an office for when everybody else is concerned"],
    ),
    "one of two clocks that belong together": (
        "petition",
        "  review_request: # 30 days to ask for review (art 35)\n    within: {days: 30}\n",
        "",
        ["clocks: `review_request` and `review` belong together: give both or neither"],
    ),
    "a petition without the law's terms": (
        "petition",
        TEXTS["petition"][TEXTS["petition"].index("  acceptance: #") : TEXTS["petition"].index("\nchain:")],
        "",
        ["clocks: a petition needs `acceptance`, `resolution`, `review_request` and `review`: the law's terms"],
    ),
    "a petition without its remedy": (
        "petition",
        TEXTS["petition"][TEXTS["petition"].index("  review_request: #") : TEXTS["petition"].index("\nchain:")],
        "",
        ["clocks: a petition needs `review_request` and `review`: its remedy"],
    ),
    "a fallback of the school where nobody of it may hear": (
        "suspected-abuse",
        "rounds: 96\n  fallback:\n",
        "rounds: 96\n  fallback:\n    - {role: principal, at: self}\n",
        ["at_top.fallback[0]: role:principal@self never hears: `conflict.without_school` leaves nobody of the school"],
    ),
    "urgent milder than usual": (
        "school-incident",
        "default_severity: IV\nurgent_severity: III",
        "default_severity: II\nurgent_severity: III",
        ["urgent_severity: an urgent report would be graded III, milder than any other (II)"],
    ),
    "an unknown severity": (
        "school-incident",
        "default_severity: IV",
        "default_severity: V",
        ["default_severity: Input should be 'I', 'II', 'III' or 'IV'"],
    ),
    "an unknown severity of a reminder": (
        "school-incident",
        "severities: [I, II]}",
        "severities: [I, 2]}",
        ["clocks.report_to_principal.reminders[1].severities[1]: Input should be 'I', 'II', 'III' or 'IV'"],
    ),
    "an unknown severity of a clock": (
        "school-incident",
        "{I: 30m, II: 1h, III: 2h, IV: 24h}",
        "{I: 30m, II: 1h, III: 2h, IV: 24h, V: 48h}",
        ["clocks.follow_up.within.V: Input should be 'I', 'II', 'III' or 'IV'"],
    ),
    "a final report that nothing reminds of": (
        "petition",
        "final_report: false",
        "final_report: true",
        ["closing: a final report is asked for, but no `follow_up` clock reminds anybody of it"],
    ),
    "evidence that no clock waits for": (
        "school-incident",
        "closing:\n",
        "closing:\n  evidence: true\n",
        ["closing.evidence: evidence is asked for, but no `rectification` clock waits for it"],
    ),
    "a hazard that may be struck off with a word": (
        "hazard",
        "evidence: true",
        "evidence: false",
        ["closing: a hazard is closed only with evidence: set `evidence: true`"],
    ),
    "a review that no grade asks for": (
        "school-incident",
        "review_severities: [I, II]",
        "review_severities: []",
        ["closing.review_severities: no severity is named: the review would never be asked for"],
    ),
    "contents that a first report cannot carry": (
        "public-health",
        "first: [summary, casualties]",
        "first: [summary, trend]",
        [
            (
                "contents.first[1]: such a report cannot carry `trend`, so it would never be complete; "
                "it has summary, measures, casualties"
            )
        ],
    ),
    "contents that a final report cannot carry": (
        "public-health",
        "final: [summary, cause, aftermath]",
        "final: [casualties]",
        [
            (
                "contents.final[0]: such a report cannot carry `casualties`, so it would never be complete; "
                "it has summary, cause, aftermath"
            )
        ],
    ),
    "a reminder at the end of its clock": (
        "school-incident",
        "- {at: 95%, to: [told, stand_in]}",
        "- {at: 20m, to: [told, stand_in]}",
        ["clocks.report_upward.reminders[2]: never comes: its clock is over after 20m"],
    ),
    "a reminder for no severity": (
        "school-incident",
        "severities: [I, II]}",
        "severities: []}",
        ["clocks.report_to_principal.reminders[1]: never comes: it names no severity"],
    ),
    "a reminder after the longest a term can last": (
        "petition",
        "- {at: 50%, to: [told]}\n      - {at: 80%, to: [told, stand_in]}\n  resolution",
        "- {at: 40d, to: [told]}\n      - {at: 14d, to: [told, stand_in]}\n  resolution",
        ["clocks.acceptance.reminders[0]: never comes: its clock is over after 24d16h"],
    ),
    "a reminder of the petitioner's own time": (
        "petition",
        "within: {days: 30}\n  review:",
        "within: {days: 30}\n    reminders:\n      - {at: 50%}\n  review:",
        [
            (
                "clocks.review_request.reminders[0]: this time is the petitioner's own: "
                "nobody of the chain is reminded of it"
            )
        ],
    ),
    "a chain of one": (
        "petition",
        TEXTS["petition"][TEXTS["petition"].index("  - level: district") : TEXTS["petition"].index("\nat_top")],
        "",
        ["chain: Tuple should have at least 2 items after validation, not 1"],
    ),
    "a level that tells nobody": (
        "school-incident",
        f"tell:\n      {DISTRICT}",
        "tell: []",
        ["chain[1].tell: Tuple should have at least 1 item after validation, not 0"],
    ),
    "a level that only repeats those below": (
        "school-incident",
        DISTRICT,
        "- {role: principal, at: self}",
        ["chain[1].tell: district tells nobody new: who did not answer is told again"],
    ),
    "a selector named twice": (
        "school-incident",
        DISTRICT,
        f"{DISTRICT}\n      {DISTRICT}",
        ["chain[1].tell[1]: role:district_director@parent is named twice at district"],
    ),
    "a fallback that is the top": (
        "school-incident",
        FALLBACK,
        "fallback:\n    - {role: township_officer, at: township}\n",
        ["at_top.fallback: only repeats government_and_bureau, the top of the chain: name somebody else"],
    ),
    "a fallback from conflict that is the top": (
        "petition",
        "- {role: township_officer, at: township}",
        "- {role: petition_officer, at: {ancestor: bureau}}",
        ["conflict.fallback: only repeats petition_office, the top of the chain: name somebody else"],
    ),
    "the school where nobody of it may hear": (
        "suspected-abuse",
        "- {role: protection_officer, at: {ancestor: bureau}}",
        "- {role: protection_officer, at: {ancestor: bureau}}\n      - {role: principal, at: self}",
        ["chain[0].tell[1]: role:principal@self never hears: `conflict.without_school` leaves nobody of the school"],
    ),
}


def findings_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(text, "p.yaml")
    return [(fault.line, f"{fault.path}: {fault.message}") for fault in caught.value.faults]


@pytest.mark.parametrize("name", FINDINGS)
def test_contradiction_is_named_with_its_path_and_line(name: str) -> None:
    """What is wrong, where; the line is that of the last field of the path that the file has."""
    policy, old, new, expected = FINDINGS[name]
    assert TEXTS[policy].count(old) == 1, name
    text = TEXTS[policy].replace(old, new)
    found = findings_of(text)
    assert [said for _, said in found] == expected
    for line, said in found:
        field = said.split(":")[0].split(".")[-1].split("[")[0]
        assert field in text.splitlines()[line - 1] or "[" in said.split(":")[0], said


def test_findings_come_in_the_order_of_the_lines() -> None:
    """Whoever mends a file goes through it once."""
    text = (
        TEXTS["school-incident"]
        .replace("within: 20m", "within: 21m")
        .replace(DISTRICT, f"{DISTRICT}\n      {DISTRICT}")
    )
    text = text.replace("title:", 'quiet_hours: {start: "22:00", end: "06:00"}\ntitle:')
    lines = [line for line, _ in findings_of(text)]
    assert len(lines) == 3
    assert lines == sorted(lines)


def test_reminder_that_only_some_grades_get_is_no_finding() -> None:
    """Every 5 minutes is idle for the gravest grades alone, whose 5 minutes are their deadline."""
    assert parse_policy(TEXTS["school-incident"]).clocks.report_to_principal.reminders[0].every is not None


def test_reminder_to_stand_ins_that_the_first_level_has_not_reaches_nobody() -> None:
    """The principal's clock knows the stand-ins of the first level only."""
    text = TEXTS["school-incident"].replace(
        "    stand_in:\n      - {on_duty: school_leader, at: self}\n      - {role: deputy_principal, at: self}\n", "", 1
    )
    text = text.replace("- {every: 5m, to: [told, stand_in]}", "- {every: 5m, to: [stand_in]}", 1)
    assert [said for _, said in findings_of(text)] == [
        "clocks.report_to_principal.reminders[0]: reaches nobody: no level that this clock runs for has a `stand_in`"
    ]


def test_hazard_may_be_reminded_beyond_the_days_of_its_policy() -> None:
    """A report may name a later due date than the policy's."""
    text = TEXTS["hazard"].replace("- {at: 50%, to: [told]}", "- {at: 20d, to: [told]}")
    assert parse_policy(text).clocks.rectification is not None


def test_calendar_that_ends_before_this_year_is_out_of_date() -> None:
    """Days counted by it would end on holidays nobody has entered."""
    petition = load_library().for_kind("petition")
    assert petition.calendar.known_until is not None
    this_year = petition.calendar.known_until.year
    assert list(out_of_date(petition, date(this_year, 12, 31))) == []
    [(where, what)] = out_of_date(petition, date(this_year + 1, 1, 1))
    assert where == ["calendar"]
    assert what.endswith(f"until {petition.calendar.known_until} only: add those announced for {this_year + 1}")


def test_policy_without_terms_needs_no_calendar_of_the_year() -> None:
    """Minutes and hours know no holidays."""
    assert list(out_of_date(load_library().for_kind("fire"), date(2099, 1, 1))) == []


def test_every_policy_of_the_library_is_without_findings() -> None:
    """The shipped files pass their own scrutiny."""
    assert {Path(file).stem for file in TEXTS} == {policy.id for policy in load_library().policies}
