"""How many segments an SMS of each message aims at, and how many it never exceeds (``templates/limits.yaml``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

_FILE = Path(__file__).parent / "templates" / "limits.yaml"


@dataclass(frozen=True, slots=True)
class Limit:
    """Segments, each from 1: ``aim`` for names as people use them, ``most`` for any."""

    aim: int
    most: int


def limit_of(template: str, language: str) -> Limit:
    """Return what an SMS of a message may become.

    Raises:
        KeyError: there is no such message, or no such language: every one must have its line in the file.
    """
    return limits()[template][language]


@cache
def limits() -> Mapping[str, Mapping[str, Limit]]:
    """Return every limit, by message and language. Read once: call it before the first message waits for it."""
    found = YAML(typ="safe").load(_FILE)
    return {template: {language: Limit(*pair) for language, pair in each.items()} for template, each in found.items()}
