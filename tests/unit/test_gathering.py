"""The same thing at several schools grows a case of the bureau's own; too few, too old or too different do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from escalation_policies.gathering import KIND, OpenCase, grow
from escalation_policies.loader import load_library
from events.incident import IncidentFiled

NOW = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
POLICY = load_library().for_kind("fire")


def at_schools(*names: str, minutes_ago: int = 10) -> list[OpenCase]:
    return [OpenCase(f"case-{name}", name, "IV", NOW - timedelta(minutes=minutes_ago)) for name in names]


def grown(found: list[OpenCase], now: datetime = NOW) -> IncidentFiled | None:
    return grow(POLICY, "fire", "bureau", found, now, exercise=False)


def test_three_schools_make_a_case_of_the_bureau() -> None:
    """It is the bureau's, urgent, says what and where, and any look at the same cases gives the same report."""
    report = grown(at_schools("a", "b", "c"))
    assert report is not None
    assert (report.school_id, report.kind, report.urgent, report.exercise) == ("bureau", KIND, True, False)
    assert report.summary is not None
    assert report.summary.startswith("fire: 3 schools (a, b, c) since 2026-09-01 01:50 UTC.")
    later = grown([*at_schools("a", "b", "c"), *at_schools("d", minutes_ago=1)], NOW + timedelta(minutes=1))
    assert later is not None
    assert (later.case_id, later.report_id) == (report.case_id, report.report_id)


def test_it_takes_the_worst_grade_of_the_schools() -> None:
    """One grave case among light ones makes a grave one."""
    light = at_schools("a", "b", "c")
    report = grown([light[0], replace(light[1], severity="II"), light[2]])
    assert report is not None
    assert report.severity == "II"


def test_too_few_schools_make_none_however_many_cases_they_have() -> None:
    """Schools are counted, not cases."""
    assert grown([*at_schools("a", "b"), *(replace(case, case_id="again") for case in at_schools("a", "b"))]) is None


def test_cases_older_than_the_window_do_not_count() -> None:
    """Three fires in three hours are three fires."""
    assert grown([*at_schools("a", "b"), *at_schools("c", minutes_ago=31)]) is None


def test_policy_without_the_setting_gathers_nothing() -> None:
    """A bureau may do without."""
    without = POLICY.model_copy(update={"gather_schools": None})
    assert grow(without, "fire", "bureau", at_schools("a", "b", "c"), NOW, exercise=False) is None
