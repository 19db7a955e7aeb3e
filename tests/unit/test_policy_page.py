"""The page that says how to write a policy: its examples are policies, and its tables are the schema's."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from escalation_policies.clock_rules import Clocks
from escalation_policies.field_table import BEGIN, END, field_tables, with_tables
from escalation_policies.loader import load_library, parse_policy
from escalation_policies.policy_schema import policy_schema
from services.cli.policy_command import app

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
TEXT = PAGE.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
CLOCKS: list[dict[str, Any]] = [
    YAML(typ="safe", pure=True).load(example)["clocks"] for example in EXAMPLES if example.startswith("clocks:")
]


def test_tables_of_the_page_are_the_schemas() -> None:
    """Written anew when the language changes, by `tocsin policy fields --write docs/policies.md`."""
    assert with_tables(TEXT) == TEXT


def test_every_field_has_a_row_that_says_what_it_takes() -> None:
    """Nothing of the language is left out, and nothing is left empty."""
    tables = field_tables()
    rows = [line.split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    schema = policy_schema()
    parts = [schema, *schema["$defs"].values()]
    assert len(rows) == sum(len(part["properties"]) for part in parts)
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)


@pytest.mark.parametrize(
    "row",
    [
        "| `rounds` | a whole number, 1 to 1000 | `96` |",
        "| `within` | [Term](#term) | must be given |",
        "| `again` | [Term](#term) | `{working_days: 5}` |",
        "| `at` | a span, or a share of the clock: `80%` | — |",
        "| `channels` | a list (at least 1): `sms`, `email`, `voice`, `webhook`, `chat` | `[sms, email]` |",
        '| `start` | an hour of the day: `"21:30"` | must be given |',
        "| `holidays` | a list: a day: `2026-10-01` | — |",
        "| `evidence` | `true`, `false` | `false` |",
        "| `calendar` | `cn`, or [Calendar](#calendar) | — |",
    ],
)
def test_row_gives_unit_range_and_default(row: str) -> None:
    """One of each sort of field."""
    assert row in field_tables()


def test_whole_example_is_a_policy_without_faults() -> None:
    """Whoever copies it has a policy that loads."""
    assert parse_policy(EXAMPLES[0]).id == "lift-failure"


def test_every_clock_has_an_example_that_can_be_used() -> None:
    """Each fragment is read by the same rules as a file."""
    fire = load_library().for_kind("fire").clocks
    needed = {name: getattr(fire, name) for name in ("report_to_principal", "upward_receipt")}
    for example in CLOCKS:
        Clocks.model_validate({**needed, **example})
    assert {name for example in CLOCKS for name in example} == set(Clocks.model_fields)


def test_fields_are_printed_or_written_into_a_page(tmp_path: Path) -> None:
    """Between the marks of a page; the rest stays as it was."""
    run = CliRunner().invoke
    assert field_tables() in run(app, ["fields"]).output
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert run(app, ["fields", "--write", str(page)]).exit_code == 0
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\n\n{field_tables()}\n\n{END}\nafter\n"


def test_page_without_a_place_for_the_tables_is_refused(tmp_path: Path) -> None:
    """It says which lines are missing, and changes nothing."""
    page = tmp_path / "page.md"
    page.write_text("no marks\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["fields", "--write", str(page)], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "the page needs a line" in result.output
    assert page.read_text(encoding="utf-8") == "no marks\n"
