"""The table of mutants that nobody can notice: read as it is written, and what a mutant does, in its words."""

import pytest

from tests.mutants.table import PAGE, Change, change, explained

DIFF = """\
--- escalation_policies/machine/rules.py
+++ escalation_policies/machine/rules.py
@@ -1,3 +1,3 @@
 def first(case: Case) -> Clock | None:
-    kept: Clock | None = case.clocks[0]
+    kept: Clock | None = None
     return kept
""".splitlines()


def test_row_of_a_change_is_read_as_it_was_written() -> None:
    """A bar in the code ends no column."""
    said = change("machine.rules.first", DIFF)
    assert said == Change("machine.rules.first", "kept: Clock | None = case.clocks[0]", "kept: Clock | None = None")
    assert explained(f"| where | was |\n{said.row('it is never asked')}\n") == {said: "it is never asked"}


def test_lines_that_a_mutant_leaves_out_are_gone() -> None:
    """A mutant may take away an argument; one over several lines is told in one."""
    assert change("f", [*DIFF[:3], "-    a,", "-    b,", " )"]) == Change("f", "a, b,", "(gone)")


@pytest.mark.parametrize("row", ["| `f` | `a` | `b` |", "| `f` | `a` | `b` | |"])
def test_row_without_its_reason_is_refused_with_its_line(row: str) -> None:
    """Nobody passes a mutant by without saying why."""
    with pytest.raises(ValueError, match="line 2: a row has four columns"):
        explained(f"# Mutants\n{row}")


def test_mutant_that_is_explained_twice_is_refused() -> None:
    """Two reasons for one mutant may differ."""
    row = Change("f", "a", "b").row("because")
    with pytest.raises(ValueError, match="line 2: this mutant was explained before"):
        explained(f"{row}\n{row}")


def test_table_of_the_page_can_be_read() -> None:
    """The page itself has a reason in every row."""
    assert explained(PAGE.read_text(encoding="utf-8"))
