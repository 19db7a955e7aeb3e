"""What mutmut kept about each mutant, in its folder ``mutants``."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import get_module_from_key, orig_function_and_class_names_from_key

from tests.mutants.table import Change, change

FOLDER = Path("mutants")
_STATS = FOLDER / "mutmut-stats.json"
_TESTS_TRIED = FOLDER / "tests.sha256"
_COPIED = ("tests", "events", "services", "docs", "deploy")
_ROOT = "escalation_policies."
NOTICED = frozenset({1, 3, 24, 152, -24, -9, -11})
"""Exit codes: a test failed, pytest itself did, no end in its time, killed, crashed."""
UNNOTICED = frozenset({0, 5, 33})
"""All tests passed, or there was none. Other codes say nothing about the mutant: it is tried again."""


@dataclass(frozen=True)
class Result:
    """One mutant: its name, and whether a test noticed it (None: not tried yet)."""

    name: str
    path: Path
    is_noticed: bool | None

    @property
    def change(self) -> Change:
        """Return what it does."""
        function, owner = orig_function_and_class_names_from_key(self.name)
        module = get_module_from_key(self.name).removeprefix(_ROOT)
        where = ".".join(part for part in (module, owner, function) if part)
        return change(where, get_diff_for_mutant(self.name, path=self.path).splitlines())


def read(like: str) -> list[Result]:
    """Return the mutants whose names are ``like`` this."""
    return [
        Result(name, data.path, None if code not in NOTICED | UNNOTICED else code in NOTICED)
        for data in _kept()
        for name, code in data.exit_code_by_key.items()
        if fnmatch(name, like)
    ]


def _kept() -> Iterator[SourceFileMutationData]:
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        yield data


def freshen() -> None:
    """Let copies of what is not mutated be made anew, and what was not noticed be tried again by tests that changed."""
    for name in _COPIED:
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    for copy in (FOLDER / "escalation_policies").rglob("*"):
        if copy.is_file() and copy.suffix not in {".py", ".meta", ".spans"}:
            copy.unlink()
    tests = _tests()
    old = _TESTS_TRIED.read_text(encoding="utf-8") if _TESTS_TRIED.exists() else tests
    for data in _kept():
        again = {
            name
            for name, code in data.exit_code_by_key.items()
            if code not in NOTICED and (tests != old or code not in UNNOTICED)
        }
        if again:
            data.exit_code_by_key.update(dict.fromkeys(again))
            data.save()
    if tests != old and _STATS.exists():  # which test comes through which function is measured anew
        stats = json.loads(_STATS.read_text(encoding="utf-8"))
        stats |= {"tests_by_mangled_function_name": {}, "duration_by_test": {}}
        _STATS.write_text(json.dumps(stats), encoding="utf-8")
    _TESTS_TRIED.write_text(tests, encoding="utf-8")


def _tests() -> str:
    files = sorted(path for name in ("unit", "stories", "support") for path in Path("tests", name).rglob("*.*"))
    said = hashlib.sha256()
    for path in files:
        if path.suffix in {".py", ".txt"}:
            said.update(path.read_bytes())
    return said.hexdigest()
