"""What each kind of incident or petition is called, in writing and aloud, and of which nothing more is written."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

_FILE = Path(__file__).with_name("kinds.yaml")


def kind_name(kind: str, language: str) -> str:
    """Return the name of a kind; one that has none is shown as the policy names it."""
    return kinds().get(kind, {}).get(language, kind)


def is_sealed(kind: str) -> bool:
    """Return whether messages about incidents of a kind keep what was told to themselves: it may name a child."""
    return kind in _file()["sealed"]


def kinds() -> Mapping[str, Mapping[str, str]]:
    """Return every name, by kind and language. Read once: call it before the first message waits for it."""
    found: Mapping[str, Mapping[str, str]] = _file()["names"]
    return found


@cache
def _file() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found: Mapping[str, Mapping[str, Mapping[str, str]]] = YAML(typ="safe").load(_FILE)
    return found
