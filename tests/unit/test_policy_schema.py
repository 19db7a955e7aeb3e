"""The JSON Schema that editors check a policy against while it is typed."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from escalation_policies.loader import LIBRARY, parse_policy
from escalation_policies.policy_schema import EXACTLY_ONE, policy_schema
from escalation_policies.policy_words import MEANINGS
from escalation_policies.schema import Policy
from services.cli.contracts.files import FOLDER, POLICY_SCHEMA, write_contracts

COUNTY = Path(__file__).parents[1] / "support" / "county-policy.yaml"
FILES = sorted(LIBRARY.glob("*.yaml"))
SCHEMA = policy_schema()


def faults_of(text: str) -> list[str]:
    document = YAML(typ="safe", pure=True).load(text)
    return ["/".join(map(str, fault.absolute_path)) for fault in Draft202012Validator(SCHEMA).iter_errors(document)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_policy_of_the_library_is_valid(file: Path) -> None:
    """What the loader takes, an editor marks nothing in."""
    assert faults_of(file.read_text(encoding="utf-8")) == []


def test_schema_is_itself_valid() -> None:
    """By the rules of its dialect."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("within: 20m", "within: soon", "clocks/report_upward"),
        ("within: 20m", "within: 0m", "clocks/report_upward"),
        ("within: 20m", "within: {I: 20m}", "clocks/report_upward"),
        ("at: 95%", "at: 0%", "clocks/report_upward"),
        ("at: 95%", "at: 100%", "clocks/report_upward"),
        ("{at: 95%,", "{at: 95%, every: 1m,", "clocks/report_upward"),
        ("{role: principal, at: self}", "{role: principal, group: crisis, at: self}", "chain/0/tell/0"),
        ("{role: principal, at: self}", "{at: self}", "chain/0/tell/0"),
        ("receipt: all", "receipt: most", "chain/2/receipt"),
        ("receipt: all", "reciept: all", "chain/2"),
        ("urgent_severity: III", "urgent_severity: V", "urgent_severity"),
        ("title:", "calendar: mars\ntitle:", "calendar"),
        ("title:", "quiet_hours: {start: '25:00', end: '07:00'}\ntitle:", "quiet_hours"),
        ("rounds: 96", "rounds: 0", "at_top/rounds"),
        ("repeat_every: 15m\n", "\n", "at_top"),
    ],
)
def test_broken_policy_is_not_valid(old: str, new: str, where: str) -> None:
    """An editor marks what the loader would refuse, at its place."""
    text = COUNTY.read_text(encoding="utf-8")
    assert faults_of(text) == []
    assert old in text
    found = faults_of(text.replace(old, new, 1))
    assert found
    assert all(fault.startswith(where) for fault in found)


@pytest.mark.parametrize("share", ["33.33%", "0.5", "90s", "1m30s"])
def test_every_way_to_write_a_moment_is_valid(share: str) -> None:
    """Shares of the clock, as percentage or number, and spans: what the loader reads."""
    text = COUNTY.read_text(encoding="utf-8").replace("at: 95%", f"at: {share}")
    assert faults_of(text) == []
    assert parse_policy(text)


def test_calendar_may_be_named_or_written_out() -> None:
    """A county with holidays of its own writes them into its policy."""
    text = COUNTY.read_text(encoding="utf-8")
    for calendar in ("cn", '{id: here, holidays: ["2026-10-01"], known_until: "2026-12-31"}'):
        assert faults_of(f"calendar: {calendar}\n{text}") == []


def test_file_of_the_library_names_the_schema_that_is_written(tmp_path: Path) -> None:
    """The first line leads an editor from the file to the published schema."""
    written = {path.relative_to(tmp_path).as_posix() for path in write_contracts(tmp_path)}
    assert POLICY_SCHEMA in written
    document = json.loads((tmp_path / POLICY_SCHEMA).read_text(encoding="utf-8"))
    assert {key: value for key, value in document.items() if key not in {"$schema", "$id"}} == SCHEMA
    for file in FILES:
        first = file.read_text(encoding="utf-8").splitlines()[0]
        name = first.removeprefix("# yaml-language-server: $schema=")
        assert (file.parent / name).resolve() == FOLDER / POLICY_SCHEMA


def test_every_field_has_one_meaning() -> None:
    """Each field says what it means, in the model or in the table, not in both."""
    own = Policy.model_json_schema()
    models: dict[str, Any] = {"Policy": own, **own["$defs"]}
    told = {
        f"{model}.{field}"
        for model, part in models.items()
        for field, rule in part["properties"].items()
        if "description" in rule
    }
    every = {f"{model}.{field}" for model, part in models.items() for field in part["properties"]}
    assert told | set(MEANINGS) == every
    assert not told & set(MEANINGS)
    assert set(EXACTLY_ONE) <= set(models)
