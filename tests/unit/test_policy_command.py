"""``tocsin policy``: a clerk checks, draws and plays a policy before anybody's safety hangs on it."""

from pathlib import Path

from typer.testing import CliRunner

from escalation_policies.diagram import STARTS, document, state_diagram
from escalation_policies.loader import load_library
from escalation_policies.machine.transitions import TABLE, Transition
from escalation_policies.timeline_pages import pages
from services.cli.policy_command import app

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


def test_timelines_are_printed_or_written(tmp_path: Path) -> None:
    """The page is printed by default; written, it comes with its pictures."""
    code, output = run("timelines")
    assert code == 0
    assert "# Who is told when" in output
    code, output = run("timelines", "--write", str(tmp_path))
    assert code == 0
    written = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert f"{len(written)} files written" in output
    assert {"timelines.md", "timelines/hazard.svg", "timelines/hazard-answered.svg"} <= set(written)


def test_timelines_of_the_docs_are_what_the_machine_plays() -> None:
    """Drawn anew when policies or the machine change, by `tocsin policy timelines --write docs`."""
    docs = PAGE.parent
    expected = pages(load_library().policies)
    for name, text in expected.items():
        assert (docs / name).read_text(encoding="utf-8") == text, name
    present = {f"timelines/{file.name}" for file in (docs / "timelines").iterdir()}
    assert present == set(expected) - {"timelines.md"}
