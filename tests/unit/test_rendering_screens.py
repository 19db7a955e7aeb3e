"""The words for other people's screens, a program's or a group's chat: those of an SMS, and nothing cut."""

from itertools import product
from typing import get_args

import pytest

from events.notification import Template
from services.notifier.rendering import render
from tests.support.notices import requested

EVERY = tuple(product(get_args(Template), ("zh", "en"), ("webhook", "chat")))
LONG = "教学楼东侧三层走廊尽头靠近操场一侧的化学实验准备室以及相邻的仪器室和储藏间" * 3


@pytest.mark.parametrize(("template", "language", "channel"), EVERY)
def test_screen_shows_place_and_code_whole_and_no_narrative(template: str, language: str, channel: str) -> None:
    """Room is no reason to cut here, and a screen is no place for a child's name."""
    text = render(
        requested(template=template, language=language, channel=channel, place=LONG, summary="张小明", exercise=True)
    ).text
    assert LONG in text or template == "reachability_test"  # which happens nowhere
    assert "K7Q2MX" in text
    assert text.startswith("【演练】" if language == "zh" else "EXERCISE")
    assert "张小明" not in text
