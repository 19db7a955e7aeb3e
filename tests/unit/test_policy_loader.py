"""A policy file is checked whole: every fault at once, each with its path and line, for the person who mends it."""

from pathlib import Path

import pytest

from escalation_policies.errors import NoPolicy, PolicyFaults
from escalation_policies.loader import LIBRARY, load_library, parse_policy
from escalation_policies.schema import Policy
from tests.support.policy_variants import county, library

GOOD = (Path(__file__).parents[1] / "support" / "county-policy.yaml").read_text(encoding="utf-8")


def faults_of(text: str) -> list[str]:
    with pytest.raises(PolicyFaults) as caught:
        parse_policy(text, "p.yaml")
    return [str(fault) for fault in caught.value.faults]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1, old
    return GOOD.replace(old, new, 1)


def test_library_of_the_project_loads() -> None:
    """The shipped policy is sound, and a report of any kind finds one."""
    policies = load_library()
    assert {"fire", "food-poisoning", "other"} <= set(policies.kinds)
    assert policies.for_any_kind("meteorite").id == "school-incident"


def test_policy_survives_the_journal_unchanged() -> None:
    """Frozen into a case as JSON and read again, a policy is the same, shares with decimals too."""
    policy = parse_policy(changed("at: 95%", "at: 33.33%"))
    assert Policy.model_validate_json(policy.model_dump_json()) == policy
    assert Policy.model_validate(policy.model_dump(mode="json")) == policy


EVERY = "p.yaml:68: at_top.repeat_every:"
SHARE = "p.yaml:37: clocks.report_upward.reminders[2].at:"
FAULTS: dict[str, tuple[str, str, list[str]]] = {
    "principal too late": (
        "IV: 15m}\n    reminders:\n      - {every",
        "IV: 16m}\n    reminders:\n      - {every",
        ["p.yaml:27: clocks.report_to_principal: the plan's window is 5m to 15m, here IV: 16m"],
    ),
    "principal too soon": (
        "{I: 5m, II: 5m, III: 10m, IV: 15m}",
        "{I: 4m, II: 299s, III: 10m, IV: 15m}",
        ["p.yaml:27: clocks.report_to_principal: the plan's window is 5m to 15m, here I: 4m, II: 4m59s"],
    ),
    "upward too late": (
        "within: 20m",
        "within: {I: 20m, II: 20m, III: 20m1s, IV: 21m}",
        ["p.yaml:32: clocks.report_upward: the plan's limit is 20m, here longer for severity III, IV"],
    ),
    "severity missing": (
        "{I: 30m, II: 1h, III: 2h, IV: 24h}",
        "{I: 30m, II: 1h}",
        ["p.yaml:43: clocks.follow_up.within: no duration for severity III, IV"],
    ),
    "not a duration": (
        "within: 20m",
        "within: soon",
        ["p.yaml:33: clocks.report_upward.within: 'soon' is not a duration: write 90s, 5m, 1h30m or 2d"],
    ),
    "zero": ("repeat_every: 15m", "repeat_every: 0s", [f"{EVERY} a duration must be longer than zero"]),
    "too long for any clock": (
        "repeat_every: 15m",
        "repeat_every: 99999999999d",
        [f"{EVERY} 99999999999d is longer than ten years"],
    ),
    "share outside the clock": (
        "at: 95%",
        "at: 0%",
        [f"{SHARE} 0% is not inside the clock: write a share above 0% and below 100%"],
    ),
    "share as a bare number past the end": (
        "at: 95%",
        "at: 1.5",
        [f"{SHARE} 150% is not inside the clock: write a share above 0% and below 100%"],
    ),
    "reminder with both": (
        "{at: 95%,",
        "{at: 95%, every: 1m,",
        ["p.yaml:37: clocks.report_upward.reminders[2]: give exactly one of `at` and `every`"],
    ),
    "selector with neither": (
        "{role: principal, at: self}",
        "{at: self}",
        ["p.yaml:50: chain[0].tell[0]: give exactly one of `role`, `on_duty` and `group`"],
    ),
    "misspelt field": (
        "receipt: all",
        "reciept: all",
        ["p.yaml:65: chain[2].reciept: Extra inputs are not permitted"],
    ),
    "missing field": (
        "at_top:\n  repeat_every: 15m\n  rounds: 96\n  fallback:",
        "at_top:\n  rounds: 96\n  fallback:",
        ["p.yaml:67: at_top.repeat_every: Field required"],
    ),
    "level named twice": (
        "level: district",
        "level: principal",
        ["p.yaml:47: chain: names a level twice: principal"],
    ),
    "level name that breaks a clock's key": (
        "level: district",
        "level: district#1",
        ["p.yaml:54: chain[1].level: String should match pattern '^[^@#\\x00-\\x1f\\x7f]+$'"],
    ),
    "channel named twice": (
        "    receipt: all",
        "    receipt: all\n    channels: [sms, sms]",
        ["p.yaml:66: chain[2].channels: a channel is named twice: nobody is told twice by one channel"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_named_with_its_path_and_line(name: str) -> None:
    """What is wrong, where, in words of the file."""
    old, new, expected = FAULTS[name]
    found = faults_of(changed(old, new))
    assert found == expected


def test_every_fault_is_said_at_once() -> None:
    """Three mistakes are three lines, not three tries."""
    text = changed("IV: 15m}\n    rem", "IV: 25m}\n    rem").replace("within: 20m", "within: soon")
    text = text.replace("receipt: all", "receipt: most")
    assert [fault.split(" ")[0] for fault in faults_of(text)] == ["p.yaml:27:", "p.yaml:33:", "p.yaml:65:"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id: [", "p.yaml:1: not YAML: "),
        ("id: a\nid: b\n", "p.yaml:2: not YAML: "),
        ("- a list", "p.yaml:1: a policy is a mapping"),
        ("", "p.yaml:1: a policy is a mapping"),
        ("id: \x00", "p.yaml:1: not YAML: "),
        ("title: 2026-13-45", "p.yaml:1: not YAML: "),
    ],
)
def test_file_that_is_no_policy_at_all_is_one_fault_not_a_crash(text: str, said: str) -> None:
    """Whatever is in the file, the answer is a sentence with a line."""
    (fault,) = faults_of(text)
    assert fault.startswith(said)


OTHERS = set(parse_policy(GOOD).applies_to.kinds) - {"fire"}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def library_faults(folder: Path) -> list[str]:
    with pytest.raises(PolicyFaults) as caught:
        load_library(folder)
    return [str(fault) for fault in caught.value.faults]


def test_empty_folder_is_a_fault(tmp_path: Path) -> None:
    """A program without policies would call nobody."""
    assert library_faults(tmp_path) == [f"{tmp_path}:0: no policy file (*.yaml) in this folder"]


def test_kind_and_id_in_two_files_are_faults_with_their_lines(tmp_path: Path) -> None:
    """Two files that claim one kind, or one id, are told apart by file and line."""
    kinds = "\n".join(line for line in GOOD.splitlines() if not (line.startswith("    - ") and line[6:] in OTHERS))
    found = library_faults(write(tmp_path, a=GOOD, b=kinds))
    assert found == [
        "b.yaml:3: id: id 'school-incident' already belongs to policy 'school-incident' (a.yaml)",
        "b.yaml:9: applies_to.kinds[0]: kind 'fire' already belongs to policy 'school-incident' (a.yaml)",
    ]


def test_faults_of_all_files_are_said_together(tmp_path: Path) -> None:
    """One broken file does not hide the other."""
    found = library_faults(write(tmp_path, a="- a list", b=changed("within: 20m", "within: soon")))
    assert [fault.split(":")[0] for fault in found] == ["a.yaml", "b.yaml"]


def test_library_without_a_policy_for_other_is_a_fault(tmp_path: Path) -> None:
    """A report of an unknown kind must open a case."""
    (found,) = library_faults(write(tmp_path, a=changed("    - other\n", "")))
    assert "no policy applies to kind 'other'" in found


def test_file_that_is_not_utf8_is_a_fault(tmp_path: Path) -> None:
    """A file in another encoding is said to be one."""
    (tmp_path / "a.yaml").write_bytes("title: 学校安全事件".encode("gb18030"))
    (found,) = library_faults(tmp_path)
    assert found.startswith("a.yaml:0: cannot be read as UTF-8 text: ")


def test_file_named_yml_is_read_too(tmp_path: Path) -> None:
    """A policy is not passed over in silence for three letters."""
    (tmp_path / "a.yml").write_text(GOOD, encoding="utf-8")
    assert load_library(tmp_path).for_kind("fire").id == "school-incident"


def test_asking_for_a_kind_without_a_policy_names_those_that_exist() -> None:
    """The error says what could be asked for."""
    policy = county()
    only = policy.model_copy(update={"applies_to": policy.applies_to.model_copy(update={"kinds": ("fire",)})})
    with pytest.raises(NoPolicy, match="known kinds: fire"):
        library(only).for_kind("flood")


def test_due_date_clock_needs_a_span_for_every_severity() -> None:
    """A hazard of a grade without one would stop whoever opens its case."""
    text = (LIBRARY / "hazard.yaml").read_text(encoding="utf-8")
    broken = text.replace("within: {I: 1d, II: 3d, III: 7d, IV: 15d}", "within: {I: 1d, II: 3d}")
    assert broken != text
    (fault,) = faults_of(broken)
    assert fault.endswith("clocks.rectification.within: no duration for severity III, IV")
