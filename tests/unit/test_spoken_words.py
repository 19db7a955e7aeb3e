"""What calls say: every message in both languages, what is needed in each, and nothing that must not be heard."""

from datetime import timedelta
from typing import get_args

import pytest

from events.notification import Template
from services.runtime.spoken.saying import spelled
from services.runtime.spoken.words import CALL_FIRST, LANGUAGES, speech
from tests.support.notices import START, requested

TEMPLATES = get_args(Template)
SECRETS = {"summary": "学生张小明手部烧伤", "note": "家长王某电话13800000000"}


@pytest.mark.parametrize("severity", ["I", "II", "III", "IV"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_call_says_what_where_and_until_when_and_never_what_was_told(
    template: Template, language: str, severity: str
) -> None:
    """Kind, school, place and deadline, one sentence after the other; no summary, no note."""
    said = speech(requested(template=template, language=language, severity=severity, channel="voice", **SECRETS))
    assert "阳光县第一中心小学" in said
    assert "三楼化学实验室" in said
    assert ("14点35分前" if language == "zh" else "by 14:35") in said
    assert "张小明" not in said
    assert "王某" not in said
    assert "K 7 Q" not in said
    assert said.endswith(("。", "."))
    assert "。。" not in said
    assert "None" not in said


@pytest.mark.parametrize("template", TEMPLATES)
def test_emergency_numbers_come_first_where_help_may_not_have_come(template: Template) -> None:
    """ "Call 110/119/120 first" is the first thing said of an alert, and of nothing else; digit by digit."""
    chinese = speech(requested(template=template, channel="voice"))
    english = speech(requested(template=template, language="en", channel="voice"))
    assert chinese.startswith("如有伤亡或危险，请先拨打幺幺零、幺幺九或幺二零。") == (template in CALL_FIRST)
    assert english.startswith("If anybody is hurt or in danger, first call 1 1 0, 1 1 9 or 1 2 0.") == (
        template in CALL_FIRST
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_drill_is_called_one_before_anything_else(template: Template) -> None:
    """Nobody runs for a drill's fire."""
    assert speech(requested(template=template, exercise=True, channel="voice")).startswith("演练。这是演练。")
    english = speech(requested(template=template, language="en", exercise=True, channel="voice"))
    assert english.startswith("Exercise. This is an exercise.")


def test_petition_is_told_in_a_petitions_words_even_under_an_incidents_name() -> None:
    """Its number is said digit by digit; its grade and what is in it are not said."""
    said = speech(requested(template="incident_alert", family="petition", kind="petition-fees", receipt="4821-0937"))
    assert "教育收费信访。回执号4 8 2 1, 0 9 3 7。" in said
    assert "较大" not in said
    assert "幺幺零" not in said


def test_code_is_said_sign_by_sign_where_no_key_can_be_pressed() -> None:
    """For the local outbox, and a call that nobody can answer."""
    assert "确认码，K 7 Q 2 M X。" in speech(requested(channel="voice"), with_code=True)
    assert spelled("4821 09-37") == "4 8 2 1, 0 9, 3 7"


def test_deadline_of_another_day_names_the_day() -> None:
    """In the recipient's own time zone, midnight included."""
    night = START + timedelta(hours=9, minutes=45)
    assert "3月3日0点05分前" in speech(requested(deadline=night, channel="voice"))
    assert "by 3 March, 00:05" in speech(requested(deadline=night, language="en", channel="voice"))
    assert "3 March, 00:05" in speech(requested(deadline=night, language="en", timezone="Nowhere/Land"))


def test_message_without_a_deadline_or_place_says_now() -> None:
    """Nothing is made up, and nothing is left hanging."""
    said = speech(requested(deadline=None, place=None, channel="voice"))
    assert said.endswith("阳光县第一中心小学。请尽快确认。")


def test_endless_name_does_not_swallow_the_call() -> None:
    """Sixty characters of it are enough to know it by."""
    said = speech(requested(school_name="很" * 500, place="长\n" * 500, channel="voice"))
    assert len(said) < 250
    assert "14点35分前" in said
