"""Named groups in the directory file: people of any unit whom a policy calls together."""

import pytest
from ruamel.yaml import YAML

from events.directory import Group
from services.directory.file_section import Findings, Section
from services.directory.loader import load_directory
from tests.support.directory_file import NOW, changed, errors


def with_groups(*lines: str) -> str:
    """Return the sound file in which the school (its line 5) has these lines of ``groups``, from line 11 on."""
    groups = "".join(f"      {line}\n" for line in lines)
    return changed("    township: town\n", f"    township: town\n    groups:\n{groups}")


def test_groups_of_a_unit_are_published_with_their_people_in_order() -> None:
    """Members may be of other units; one name alone needs no list, and a name twice is one person."""
    text = with_groups("crisis_team: [deputy, chief, head, chief]", "gate: officer")
    school = load_directory(text, NOW).units[3]
    assert school.groups == (
        Group(name="crisis_team", people=("deputy", "chief", "head")),
        Group(name="gate", people=("officer",)),
    )
    assert load_directory(text, NOW).units[0].groups == ()


@pytest.mark.parametrize(
    ("lines", "line", "path", "says"),
    [
        (["crisis_team: [head, ghost]"], 11, ".crisis_team[1]", "no person `ghost`"),
        (["crisis_team:", "  - head", "  - ghost"], 13, ".crisis_team[1]", "no person `ghost`"),
        (["gate: ghost"], 11, ".gate", "no person `ghost`"),
        (["crisis_team: [head, 丁]"], 11, ".crisis_team[1]", "letters"),
        (["crisis_team: []"], 11, ".crisis_team", "lists nobody"),
        (["gate: head", "crisis_team:"], 12, ".crisis_team", "lists nobody"),
        (["crisis_team: {head: deputy}"], 11, ".crisis_team", "single value"),
        (["危机组: [head]"], 11, ".危机组", "letters"),
        (["gate: head", "gate: deputy"], 12, ".gate", "given twice"),
        (["- gate"], 10, "", "written `name: value`"),
        (["crisis_team: [head, [deputy]]"], 11, ".crisis_team[1]", "single value"),
    ],
)
def test_a_mistake_in_a_group_is_told_with_its_place_and_its_line(
    lines: list[str], line: int, path: str, says: str
) -> None:
    """Also where a list goes over several lines: the member's own line."""
    ((found_line, found_path, message),) = errors(with_groups(*lines))
    assert (found_line, found_path) == (line, f"units[3].groups{path}")
    assert says in message


def test_units_groups_left_empty_are_none() -> None:
    """A field with nothing after it was left out."""
    assert load_directory(with_groups(), NOW).units[3].groups == ()


def test_field_nobody_asked_for_in_a_section_below_is_told() -> None:
    """A section within an entry ignores a misspelt field as little as the entry itself."""
    findings = Findings()
    root = Section(YAML(typ="safe", pure=True).compose("within:\n  known: a\n  knwon: b\n"), "", findings)
    within = root.section("within")
    assert within is not None
    assert within.value("known", str) == "a"
    root.close()
    assert [(one.line, one.path) for one in findings.errors] == [(3, "within.knwon")]
