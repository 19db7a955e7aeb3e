"""Whole lives of cases, told word for word: every entry, every message, and how it stands in the end."""

import pytest

from escalation_policies.machine import replay
from tests.stories.all_stories import STORIES, TOLD
from tests.stories.text import told


@pytest.mark.parametrize("name", sorted(STORIES))
def test_story_is_told_word_for_word_and_replays_from_its_journal(name: str) -> None:
    """Who hears what, when and why is written down and read by people; the journal alone tells the same again."""
    scenario = STORIES[name]()
    assert told(scenario) == (TOLD / f"{name}.txt").read_text(encoding="utf-8"), "read it; if it is right: make stories"
    written = [decision for decision in scenario.decisions if decision.effects]
    assert replay(scenario.entries) == written


def test_no_text_lies_about_that_no_story_tells() -> None:
    """What is not played any more is not promised any more."""
    assert {text.stem for text in TOLD.glob("*.txt")} == set(STORIES)
