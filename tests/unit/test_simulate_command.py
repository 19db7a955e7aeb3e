"""``tocsin policy simulate``: a clerk plays a policy from a terminal."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from escalation_policies.loader import LIBRARY
from services.cli.policy_command import app

WIDE = {"COLUMNS": "200"}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["simulate", *arguments], env=WIDE)
    return result.exit_code, result.output


@pytest.mark.parametrize("name", ["school-incident", "fire", str(LIBRARY / "school-incident.yaml")])
def test_table_is_printed_for_a_policy_by_id_kind_or_file(name: str) -> None:
    """The same table, whichever way the policy is named."""
    code, output = run(name, "--severity", "I", "--for", "20m", "--answers", "principal@3")
    assert code == 0
    assert "school-incident version 1, severity I" in output
    assert "principal acknowledges at 3m" in output
    assert "district_director" not in output
    assert "clock-satisfied report_to_principal@principal: acknowledged in time" in output


def test_answers_take_units_and_verbs() -> None:
    """Minutes without a unit, spans with one, and what is done."""
    answers = ("principal@12", "principal:reports@1h", "district_director:declines@1h5m")
    code, output = run("fire", *(part for answer in answers for part in ("--answers", answer)))
    assert code == 0
    assert "principal acknowledges at 12m; principal reports at 1h; district_director declines at 1h5m" in output


def test_quiet_hours_and_conflicts_are_shown() -> None:
    """When a message is held until, and who is passed over."""
    code, output = run("petition", "--for", "1d", "--at", "2026-10-01T22:30+08:00", "--concerns", "principal")
    assert code == 0
    assert "held until Fri 10-02 07:00" in output
    assert "the case concerns who holds role:principal@self" in output


def test_json_holds_every_line_and_clock() -> None:
    """For programs: nothing folded, times with their offset."""
    code, output = run("fire", "--for", "2h", "--json")
    assert code == 0
    found = json.loads(output)
    assert found["policy"] == "school-incident"
    assert found["lines"][0] == {
        "after_seconds": 0.0,
        "at": "2026-03-02T01:00:00+00:00",
        "kind": "step-taken",
        "level": "principal",
        "clock": None,
        "told": ["principal"],
        "channels": ["sms", "email"],
        "held_until": None,
        "by": None,
        "why": "principal told at once",
    }
    assert "report_to_principal@principal" in {clock["key"] for clock in found["clocks"]}


def test_every_round_is_shown_when_asked_for() -> None:
    """Folded by default."""
    _, short = run("fire")
    _, long = run("fire", "--all")
    assert "times more, until" in short
    assert "times more, until" not in long
    assert len(long.splitlines()) > len(short.splitlines())


def test_picture_is_written_where_asked(tmp_path: Path) -> None:
    """Beside the table."""
    file = tmp_path / "fire.svg"
    code, output = run("fire", "--svg", str(file))
    assert code == 0
    assert "school-incident version 1" in output
    assert file.read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["meteorite"], "no policy 'meteorite'; there is exam-safety, hazard"),
        (["fire", "--severity", "V"], "write one of I, II, III, IV"),
        (["fire", "--answers", "principal"], "write ROLE@TIME"),
        (["fire", "--answers", "principal:sings@3"], "no verb 'sings'; there is acknowledges, declines, reports"),
        (["fire", "--answers", "janitor@3"], "school-incident tells no 'janitor'; it tells principal"),
        (["fire", "--answers", "principal@1.2.3"], "'1.2.3' is no number of minutes"),
        (["fire", "--answers", "principal@3w"], "'3w' is not a duration"),
        (["fire", "--concerns", "janitor"], "--concerns: school-incident tells no 'janitor'"),
        (["fire", "--for", "soon"], "--for 'soon' is not a duration"),
        (["fire", "--for", "401d"], "--for 401d: at most 400d"),
        (["fire", "--at", "tomorrow"], "--at 'tomorrow': write a time such as"),
        (["fire", "--at", "2026-10-01T22:30"], "write the offset from UTC, too, such as 2026-10-01T22:30+08:00"),
        (["nowhere.yaml"], "cannot read nowhere.yaml"),
    ],
)
def test_what_could_not_be_used_is_said(arguments: list[str], said: str) -> None:
    """A mistyped argument is answered by what would have been right."""
    code, output = run(*arguments)
    assert code == 2
    assert said in " ".join(output.replace("│", " ").split())
