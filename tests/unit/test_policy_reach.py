"""A policy is asked of a directory: every level, every school, every moment that the rosters know."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from escalation_policies.loader import LIBRARY, load_library
from escalation_policies.reach import unreachable
from services.cli.policy_command import app
from services.cli.policy_ground import ground_of
from services.directory.sample import sample_county

NOW = datetime(2026, 9, 1, 2, 0, tzinfo=UTC)
COUNTY = sample_county(7, schools=6, districts=2, townships=3)
SAMPLE = Path(__file__).parents[2] / "deploy" / "sample" / "county.yaml"
Ask = Callable[[str, str], list[str]]


@pytest.fixture
def findings(tmp_path: Path) -> Ask:
    """Ask a kind's policy of a directory file; findings as `path: what`."""

    def ask(kind: str, county: str) -> list[str]:
        file = tmp_path / "county.yaml"
        file.write_text(county, encoding="utf-8")
        found = unreachable(load_library().for_kind(kind), ground_of(file, NOW))
        return [
            "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in where)[1:] + f": {what}"
            for where, what in found
        ]

    return ask


def without(role: str, county: str = COUNTY) -> str:
    assert f"roles: [{role}]" in county, role
    return county.replace(f"roles: [{role}]", "roles: [teacher]")


def changed(old: str, new: str, county: str = COUNTY) -> str:
    assert old in county, old
    return county.replace(old, new)


def test_county_that_holds_every_post_has_no_findings(findings: Ask) -> None:
    """Nothing is wrong with the sample of any size."""
    for policy in load_library().policies:
        assert findings(policy.applies_to.kinds[0], COUNTY) == []


def test_post_that_nobody_holds_anywhere_is_one_finding(findings: Ask) -> None:
    """Six schools without a health officer above them are one line."""
    assert findings("food-poisoning", without("health_officer")) == [
        "chain[2].tell[2]: nobody holds role:health_officer@ancestor:bureau: at every school (6)"
    ]


def test_post_that_one_township_lacks_names_its_schools(findings: Ask) -> None:
    """A few schools are named."""
    lines = COUNTY.splitlines(keepends=True)
    county = "".join(
        line.replace("[township_officer]", "[clerk]") if "unit: township-03" in line else line for line in lines
    )
    assert findings("fire", county) == [
        "chain[2].tell[0]: nobody holds role:township_officer@township: at 2 of 6 schools: school-003, school-006"
    ]


def test_many_schools_are_told_by_unit_or_counted(findings: Ask) -> None:
    """Whole districts by name, the rest by the first three and a number."""
    county = sample_county(7, schools=24, districts=2, townships=3)
    lines = county.splitlines(keepends=True)
    county = "".join(
        line.replace("[township_officer]", "[clerk]")
        if "unit: township-02" in line or "unit: township-03" in line
        else line
        for line in lines
    )
    [said] = findings("fire", county)
    assert said.endswith(
        "at 16 of 24 schools: every school under district-2 (8); school-003, school-006, school-009 and 5 more"
    )


def test_level_where_nobody_can_be_told_is_one_finding_for_all_its_selectors(findings: Ask) -> None:
    """Neither the officer nor a stand-in: the level is named, not each selector."""
    assert findings("petition", without("petition_officer", without("bureau_leader"))) == [
        "chain[2]: nobody can be told at petition_office: at every school (6)"
    ]


def test_roster_that_ends_leaves_its_level_without_anybody_from_then_on(findings: Ask) -> None:
    """The moment is said at which the last shift ends."""
    start, end = COUNTY.index("        weekly:\n"), COUNTY.index("  - id: district-1")
    shift = "{start: 2026-08-30T08:00:00+08:00, end: 2026-09-05T08:00:00+08:00, person: p-0002}"
    dated = f"        shifts:\n          - {shift}\n"
    county = without("protection_officer", COUNTY[:start] + dated + COUNTY[end:])
    assert findings("suspected-abuse", county) == [
        "chain[0]: nobody can be told at protection from 2026-09-05 00:00 UTC: at every school (6)",
        (
            "conflict.fallback[0]: nobody holds on_duty:duty_officer@ancestor:bureau from 2026-09-05 00:00 UTC: "
            "at every school (6)"
        ),
    ]


def test_level_without_an_address_for_its_channels_is_named(tmp_path: Path) -> None:
    """People are there, but a message would have nowhere to go."""
    policy = load_library().for_kind("fire")
    district = policy.chain[1].model_copy(update={"channels": ("email",)})
    policy = policy.model_copy(update={"chain": (policy.chain[0], district, policy.chain[2])})
    county = COUNTY
    for line in COUNTY.splitlines():
        person = line.split("id: ")[-1].split(",")[0]
        if "unit: district-1," in line:
            county = county.replace(f", {{email: {person}@example.org}}", "")
    file = tmp_path / "county.yaml"
    file.write_text(county, encoding="utf-8")
    [(where, what)] = unreachable(policy, ground_of(file, NOW))
    assert where == ["chain", 1, "channels"]
    assert what.startswith("nobody at district has an address for email: at 4 of 6 schools: ")


def test_stand_ins_that_nobody_ever_is_are_named(findings: Ask) -> None:
    """A level can live without them, but whoever wrote them into the policy believes in them."""
    assert findings("fire", without("district_deputy")) == [
        "chain[1].stand_in: nobody stands in at district: at every school (6)"
    ]


def test_fallback_that_nobody_holds_is_named(findings: Ask) -> None:
    """The last rescue is asked for, too."""
    county = without("duty_officer")
    assert findings("fire", county) == [
        "at_top.fallback[0]: nobody holds role:duty_officer@ancestor:bureau: at every school (6)"
    ]


def test_ground_looks_at_every_change_of_the_rosters_and_no_further(tmp_path: Path) -> None:
    """From now to the horizon of the weekly rosters."""
    file = tmp_path / "county.yaml"
    file.write_text(COUNTY, encoding="utf-8")
    moments = ground_of(file, NOW).moments
    assert moments[0] == NOW
    assert list(moments) == sorted(set(moments))
    assert moments[-1] < NOW + timedelta(days=28)
    assert len(moments) > 20


def test_check_asks_the_directory_and_passes_the_sample_county() -> None:
    """The shipped policies and the shipped county belong together."""
    result = CliRunner().invoke(app, ["check", "--directory", str(SAMPLE)])
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].endswith("somebody can be told at every level, for each of 165 schools")


def test_check_gives_what_the_directory_lacks_the_file_and_line_of_the_policy(tmp_path: Path) -> None:
    """Mended in the policy or in the directory: the line says which selector it is about."""
    file = tmp_path / "county.yaml"
    file.write_text(without("exam_officer"), encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--directory", str(file)])
    assert result.exit_code == 1
    lines = (LIBRARY / "exam-safety.yaml").read_text(encoding="utf-8").splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "role: exam_officer" in line)
    assert result.output == (
        f"exam-safety.yaml:{number}: chain[1].tell[0]: nobody holds role:exam_officer@ancestor:bureau: "
        "at every school (6)\n"
    )
