"""The picture of a timeline: readable without colour, by a screen reader, and the same bytes each time."""

import itertools
import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest

from escalation_policies.loader import load_library
from escalation_policies.schema import Policy
from escalation_policies.simulation import Answer, Scene, simulate, usual_span
from escalation_policies.timeline_picture import draw
from escalation_policies.timeline_scale import APART, Scale

SVG = "{http://www.w3.org/2000/svg}"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def picture(kind: str = "fire", span: timedelta = 120 * MINUTE, *answers: Answer, **scene: object) -> ET.Element:
    policy = load_library().for_kind(kind)
    return ET.fromstring(draw(simulate(Scene(policy, "IV", span, answers=answers, **scene))))  # type: ignore[arg-type]


def texts(root: ET.Element) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def titles(root: ET.Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}title")]


@pytest.mark.parametrize("policy", load_library().policies, ids=lambda policy: policy.id)
def test_same_timeline_is_the_same_bytes(policy: Policy) -> None:
    """A picture in the docs changes only when what it shows does."""
    scene = Scene(policy, policy.default_severity, usual_span(policy))
    assert draw(simulate(scene)) == draw(simulate(scene))


def test_each_level_is_a_lane_with_its_clocks() -> None:
    """Levels by name, and the bars of their clocks."""
    said = texts(picture())
    assert [text for text in said if text in {"principal", "district", "government_and_bureau"}] == [
        "principal",
        "district",
        "government_and_bureau",
    ]
    assert said.count("upward_receipt") == 2
    assert {"report_to_principal", "report_upward", "follow_up"} <= set(said)


def test_picture_has_a_text_alternative_that_tells_everything() -> None:
    """Who cannot see it hears the same: who is told, how, when and why."""
    root = picture()
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    described = root.find(f"{SVG}desc")
    assert described is not None
    assert "15m: district_director told by sms and email: principal not reached by the deadline." in (
        described.text or ""
    )


def test_deadlines_reminders_and_answers_are_marks_with_words() -> None:
    """Each mark says what it stands for."""
    said = titles(picture("fire", 120 * MINUTE, Answer("principal", 12 * MINUTE)))
    assert any(title.startswith("5m: principal, school_leader, deputy_principal told by") for title in said)
    assert "12m: principal: responsibility accepted" in said
    assert "12m: acknowledged in time" in said
    assert any(title.startswith("32m: not answered within 20m") for title in said)


def test_picture_fetches_nothing_and_needs_no_colour() -> None:
    """No font, script or style from outside; every colour is a grey."""
    text = draw(simulate(Scene(load_library().for_kind("petition"), "IV", 20 * DAY)))
    assert not re.search(r"href|url\(|@import|<script|<style", text)
    for colour in re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', text):
        digits = colour[1:]
        pairs = {digits[n : n + len(digits) // 3] for n in range(0, len(digits), len(digits) // 3)}
        assert len(pairs) == 1, colour


def test_words_of_a_policy_are_escaped() -> None:
    """A level may be called anything."""
    policy = load_library().for_kind("fire")
    level = policy.chain[1].model_copy(update={"level": '<district & "co">'})
    policy = policy.model_copy(update={"chain": (policy.chain[0], level, policy.chain[2])})
    root = ET.fromstring(draw(simulate(Scene(policy, "IV", 30 * MINUTE))))
    assert '<district & "co">' in texts(root)


def test_five_minutes_and_sixty_days_are_both_readable() -> None:
    """Labelled moments keep their distance, and their order."""
    moments = [5 * MINUTE, 7 * MINUTE, 15 * MINUTE, 1 * DAY, 15 * DAY, 60 * DAY]
    scale = Scale(90 * DAY, 15 * MINUTE, moments)
    places = [scale.at(moment) for moment in (timedelta(0), *moments, 90 * DAY)]
    assert all(after - before >= APART - 0.001 for before, after in itertools.pairwise(places))
    assert places[-1] == scale.length < 1_200


def test_moments_between_labels_stay_between_them() -> None:
    """The axis never turns back."""
    scale = Scale(DAY, MINUTE, [MINUTE, 2 * MINUTE, 3 * MINUTE, 4 * MINUTE])
    places = [scale.at(MINUTE * number) for number in range(0, 1441, 7)]
    assert places == sorted(places)
    assert len(set(places)) == len(places)
