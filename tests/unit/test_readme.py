"""The README says what the code does."""

from pathlib import Path

import pytest

from services.runtime.settings import documented

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("variable", "default", "meaning"), documented())
def test_every_setting_is_in_the_readme(variable: str, default: str, meaning: str) -> None:
    """Each variable stands in the table with its default and meaning."""
    shown = f"`{default}`" if default else ""
    assert f"| `{variable}` | {shown} | {meaning} |" in README


@pytest.mark.parametrize(
    "path",
    sorted(
        {
            part
            for part in README.replace("`", " ").replace(",", " ").split()
            if part.startswith(("tests/", "docs/", "escalation_policies/"))
        }
    ),
)
def test_every_file_that_the_readme_names_exists(path: str) -> None:
    """A promise names a test that is there."""
    assert (Path(__file__).parents[2] / path).exists()
