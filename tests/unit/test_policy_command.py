"""``tocsin policy``: a clerk checks, draws and plays a policy before anybody's safety hangs on it."""

from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from escalation_policies.diagram import STARTS, document, state_diagram
from escalation_policies.loader import LIBRARY, load_library
from escalation_policies.machine.transitions import TABLE, Transition
from escalation_policies.simulation import simulate
from services.cli.policy_command import app
from tests.support.policy_variants import county

COUNTY = Path(__file__).parents[1] / "support" / "county-policy.yaml"
PAGE = Path(__file__).parents[2] / "docs" / "state-diagram.md"
WIDE = {"COLUMNS": "200"}


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env=WIDE)
    return result.exit_code, result.output


def test_check_passes_the_library() -> None:
    """The shipped policies have no faults, and exit says so."""
    code, output = run("check")
    assert code == 0
    names = [line.split()[0] for line in output.splitlines()]
    assert names == [policy.id for policy in load_library().policies]
    assert all(line.endswith("no faults") for line in output.splitlines())


def test_check_names_every_fault_and_exits_with_1(tmp_path: Path) -> None:
    """Two mistakes in one file are two lines, and the exit code stops a pipeline."""
    text = COUNTY.read_text(encoding="utf-8")
    broken = text.replace("within: 20m", "within: 25m").replace("receipt: all", "receipt: most")
    (tmp_path / "p.yaml").write_text(broken, encoding="utf-8")
    code, output = run("check", str(tmp_path))
    assert code == 1
    assert [line.split(" ")[0] for line in output.splitlines()] == ["p.yaml:32:", "p.yaml:65:"]


def test_page_of_the_docs_is_what_the_table_draws() -> None:
    """Drawn anew when the table changes, by `tocsin policy diagram --write docs/state-diagram.md`."""
    assert PAGE.read_text(encoding="utf-8") == document()


def test_diagram_draws_every_row_of_the_table_once() -> None:
    """No arrow is missing and none is invented."""
    drawn = [line.strip() for clock in STARTS for line in state_diagram(clock).splitlines() if " : " in line]
    arrows = [f"{row.before} --> {row.after} : {row.trigger}" for row in TABLE]
    assert len(drawn) == len(arrows) + len(STARTS)
    assert all(any(line.startswith(arrow) for line in drawn) for arrow in arrows)


def test_diagram_follows_the_table_it_is_given() -> None:
    """Another table gives another drawing."""
    table = [Transition("follow_up", "running", "deadline", "breached", ("tell_who_waits",))]
    assert state_diagram("follow_up", table).splitlines()[2:] == [
        "    running --> breached : deadline / tell who waits",
        "    breached --> [*]",
    ]


def test_diagram_is_printed_or_written(tmp_path: Path) -> None:
    """Printed by default, written where asked."""
    assert run("diagram") == (0, document())
    page = tmp_path / "docs" / "page.md"
    assert run("diagram", "--write", str(page))[0] == 0
    assert page.read_text(encoding="utf-8") == document()


def test_simulation_of_silence_climbs_the_chain() -> None:
    """Nobody answers at severity IV: principal at 0, reminded at 5 and 10, district at 15, the top at 25."""
    lines = simulate(county(), "IV", timedelta(minutes=30))
    told = {(line.minute, "+".join(line.told)) for line in lines}
    assert {(0, "principal"), (15, "district_director"), (25, "township_officer+bureau_leader")} <= told
    assert min(line.minute for line in lines if "district_director" in line.told) == 15
    assert {line.channels for line in lines if line.told} == {("sms", "email")}


def test_simulation_hears_who_answers() -> None:
    """With the principal's receipt at 12 the district hears only of the missing report, at 32."""
    lines = simulate(county(), "IV", timedelta(minutes=40), {"principal": timedelta(minutes=12)})
    assert next(line.minute for line in lines if line.told == ("district_director",)) == 32


@pytest.mark.parametrize("name", ["school-incident", "fire", str(LIBRARY / "school-incident.yaml")])
def test_simulate_prints_a_table(name: str) -> None:
    """By id, by kind or by file: the same table."""
    code, output = run("simulate", name, "--severity", "I", "--minutes", "20", "--answers", "principal@3")
    assert code == 0
    assert "severity I, the first 20 minutes" in output
    assert "district_director" not in output
    assert "clock-satisfied report_to_principal@principal: acknowledged in time" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["meteorite"], "no policy 'meteorite'; there is exam-safety, hazard"),
        (["school-incident", "--severity", "V"], "write one of I, II, III, IV"),
        (["school-incident", "--answers", "principal"], "write ROLE@MINUTE"),
        (["nowhere.yaml"], "cannot read nowhere.yaml"),
    ],
)
def test_simulate_says_what_it_could_not_use(arguments: list[str], said: str) -> None:
    """A mistyped argument is answered by what would have been right."""
    code, output = run("simulate", *arguments)
    assert code == 2
    assert said in " ".join(output.replace("│", " ").split())
