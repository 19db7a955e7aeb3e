"""A channel is one folder, and each has what the next one is copied from: see CONTRIBUTING.md."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType

import pytest

from events.channel import CHANNELS
from services.notifier.channels import choice
from services.runtime.settings import documented

ROOT = Path(__file__).parents[2]
CHANNEL_ROOM = ROOT / "services" / "notifier" / "channels"
WORDS = (ROOT / "services" / "notifier" / "templates", ROOT / "services" / "runtime" / "spoken" / "templates", ROOT)
FOLDERS = sorted(folder.name for folder in CHANNEL_ROOM.iterdir() if folder.is_dir() and folder.name != "__pycache__")
FILE = re.compile(r"[\w./{}-]+\.(?:j2|yaml|py)")


def card(folder: str) -> dict[str, str]:
    """Return what a folder's own page says of it, by the word before the colon."""
    text = ast.get_docstring(ast.parse((CHANNEL_ROOM / folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    return {name: said for name, _, said in (line.partition(": ") for line in text.splitlines()) if said}


def module(folder: str) -> ModuleType:
    return importlib.import_module(f"services.notifier.channels.{folder}.channel")


def channel(folder: str) -> type:
    """Return the folder's one channel: the class that hands over and looks up."""
    found = [
        each
        for _, each in inspect.getmembers(module(folder), inspect.isclass)
        if each.__module__ == module(folder).__name__ and hasattr(each, "send") and hasattr(each, "find")
    ]
    assert len(found) == 1, f"{folder}/channel.py has {len(found)} channels"
    return found[0]


def test_there_are_channels_for_every_kind_of_contact() -> None:
    """The walk below sees them all, and no kind of the language is left without a folder."""
    named = {getattr(channel(folder), "name", None) for folder in FOLDERS}
    assert set(CHANNELS) <= named
    assert len(FOLDERS) >= 7


@pytest.mark.parametrize("folder", FOLDERS)
def test_channel_does_what_a_channel_does(folder: str) -> None:
    """It sends, looks up and closes, without blocking; it names its provider and how much it takes at once."""
    found = channel(folder)
    for verb in ("send", "find", "close"):
        assert inspect.iscoroutinefunction(getattr(found, verb)), verb
    assert isinstance(found.provider, str)  # type: ignore[attr-defined]
    assert found.limit > 0  # type: ignore[attr-defined]
    assert found.__doc__


def test_every_provider_has_a_name_of_its_own() -> None:
    """Delivery records, rates and routes know it by that."""
    names = [channel(folder).provider for folder in FOLDERS]  # type: ignore[attr-defined]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("folder", FOLDERS)
def test_channel_is_chosen_by_settings_that_are_documented(folder: str) -> None:
    """A folder that nobody can switch on is dead."""
    settings = {variable for variable, _, _ in documented()}
    asked_for = re.findall(r"TOCSIN_\w+", card(folder)["Settings"])
    assert set(asked_for) <= settings
    assert asked_for or card(folder)["Settings"].startswith("none: ")
    assert f"from services.notifier.channels.{folder}.channel import" in inspect.getsource(choice)


@pytest.mark.parametrize("folder", FOLDERS)
def test_channel_says_where_its_errors_are_or_why_it_has_none(folder: str) -> None:
    """The table of what each refusal leads to is data beside it."""
    said = card(folder)["Errors"]
    if (CHANNEL_ROOM / folder / "errors.py").exists():
        assert said == "errors.py"
    else:
        assert said.startswith("none of its own: ")


@pytest.mark.parametrize("folder", FOLDERS)
def test_channel_says_whose_words_it_brings_in_every_language(folder: str) -> None:
    """Files that exist, for Chinese and for English."""
    said = card(folder)["Words"]
    files = [file.replace("{language}", language) for file in FILE.findall(said) for language in ("zh", "en")]
    assert files or said.startswith("those of ")
    for file in files:
        assert any((room / file).is_file() for room in WORDS), file


@pytest.mark.parametrize("folder", FOLDERS)
def test_channel_is_tested_by_the_file_that_it_names(folder: str) -> None:
    """Which imports it, and so breaks with it."""
    file = ROOT / card(folder)["Tests"]
    assert f"services.notifier.channels.{folder}" in file.read_text(encoding="utf-8")
    assert "async def test_" in file.read_text(encoding="utf-8")


def test_contributing_names_files_that_exist() -> None:
    """A guide to files that have moved misleads."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:services|tests|events|escalation_policies|docs|deploy|contracts)/[\w./-]+)`", text))
    assert len(named) > 20
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
